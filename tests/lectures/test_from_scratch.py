"""The from-scratch example: DECK.md's golden outputs (section 3), the notebook's slip, and the check that finds it."""

import jax
import numpy as np
import pytest

from nnjax.lectures.history.backprop import from_scratch
from nnjax.lectures.history.backprop.model import gradient, gradient_errors


@pytest.mark.parametrize(
    ("mlp", "rule", "golden"),
    [
        (from_scratch.ONE_LAYER, gradient, [0.01254551, 0.98977455, 0.99169035, 0.0101995]),
        (from_scratch.TWO_LAYERS, gradient, [0.00679615, 0.99365014, 0.9944123, 0.00600725]),
        (
            from_scratch.TWO_LAYERS,
            from_scratch.notebook_gradient,
            [0.29681241, 0.83799922, 0.83961019, 0.29549488],
        ),
    ],
    ids=["one layer", "two layers", "the notebook's slip"],
)
def test_the_golden_outputs(mlp, rule, golden):
    """To all digits that numpy prints."""
    _, outputs = from_scratch.train(mlp, rule)
    assert outputs.shape == (6000, 4)
    np.testing.assert_allclose(outputs[-1], golden, rtol=0, atol=5.1e-9)


def test_finite_differences_find_the_slip():
    mlp = from_scratch.TWO_LAYERS
    net = from_scratch.initial_weights(mlp)
    with jax.enable_x64(True):
        right, wrong = (
            gradient_errors(
                mlp, net, from_scratch.X, from_scratch.TARGETS, rule(mlp, net, from_scratch.X, from_scratch.TARGETS)
            )
            for rule in (gradient, from_scratch.notebook_gradient)
        )
    assert max(right) < 1e-7
    assert wrong[0] < 1e-7
    assert wrong[1] > 0.5
