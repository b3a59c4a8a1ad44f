"""What a layer does: collapse exactly, small changes by hand, linear pieces against closed forms and sampling."""

import itertools

import jax
import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.lectures.history.backprop.model import MLP, Layer, feed_forward
from nnjax.lectures.history.layers import model


def integer_net(widths, bias=True):
    random = np.random.default_rng(0)
    return tuple(
        Layer(random.integers(-9, 10, (d, k)).astype(float), random.integers(-9, 10, k).astype(float) if bias else None)
        for d, k in itertools.pairwise(widths)
    )


@pytest.mark.parametrize("bias", [True, False])
def test_linear_layers_collapse_exactly(bias):
    """Whole numbers, so that float64 rounds nothing: equal bit for bit."""
    widths = (5, 7, 6, 3)
    net, x = integer_net(widths, bias), np.random.default_rng(1).integers(-9, 10, (50, 5)).astype(float)
    one = model.collapse(net)
    assert one.weights.shape == (5, 3)
    with jax.enable_x64(True):
        y = feed_forward(MLP(widths, hidden="linear", output="linear"), net, x)[-1]
    np.testing.assert_array_equal(y, x @ one.weights + one.bias)


def test_layers_that_do_not_follow_each_other_are_refused():
    with pytest.raises(UserError, match="A layer of 4 inputs cannot follow 3 outputs"):
        model.collapse((Layer(np.ones((2, 3)), np.ones(3)), Layer(np.ones((4, 1)), np.ones(1))))
    with pytest.raises(UserError, match="No layers were given"):
        model.collapse(())


def test_small_changes_of_a_weight():
    """By hand: unit 1 weighs .7 in the output, its sum moves as the weight does (its input is 1).

    The step jumps by .7 however small the change. The others move by at most .7 times their steepest slope times the
    change: sigmoid 1/4, tanh 1, ReLU 1.
    """
    for change in (1e-2, 1e-3, 1e-4):
        assert model.largest_change("step", change) == pytest.approx(0.7)
        for name, slope in (("sigmoid", 0.25), ("tanh", 1.0), ("relu", 1.0)):
            assert model.largest_change(name, change) == pytest.approx(0.7 * slope * change, rel=1e-3)
    # sums -.1, .55, -.25 without a change
    assert model.response("step", np.array([0.0]))[0] == pytest.approx(0.4)
    assert model.response("relu", np.array([0.0, 0.3])) == pytest.approx([0.55 * 0.4, 0.55 * 0.4 + 0.2 * 0.7])
    with pytest.raises(UserError, match="There is no activation 'softmax'"):
        model.response("softmax", np.array([0.0]))


def test_kinks_by_hand():
    """max(x - 1, 0) + 2 max(2 - x, 0) - max(2x - 2, 0)/2: bends at 1 cancel, one at 2 is left; that at 9 is outside."""
    net = (
        Layer(np.array([[1.0, -1.0, 2.0, 1.0]]), np.array([-1.0, 2.0, -2.0, -9.0])),
        Layer(np.array([[1.0], [2.0], [-0.5], [1.0]]), np.array([0.0])),
    )
    np.testing.assert_allclose(model.kinks(net, -3.0, 5.0), [2.0])
    np.testing.assert_allclose(model.kinks(net, -3.0, 10.0), [2.0, 9.0])
    assert model.evaluate(net, np.array([0.0, 3.0])) == pytest.approx([4.0, 0.0])


@pytest.mark.parametrize("depth", [1, 2, 3, 8])
def test_the_sawtooth(depth):
    """Telgarsky 2016: `depth` folds make 2^depth pieces, bent at the multiples of 2^-depth, between 0 and 1."""
    net = model.sawtooth(depth)
    bends = model.kinks(net, 0.0, 1.0)
    np.testing.assert_array_equal(bends, np.arange(1, 2**depth) / 2**depth)
    np.testing.assert_array_equal(model.evaluate(net, bends), np.arange(1, 2**depth) % 2)


def test_kinks_of_a_random_deep_net_are_where_sampling_finds_them():
    """The slope is constant between kinks and changes at each, by dense sampling of a 1-12-9-7-1 net."""
    random = np.random.default_rng(5)
    widths = (1, 12, 9, 7, 1)
    net = tuple(Layer(random.normal(size=(d, k)), random.normal(size=k)) for d, k in itertools.pairwise(widths))
    found = model.kinks(net, -3.0, 3.0)
    assert len(found) > 12
    ends = np.concatenate([[-3.0], found, [3.0]])
    slopes = []
    for low, high in itertools.pairwise(ends):
        inside = np.linspace(low, high, 12)[1:-1]
        steps = np.diff(model.evaluate(net, inside)) / np.diff(inside)
        np.testing.assert_allclose(steps, steps[0], rtol=1e-6, atol=1e-6)
        slopes.append(steps[0])
    assert (np.abs(np.diff(slopes)) > 1e-6).all()


@pytest.mark.parametrize("width", [6, 14, 30])
def test_joined_points_of_sin(width):
    """Pieces at equal distances, one of them centered on the top: its error there is 1 - cos(π / width).

    The two pieces that meet at 0 are one line.
    """
    net = model.interpolating(width)
    x = np.linspace(-np.pi, np.pi, 8 * width + 1)
    errors = model.evaluate(net, x) - np.sin(x)
    assert np.abs(errors).max() == pytest.approx(1 - np.cos(np.pi / width), rel=1e-9)
    np.testing.assert_allclose(errors[::8], 0, atol=1e-14)
    assert len(model.kinks(net, model.LOW, model.HIGH)) + 1 == width - 1


def test_nets_learn_sin_the_better_the_wider_with_a_piece_more_a_unit_at_most():
    widths = (2, 6, 12)
    fits = model.fit_sine(widths, 5, sweeps=1500)
    assert fits.errors.shape == fits.pieces.shape == (3, 5)
    assert (np.diff(np.median(fits.errors, axis=1)) < 0).all()
    assert np.median(fits.errors[2]) < 0.05
    assert (fits.pieces <= np.array(widths)[:, None] + 1).all()
    for place, width in enumerate(widths):  # units beyond the width are not there
        assert all((array[place, :, ..., width:] == 0).all() for array in fits.nets[0])
        assert (fits.nets[1].weights[place, :, width:] == 0).all()
        one = jax.tree.map(lambda array, at=place: array[at, 0], fits.nets)
        x = np.linspace(model.LOW, model.HIGH, model.POINTS)
        error = np.sqrt(((model.evaluate(one, x) - np.sin(x)) ** 2).mean())
        assert error == pytest.approx(fits.errors[place, 0], rel=1e-3)


def test_bad_input():
    with pytest.raises(UserError, match="the network needs 1 input, but has 5"):
        model.kinks(integer_net((5, 3, 1)), 0.0, 1.0)
    with pytest.raises(UserError, match="The interval from 1 to 1 is empty"):
        model.kinks(model.sawtooth(1), 1.0, 1.0)
    with pytest.raises(UserError, match="of 0 layers"):
        model.sawtooth(0)
    with pytest.raises(UserError, match="0 hidden units joins no points"):
        model.interpolating(0)
    for widths, seeds in (((4, 0), 3), ((), 3), ((4,), 0)):
        with pytest.raises(UserError, match="make no networks"):
            model.fit_sine(widths, seeds)
