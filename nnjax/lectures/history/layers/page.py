"""The chapter on what a layer does: collapse, small changes, and curves made of lines."""

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from nnjax.data import toys
from nnjax.lectures.history.backprop import problems
from nnjax.lectures.history.backprop.figures import net_of
from nnjax.lectures.history.backprop.model import MLP, Layer, Net, feed_forward
from nnjax.lectures.history.chapters import Chapter, Row, compared, compose, counted, listed
from nnjax.lectures.history.drawing import NEGATIVE, POSITIVE, draw_regions, panels
from nnjax.lectures.history.layers import model

TITLES = {"linear": "no f", "tanh": "tanh", "relu": "ReLU"}
NETS = 10  # of each kind on the moons
WIDTHS, SEEDS = (1, 2, 4, 8, 16, 32, 64), 10
SHOWN = (4, 8, 32)
UNITS, STEPS = ("step", "sigmoid", "tanh", "relu"), (1e-3, 1e-4)  # of the responses, and small changes of a weight


def chapter() -> Chapter:
    """Compute and draw it."""
    learned = {hidden: problems.learn(_problem(hidden), NETS) for hidden in TITLES}
    fits = model.fit_sine(WIDTHS, SEEDS)
    built = np.array([_built_errors(width)[0] for width in WIDTHS])
    drawings = {
        "collapse": _collapse(learned),
        "response": _response(),
        "pieces": _pieces(fits),
        "width": _width(fits, built),
    }
    return compose(__file__, drawings, [*_layer_rows(learned), *_piece_rows(fits, built)], nets=NETS, seeds=SEEDS)


def _problem(hidden: str) -> problems.Problem:
    moons = toys.moons(100)
    targets = np.asarray(moons.y, np.float32)[:, None]
    return problems.Problem(MLP((2, 8, 8, 1), hidden=hidden), moons.x[:], targets, rate=0.01, sweeps=1000)


def _integers() -> tuple[Net, np.ndarray]:
    """A linear net 5-7-6-3 and inputs, of small whole numbers, with which float64 computes without rounding."""
    random, widths = np.random.default_rng(0), (5, 7, 6, 3)
    net = tuple(
        Layer(random.integers(-9, 10, (d, k)).astype(float), random.integers(-9, 10, k).astype(float))
        for d, k in itertools.pairwise(widths)
    )
    return net, random.integers(-9, 10, (100, 5)).astype(float)


def _collapse_error() -> float:
    net, x = _integers()
    with jax.enable_x64(True):
        y = feed_forward(MLP((5, 7, 6, 3), hidden="linear", output="linear"), net, x)[-1]
    one = model.collapse(net)
    return float(np.abs(np.asarray(y) - (x @ one.weights + one.bias)).max())


def _built_errors(width: int) -> tuple[float, float]:
    """Root mean square and largest error of the net that joins points of sin."""
    x = np.linspace(model.LOW, model.HIGH, 20_001)
    errors = model.evaluate(model.interpolating(width), x) - np.sin(x)
    return float(np.sqrt((errors**2).mean())), float(np.abs(errors).max())


def _layer_rows(learned: Mapping[str, problems.TrainedNets]) -> list[Row]:
    right = [f"{100 * _right(hidden, found):.0f} %" for hidden, found in learned.items()]
    moves = "most that the output moves for a change of .001, and of .0001"
    return [
        compared("three linear layers against the one they make, largest difference", _collapse_error(), 0.0),
        Row(f"two moons, points on the right side, best of {NETS} nets: no f, tanh, ReLU", ", ".join(right)),
        *(Row(f"{name}: {moves}", listed([model.largest_change(name, s) for s in STEPS], ".2g")) for name in UNITS),
    ]


def _piece_rows(fits: model.Fits, built: np.ndarray) -> list[Row]:
    most, depths = fits.pieces.max(axis=1), range(1, 9)
    bounded = bool((most <= np.array(WIDTHS) + 1).all())
    teeth = [len(model.kinks(model.sawtooth(depth), 0.0, 1.0)) + 1 for depth in depths]
    return [
        compared("largest error of 30 joined points of sin", _built_errors(30)[1], 1 - np.cos(np.pi / 30), rtol=1e-6),
        Row("root mean square error of joined points, widths 8, 16, 32, 64", listed(built[3:], ".2g")),
        Row("the same after training, median", listed(np.median(fits.errors, axis=1)[3:], ".2g")),
        Row("most pieces of a trained net, widths 1, 2, 4, …, 64", listed(most), "≤ width + 1", bounded),
        counted("pieces of the sawtooth, 1 to 8 layers of two units", teeth, [2**depth for depth in depths]),
    ]


