"""Descent of a line: the deck's numbers, the gradient against finite differences, the closed form, divergence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.lectures.history.descent import model
from nnjax.lectures.history.learning_rule import present


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def test_the_deck_s_numbers():
    """DECK.md section 3: 161 points, the closed form (21, 10), the largest rate .006971, 1.0 when standardized."""
    line = model.slides_line()
    assert len(line.x) == 161
    assert (line.x[0], line.x[-1]) == (3.0, 19.0)
    np.testing.assert_allclose(model.least_squares(line), (21, 10), rtol=1e-10)
    assert model.largest_rate(line) == pytest.approx(0.006971, abs=5e-7)
    assert model.largest_rate(model.standardized(line)) == pytest.approx(1.0, rel=1e-12)


def test_the_gradient_is_that_of_the_loss():
    line, weights, step = model.slides_line(), np.array([3.0, -2.0]), 1e-6
    moved = [weights + sign * step * np.eye(2)[i] for i in (0, 1) for sign in (1, -1)]
    up_slope, down_slope, up_intercept, down_intercept = (float(model.loss(line, w)) for w in moved)
    differences = np.array([up_slope - down_slope, up_intercept - down_intercept]) / (2 * step)
    np.testing.assert_allclose(model.gradient(line, jnp.asarray(weights)), differences, rtol=1e-7)


@pytest.mark.parametrize("points", [model.slides_line(), model.standardized(model.slides_line())])
def test_the_largest_rate_divides_converging_from_diverging(points):
    """The error along the steepest direction shrinks by a fixed factor below it, and grows above it."""
    line, best = model.Line(*map(jnp.asarray, points)), model.least_squares(points)
    for factor, grows in ((0.98, False), (1.02, True)):
        rule = model.descent(line, factor * model.largest_rate(points))
        _, (losses, weights) = present(rule, rule.init(best + np.array([1.0, 0.0])), jnp.arange(300))
        assert (losses[-1] > losses[0]) == grows
        assert weights.shape == (300, 2)


def test_many_rates_in_one_program():
    line = model.Line(*map(jnp.asarray, model.standardized(model.slides_line())))

    def last(rate):
        rule = model.descent(line, rate)
        return present(rule, rule.init([0.0, 0.0]), jnp.arange(200))[0]

    together = jax.vmap(last)(jnp.array([0.1, 0.5]))
    mean = float(np.mean(line.y))
    np.testing.assert_allclose(together, [[21 * float(np.std(model.slides_line().x)), mean]] * 2, rtol=1e-9)


def test_the_surface_is_lowest_at_the_line():
    values, losses = model.surface(model.slides_line())
    intercept, slope = np.unravel_index(losses.argmin(), losses.shape)
    assert (values[slope], values[intercept]) == (21.0, 10.0)
    assert losses.min() == pytest.approx(0.0, abs=1e-20)


def test_a_line_needs_two_points():
    with pytest.raises(UserError, match="two different x"):
        model.least_squares(model.Line(np.ones(3), np.arange(3.0)))
