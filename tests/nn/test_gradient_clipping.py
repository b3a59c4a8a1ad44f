"""Clipping of gradients, worked by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax.nn.gradient_clipping import CLIPS
from nnjax.nn.optimizers import make_optimizer

GRADS = {"a": np.array([3.0, -4.0], np.float32), "b": np.array([[0.6], [0.8]], np.float32)}  # of norms 5 and 1


@pytest.mark.parametrize(
    ("name", "limit", "truth"),
    [
        ("clip_norm", 2.0, {"a": [6 / 26**0.5, -8 / 26**0.5], "b": [[1.2 / 26**0.5], [1.6 / 26**0.5]]}),
        ("clip_norm_each", 2.0, {"a": [1.2, -1.6], "b": [[0.6], [0.8]]}),
        ("clip_norm_each", 0.5, {"a": [0.3, -0.4], "b": [[0.3], [0.4]]}),
        ("clip_value", 0.7, {"a": [0.7, -0.7], "b": [[0.6], [0.7]]}),
    ],
)
def test_a_step_of_sgd(name, limit, truth):
    hyper = {"learning_rate": jnp.float32(1), name: jnp.float32(limit)}
    sgd = make_optimizer("sgd", "optax", hyper, lambda step: hyper["learning_rate"])
    updates, _ = sgd.update(GRADS, sgd.init(GRADS), GRADS)
    for leaf, expected in truth.items():
        np.testing.assert_allclose(updates[leaf], -np.array(expected), rtol=1e-6)


def test_a_gradient_of_zero_stays():
    clip = CLIPS["clip_norm_each"](jnp.float32(1))
    updates, _ = clip.update({"a": jnp.zeros(3)}, clip.init(None))
    np.testing.assert_array_equal(updates["a"], np.zeros(3))


@pytest.mark.parametrize("name", CLIPS)
def test_a_limit_of_zero_is_refused(name):
    hyper = nnjax.Hyperparameters(**{name: 0.0})
    with pytest.raises(nnjax.UserError, match=f"hyperparameters.{name} is 0.0, but a finite number, above 0"):
        nnjax.sweep(nnjax.Experiment(data=nnjax.DataConfig("iris"), hyperparameters=hyper))
