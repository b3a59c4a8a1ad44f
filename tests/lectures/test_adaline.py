"""ADALINE: steps worked by hand, the deck's numbers, closed forms of convergence, divergence and calibration."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.lectures.history.adaline import model
from nnjax.lectures.history.learning_rule import Examples, cycle, examples, present
from nnjax.nn.calibration import calibration_error

AND = [[-1, -1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, 1]], [-1, -1, -1, 1]


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def one(x, target):
    return Examples(jnp.asarray(x, float), jnp.asarray(target, float))


def after(rule, weights, pattern):
    return rule.step(rule.init(weights), pattern)[0]


def test_steps_worked_by_hand():
    """w = (1, 0), x = (1, 2), t = 4: s = 1, ε = 3, ‖x‖² = 5, N = 2."""
    pattern = one([1, 2], 4)
    np.testing.assert_allclose(after(model.alpha_lms(0.5), [1, 0], pattern), [1.3, 0.6])  # + .5·3/5·(1, 2)
    np.testing.assert_allclose(after(model.mu_lms(0.1), [1, 0], pattern), [1.6, 1.2])  # + .2·3·(1, 2)
    np.testing.assert_allclose(after(model.slides_rule(), [1, 0], pattern), [2.5, 3.0])  # + 3/2·(1, 2)
    _, info = model.mu_lms(0.1).step(jnp.array([1.0, 0.0]), pattern)
    assert info.error == 3
    np.testing.assert_array_equal(info.weights, [1, 0])


@pytest.mark.parametrize("alpha", [0.1, 1.0, 1.7])
def test_the_error_of_alpha_lms_shrinks_by_one_minus_alpha(alpha):
    rule, pattern = model.alpha_lms(alpha), one([[0.3, -2.0, 1.0]], [1])
    errors = present(rule, rule.init([0.2, 0.1, -3.0]), cycle(pattern, 6))[1].error
    np.testing.assert_allclose(errors[1:], (1 - alpha) * errors[:-1], atol=1e-12)


def test_a_pattern_of_zeros_changes_nothing():
    np.testing.assert_array_equal(after(model.alpha_lms(1.0), [1, 2], one([0, 0], 1)), [1, 2])


def test_the_deck_s_rule_is_alpha_lms_with_alpha_one_for_signs():
    x = np.random.default_rng(0).choice([-1.0, 1.0], size=16)
    start = np.linspace(-1, 1, 16)
    moved = after(model.slides_rule(), start, one(x, 1))
    np.testing.assert_allclose(moved, after(model.alpha_lms(1.0), start, one(x, 1)), rtol=1e-14)
    assert float(model.sums(moved, x)) == pytest.approx(1.0)


def test_the_deck_s_residue():
    """DECK.md section 3: with inputs 0 and 1, k/N = 7/16, the error .4587 becomes .2580."""
    x = (np.arange(16) < 7).astype(float)
    moved = after(model.slides_rule(), np.zeros(16), one(x, 0.4587))
    assert 0.4587 - float(model.sums(moved, x)) == pytest.approx(0.2580, abs=5e-5)


def test_least_squares_of_and():
    """By hand: the targets' means with each input are 1/2, 1/2 and −1/2, and R is the identity."""
    data = examples(*AND)
    np.testing.assert_allclose(model.least_squares(data), [0.5, 0.5, -0.5], rtol=1e-12)
    assert model.largest_mu(data.x) == pytest.approx((1 / 3, 1.0))


def test_mu_lms_goes_to_least_squares_in_the_mean_with_the_misadjustment_of_the_closed_form():
    """Many seeds and two rates in one program; the excess error at μ trace R = .1 is about a tenth (Widrow)."""
    draw = np.random.default_rng(1)
    teacher, noise = np.array([0.5, -1.0, 0.25, 0.75]), 0.5
    x = draw.choice([-1.0, 1.0], size=(400, 600, 4))
    seeds = one(x, x @ teacher + noise * draw.normal(size=(400, 600)))
    mus = np.array([0.1, 0.5]) / 4

    def run(mu, data):
        rule = model.mu_lms(mu)
        return present(rule, rule.init(np.zeros(4)), data)[1].weights

    weights = np.asarray(jax.jit(jax.vmap(jax.vmap(run, (None, 0)), (0, None)))(mus, seeds))[:, :, 300:]
    np.testing.assert_allclose(weights.mean((1, 2)), [teacher] * 2, atol=0.01)
    excess = ((weights - teacher) ** 2).sum(-1).mean((1, 2)) / noise**2
    np.testing.assert_allclose(excess, [1 / 9, 1.0], rtol=0.03)  # μN / (1 − μN)
    np.testing.assert_allclose([model.misadjustment(mu, 4) for mu in mus], [1 / 9, 1.0])