def _best(hidden: str, found: problems.TrainedNets, points: np.ndarray) -> np.ndarray:
    """Outputs [n] of the net of lowest cost, for points [n, 2]."""
    net = net_of(found.net, int(found.costs[:, -1].argmin()))
    return np.asarray(feed_forward(_problem(hidden).mlp, net, points.astype(np.float32))[-1][:, 0])


def _right(hidden: str, found: problems.TrainedNets) -> float:
    problem = _problem(hidden)
    return float(((_best(hidden, found, problem.x) > 0.5) == problem.targets[:, 0]).mean())


@panels(3)
def _collapse(axes: Any, learned: Mapping[str, problems.TrainedNets]) -> None:
    for one, (hidden, found) in zip(axes, learned.items(), strict=True):
        problem, output = _problem(hidden), functools.partial(_best, hidden, found)
        title = f"{TITLES[hidden]}: {100 * _right(hidden, found):.0f} % right"
        draw_regions(one, output, problem.x, problem.targets[:, 0], title=title, xlabel="x1", ylabel="x2")


@panels(4, width=2.7, height=2.7)
def _response(axes: Any) -> None:
    changes = np.linspace(-1, 1, 2001)
    for one, name in zip(axes, UNITS, strict=True):
        y = model.response(name, changes)
        cuts = np.append(np.abs(np.diff(y)) > 0.1, False)
        one.plot(changes, np.where(cuts, np.nan, y), color=POSITIVE, lw=1.6)
        if cuts.any():
            place = int(cuts.argmax())
            one.plot([changes[place]] * 2, y[place : place + 2], ":", color=NEGATIVE, lw=1.4)
        one.set(xlabel="change of the weight", ylim=(-0.4, 1.2), title=TITLES.get(name, name))
    axes[0].set_ylabel("output")


@panels(3)
def _pieces(axes: Any, fits: model.Fits) -> None:
    x = np.linspace(model.LOW, model.HIGH, 1001)
    for one, width in zip(axes, SHOWN, strict=True):
        row = WIDTHS.index(width)
        seed = int(np.argsort(fits.errors[row])[SEEDS // 2])
        net = net_of(fits.nets, (row, seed))
        bends = model.kinks(net, model.LOW, model.HIGH)
        one.plot(x, np.sin(x), color="0.75", lw=4)
        one.plot(x, model.evaluate(net, x), color=POSITIVE, lw=1.4)
        one.plot(bends, model.evaluate(net, bends), "o", color=NEGATIVE, ms=4)
        one.set_title(f"width {width}: {fits.pieces[row, seed]} pieces, error {fits.errors[row, seed]:.3f}")
        one.set(xlabel="x", ylim=(-1.35, 1.35))


@panels(3, width=3.4)
def _width(axes: Any, fits: model.Fits, built: np.ndarray) -> None:
    """Draw error and number of linear pieces by width, trained and built."""
    axes[1].plot(WIDTHS, np.array(WIDTHS) + 1, "--", color="0.5", lw=1.2, label="width + 1")
    for one, values in zip(axes, (fits.errors, fits.pieces), strict=False):
        one.plot(WIDTHS, np.median(values, axis=1), "o-", color=POSITIVE, ms=4, label="trained")
        one.fill_between(WIDTHS, values.min(axis=1), values.max(axis=1), color=POSITIVE, alpha=0.18, lw=0)
    axes[0].plot(WIDTHS, built, "s--", color=NEGATIVE, ms=4, label="built")
    axes[0].set(xscale="log", yscale="log", xlabel="width", ylabel="root mean square error")
    axes[0].set_xticks(WIDTHS, map(str, WIDTHS), minor=False)
    axes[1].set(xlabel="width", ylabel="linear pieces")
    for one in axes[:2]:
        one.legend()
    x = np.linspace(0, 1, 1025)
    axes[2].plot(x, model.evaluate(model.sawtooth(4), x), color=POSITIVE, lw=1.2)
    axes[2].set(xlabel="x", ylabel="output")
