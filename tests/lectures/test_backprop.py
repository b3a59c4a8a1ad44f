"""Backpropagation by hand: against autodiff and finite differences, one update worked on paper, and bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.lectures.history.backprop import model
from nnjax.lectures.history.backprop.model import MLP, Layer
from nnjax.lectures.history.learning_rule import present


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def example(mlp, n=5, seed=0):
    random = np.random.default_rng(seed)
    net = model.shaped(mlp, random.normal(size=model.num_weights(mlp)))
    return net, random.normal(size=(n, mlp.widths[0])), random.uniform(size=(n, mlp.widths[-1]))


NETS = [
    MLP((2, 4, 3), hidden="relu", output="tanh"),
    MLP((3, 5, 4, 2), hidden="tanh", output="linear"),
    MLP((4, 6, 5, 3, 2), hidden="relu"),
    MLP((3, 4, 4, 2), cost="cross_entropy"),
]


@pytest.mark.parametrize("mlp", NETS, ids=str)
def test_the_gradient_equals_autodiff_and_finite_differences(mlp):
    net, x, targets = example(mlp)
    found = jax.jit(lambda weights: model.gradient(mlp, weights, x, targets))(net)
    true = jax.jit(jax.grad(lambda weights: model.cost(mlp, weights, x, targets)))(net)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13), found, true)
    assert max(model.gradient_errors(mlp, net, x, targets, found)) < 1e-7


def test_feed_forward_is_the_formula_written_in_numpy():
    mlp = MLP((3, 4, 2), hidden="tanh")
    net, x, targets = example(mlp)
    hidden = np.tanh(x @ net[0].weights + net[0].bias)
    y = 1 / (1 + np.exp(-(hidden @ net[1].weights + net[1].bias)))
    outputs = model.feed_forward(mlp, net, x)
    for there, here in zip(outputs, (x, hidden, y), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-13)
    assert float(model.cost(mlp, net, x, targets)) == pytest.approx(0.5 * ((y - targets) ** 2).sum())
    entropy = -(targets * np.log(y) + (1 - targets) * np.log(1 - y)).sum()
    assert float(model.cost(MLP((3, 4, 2), "tanh", cost="cross_entropy"), net, x, targets)) == pytest.approx(entropy)


def test_two_steps_of_momentum_by_hand():
    """A linear unit y = 2x + 1 at x = 3 with target 5: error 2, so ∂E/∂w = 6 and ∂E/∂b = 2; ε = .1, α = .5.

    Δ = (-.6, -.2), w = (1.4, .8), error 0; then ∂E = 0 and Δ = (-.3, -.1). With decay .25 the weight shrinks first.
    """
    mlp, x, targets = MLP((1, 1), output="linear"), jnp.array([[3.0]]), jnp.array([[5.0]])
    net = (Layer(jnp.array([[2.0]]), jnp.array([1.0])),)
    twice = tuple(jnp.stack([array] * 2) for array in (x, targets))
    rule = model.momentum(mlp, 0.1, 0.5)
    state, sweep = present(rule, rule.init(net), twice)
    np.testing.assert_allclose(sweep.cost, [2.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(sweep.outputs[:, 0, 0], [7.0, 5.0])
    np.testing.assert_allclose([state.net[0].weights[0, 0], state.net[0].bias[0]], [1.1, 0.7])
    np.testing.assert_allclose([state.change[0].weights[0, 0], state.change[0].bias[0]], [-0.3, -0.1])
    rule = model.momentum(mlp, 0.1, 0.5, decay=0.25)
    state, _ = rule.step(rule.init(net), (x, targets))
    np.testing.assert_allclose([state.net[0].weights[0, 0], state.net[0].bias[0]], [1.5 - 0.6, 0.8])


def test_the_rule_vmaps_over_rates_and_nets():
    mlp = MLP((2, 3, 1))
    starts = [example(mlp, seed=seed)[0] for seed in range(3)]
    _, x, targets = example(mlp)
    shown = tuple(np.stack([array] * 4) for array in (x, targets))

    def last(net, rate):
        rule = model.momentum(mlp, rate, 0.9)
        return present(rule, rule.init(net), shown)[1].cost[-1]

    together = jax.jit(jax.vmap(last))(jax.tree.map(lambda *a: np.stack(a), *starts), np.array([0.1, 0.2, 0.3]))
    single = jax.jit(last)
    alone = [single(net, rate) for net, rate in zip(starts, (0.1, 0.2, 0.3), strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_first_weights_fill_their_range():
    mlp = MLP((50, 40, 30))
    net = model.uniform(mlp, jax.random.key(0), 0.3)
    assert [(a.weights.shape, a.bias.shape) for a in net] == [((50, 40), (40,)), ((40, 30), (30,))]
    values = np.concatenate([np.ravel(a) for a in jax.tree.leaves(net)])
    assert len(values) == model.num_weights(mlp) == 50 * 40 + 40 + 40 * 30 + 30
    assert len(np.unique(values)) == len(values)
    assert (values.min(), values.max()) == pytest.approx((-0.3, 0.3), abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": (3,)}, r"The widths \(3,\) make no network"),
        ({"widths": (3, 0, 1)}, "make no network"),
        ({"widths": (2, 1), "hidden": "step"}, "There is no activation 'step'; .* sigmoid, tanh, relu, linear"),
        ({"widths": (2, 1), "output": "softmax"}, "There is no activation 'softmax'"),
        ({"widths": (2, 1), "cost": "mse"}, "There is no cost 'mse'; .* squares, cross_entropy"),
        ({"widths": (2, 1), "output": "tanh", "cost": "cross_entropy"}, "needs sigmoid outputs, but they are tanh"),
    ],
)
def test_a_network_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        MLP(**arguments)


def test_shapes_that_do_not_fit_are_refused():
    mlp = MLP((3, 4, 2))
    net, x, targets = example(mlp)
    for wrong in (x[:, :2], x[0]):
        with pytest.raises(UserError, match=r"The inputs must be \[n, 3\], but are"):
            model.gradient(mlp, net, wrong, targets)
    for function in (model.gradient, model.cost):
        with pytest.raises(UserError, match=r"The targets must be \[5, 2\] as the outputs are, but are \[5, 1\]"):
            function(mlp, net, x, targets[:, :1])
    with pytest.raises(UserError, match=r"do not make widths \(3, 4, 2\)"):
        model.feed_forward(mlp, net[:1], x)


def test_targets_that_the_output_never_reaches_are_refused():
    x = np.zeros((2, 3))
    for output, targets in (("sigmoid", [[0.0], [1.5]]), ("sigmoid", [[-1.0], [1.0]]), ("tanh", [[0.0], [2.0]])):
        with pytest.raises(UserError, match=f"The targets span .* but {output} outputs lie between"):
            model.check_examples(MLP((3, 1), output=output), x, np.array(targets))
    with pytest.raises(UserError, match="relu outputs lie between 0 and inf"):
        model.check_examples(MLP((3, 1), output="relu"), x, np.array([[-0.1], [1.0]]))
    model.check_examples(MLP((3, 1), output="linear"), x, np.array([[-9.0], [9.0]]))
    with pytest.raises(UserError, match=r"The targets must be \[2, 1\], but are \[2\]"):
        model.check_examples(MLP((3, 1)), x, np.zeros(2))
    with pytest.raises(UserError, match=r"The inputs must be \[n, 3\], but are \[2, 4\]"):
        model.check_examples(MLP((3, 1)), np.zeros((2, 4)), np.zeros((2, 1)))
    with pytest.raises(UserError, match="not a number"):
        model.check_examples(MLP((3, 1)), x, np.array([[np.nan], [1.0]]))