@pytest.mark.parametrize(("share", "grows"), [(0.97, False), (1.03, True)])
def test_the_bounds_divide_converging_from_diverging(share, grows):
    """1 / trace R pattern by pattern where all have one length, 1 / λmax for their mean; no noise."""
    x = np.random.default_rng(2).choice([-1.0, 1.0], size=(2000, 5))
    data = one(x, x[:, 0])
    stepwise, _ = model.largest_mu(x)
    assert stepwise == pytest.approx(1 / 5)
    rule = model.mu_lms(share * stepwise)
    errors = present(rule, rule.init(np.zeros(5)), data)[1].error
    assert (np.abs(errors[-100:]).mean() > 1) == grows
    stretched = one([[0, 0, 1], [0, 1, 1], [3, 0, 1], [3, 1, 1]], [-1, -1, -1, 1])
    _, whole = model.largest_mu(stretched.x)
    rule = model.steepest_descent(share * whole)
    again = jax.tree.map(lambda array: array[None], stretched)
    errors = present(rule, rule.init(np.zeros(3)), cycle(again, 500))[1].error
    assert ((errors[-1] ** 2).mean() > 1) == grows


def test_steepest_descent_is_the_mean_of_mu_lms():
    data, start = examples(*AND), jnp.array([0.3, -0.2, 0.9])
    steps = jax.vmap(model.mu_lms(0.05).step, (None, 0))(start, data)[0]
    np.testing.assert_allclose(after(model.steepest_descent(0.05), start, data), steps.mean(0), rtol=1e-12)


def test_the_sigmoid_s_step_follows_the_gradient():
    pattern, start, mu = one([0.5, -1.0, 1.0], -1), jnp.array([0.3, -0.2, 0.1]), 0.07
    gradient = jax.grad(lambda w: (pattern.targets - jnp.tanh(w @ pattern.x)) ** 2)(start)
    np.testing.assert_allclose(after(model.sigmoid_adaline(mu), start, pattern), start - mu * gradient, rtol=1e-12)


def test_the_sigmoid_finds_the_probability():
    """Bayes's rule for clouds at ±m of variance 1, shares π and 1 − π: tanh(m·x + ½ log(π / (1 − π)))."""
    draw = np.random.default_rng(3)
    means, prior, size = np.array([0.8, -0.4]), 0.3, 60_000
    target = np.where(draw.random(size) < prior, 1.0, -1.0)
    x = np.c_[target[:, None] * means + draw.normal(size=(size, 2)), np.ones(size)]
    rule = model.sigmoid_adaline(0.001)
    run = jax.jit(lambda data: present(rule, rule.init(np.zeros(3)), data)[0])
    weights = run(examples(x, target))
    np.testing.assert_allclose(weights, [*means, 0.5 * np.log(3 / 7)], atol=0.06)
    probabilities = model.probability(weights, x)
    linear = np.clip((1 + x @ model.least_squares(one(x, target))) / 2, 0, 1)
    assert calibration_error(probabilities, target > 0) < 0.02
    assert calibration_error(linear, target > 0) > 0.05


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: model.alpha_lms(2.0), r"alpha = 2.0 is outside \(0, 2\)"),
        (lambda: model.alpha_lms(0.0), r"alpha = 0.0 is outside \(0, 2\)"),
        (lambda: model.alpha_lms(float("nan")), "alpha = nan is outside"),
        (lambda: model.mu_lms(-0.1), "mu = -0.1 is not a positive number"),
        (lambda: model.steepest_descent(0.0), "mu = 0.0 is not a positive number"),
        (lambda: model.sigmoid_adaline(float("inf")), "mu = inf is not a positive number"),
        (lambda: examples([[0, 1]], [0]), "Targets of −1 and [+]1 were expected, but they have 0"),
        (lambda: examples([[0, 1]], [1, 1]), r"the shapes are \(1, 2\) and \(2,\)"),
        (lambda: examples([0, 1], [1, 1]), r"inputs \[n, d\] and targets \[n\], but the shapes are \(2,\)"),
        (lambda: examples([[0, float("nan")]], [1]), "not finite"),
        (lambda: model.mu_lms(0.1).step(jnp.zeros(3), one([1, 2], 1)), r"Weights of shape \(3,\) do not fit"),
    ],
)
def test_mistakes_are_told(wrong, message):
    with pytest.raises(UserError, match=message):
        wrong()
