"""The chapter on what a layer does: collapse, small changes, and curves made of lines."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from nnjax.data import toys
from nnjax.lectures.history.backprop import problems
from nnjax.lectures.history.backprop.figures import net_of
from nnjax.lectures.history.backprop.model import MLP, Layer, Net, feed_forward
from nnjax.lectures.history.chapters import Chapter, Figure, Row, compared, counted
from nnjax.lectures.history.drawing import NEGATIVE, POSITIVE, draw_regions, row_of
from nnjax.lectures.history.layers import model

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

TITLES = {"linear": "no f", "tanh": "tanh", "relu": "ReLU"}
NETS = 10  # of each kind on the moons
WIDTHS, SEEDS = (1, 2, 4, 8, 16, 32, 64), 10
SHOWN = (4, 8, 32)
STEP = 1e-3  # a small change of a weight


def chapter() -> Chapter:
    """Compute and draw it."""
    learned = {hidden: problems.learn(_problem(hidden), NETS) for hidden in TITLES}
    fits = model.fit_sine(WIDTHS, SEEDS)
    built = np.array([_built_errors(width)[0] for width in WIDTHS])
    return Chapter(
        title="What a layer does",
        sentences=(
            "A layer weighs its inputs (w sets the sensitivity), moves the sum up or down (b) and bends it (f): "
            "without f any number of layers is a single one, and draws a single line.",
            "For descent f must also answer a small change of a weight with a small change of the output: sigmoid, "
            "tanh and ReLU do, the step of 1943 and 1958 does not, whatever the deck's sentence says without naming "
            "f.",
            "A ReLU network is a series of lines: on sin each hidden unit adds one bend at most. The error of weights "
            "set by hand falls with the square of the width; descent matches them in small nets, and not in wide ones.",
        ),
        figures=(
            Figure(
                "collapse",
                f"The best of {NETS} nets 2-8-8-1 on two moons, without f in the hidden layers, with tanh, with ReLU. "
                "Without f three layers draw one straight line.",
                _collapse(learned),
            ),
            Figure(
                "response",
                "The output of a small net while one weight into its first hidden unit changes. The step answers a "
                "change as small as one likes with a jump, ReLU with a bend, sigmoid and tanh with a curve.",
                _response(),
            ),
            Figure(
                "pieces",
                "ReLU nets 1-width-1 trained on sin (grey), the middle one of ten seeds by error; the dots are the "
                "bends, computed exactly from the weights.",
                _pieces(fits),
            ),
            Figure(
                "width",
                f"Left: error against width, trained ({SEEDS} seeds, median and range) and built by joining points of "
                "sin. Middle: pieces over the period; no net can have more than width + 1. Right: what depth does, "
                "a net of four layers of two units that folds [0, 1] four times, 16 pieces out of 8 units.",
                _width(fits, built),
            ),
        ),
        rows=_rows(learned, fits, built),
        sources=(
            "F. Bianco, Neural Networks, Fall 2025 (w, b, f; small changes; series of linear functions).",
            "G. Montúfar, R. Pascanu, K. Cho & Y. Bengio 2014, On the number of linear regions of deep neural "
            "networks.",
            "M. Telgarsky 2016, Benefits of depth in neural networks (the sawtooth).",
        ),
    )


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


def _rows(learned: dict[str, problems.Learned], fits: model.Fits, built: np.ndarray) -> tuple[Row, ...]:
    right = ", ".join(f"{100 * _right(hidden, found):.0f} %" for hidden, found in learned.items())
    rows = [
        compared("three linear layers against the one they make, largest difference", _collapse_error(), 0.0),
        Row(f"two moons, points on the right side, best of {NETS} nets: no f, tanh, ReLU", right),
    ]
    for name in ("step", "sigmoid", "tanh", "relu"):
        coarse, fine = model.largest_change(name, STEP), model.largest_change(name, STEP / 10)
        what = f"{name}: most that the output moves for a change of .001, and of .0001"
        rows.append(Row(what, f"{coarse:.2g}, {fine:.2g}"))
    rows += [
        compared("largest error of 30 joined points of sin", _built_errors(30)[1], 1 - np.cos(np.pi / 30), rtol=1e-6),
        Row("root mean square error of joined points, widths 8, 16, 32, 64", ", ".join(f"{e:.2g}" for e in built[3:])),
        Row("the same after training, median", ", ".join(f"{e:.2g}" for e in np.median(fits.errors, axis=1)[3:])),
        Row(
            "most pieces of a trained net, widths 1, 2, 4, …, 64",
            ", ".join(map(str, fits.pieces.max(axis=1))),
            "≤ width + 1",
            bool((fits.pieces.max(axis=1) <= np.array(WIDTHS) + 1).all()),
        ),
        counted(
            "pieces of the sawtooth, 1 to 8 layers of two units",
            [len(model.kinks(model.sawtooth(depth), 0.0, 1.0)) + 1 for depth in range(1, 9)],
            [2**depth for depth in range(1, 9)],
        ),
    ]
    return tuple(rows)


def _best(hidden: str, found: problems.Learned, points: np.ndarray) -> np.ndarray:
    """Outputs [n] of the net of lowest cost, for points [n, 2]."""
    net = net_of(found.net, int(found.costs[:, -1].argmin()))
    return np.asarray(feed_forward(_problem(hidden).mlp, net, points.astype(np.float32))[-1][:, 0])


def _right(hidden: str, found: problems.Learned) -> float:
    problem = _problem(hidden)
    return float(((_best(hidden, found, problem.x) > 0.5) == problem.targets[:, 0]).mean())


def _collapse(learned: dict[str, problems.Learned]) -> Drawing:
    def fill(axes: Any) -> None:
        for one, (hidden, found) in zip(axes, learned.items(), strict=True):
            problem = _problem(hidden)
            output = functools.partial(_best, hidden, found)
            title = f"{TITLES[hidden]}: {100 * _right(hidden, found):.0f} % right"
            draw_regions(one, output, problem.x, problem.targets[:, 0], title=title)
            one.set(xlabel="x1", ylabel="x2")

    return row_of(3, fill)


def _response() -> Drawing:
    changes = np.linspace(-1, 1, 2001)

    def fill(axes: Any) -> None:
        for one, name in zip(axes, ("step", "sigmoid", "tanh", "relu"), strict=True):
            y = model.response(name, changes)
            cuts = np.append(np.abs(np.diff(y)) > 0.1, False)
            one.plot(changes, np.where(cuts, np.nan, y), color=POSITIVE, lw=1.6)
            if cuts.any():
                place = int(cuts.argmax())
                one.plot([changes[place]] * 2, y[place : place + 2], ":", color=NEGATIVE, lw=1.4)
            one.set(xlabel="change of the weight", ylim=(-0.4, 1.2))
            one.set_title("ReLU" if name == "relu" else name, fontsize=9)
        axes[0].set_ylabel("output")

    return row_of(4, fill, width=2.7, height=2.7)


def _pieces(fits: model.Fits) -> Drawing:
    x = np.linspace(model.LOW, model.HIGH, 1001)

    def fill(axes: Any) -> None:
        for one, width in zip(axes, SHOWN, strict=True):
            row = WIDTHS.index(width)
            seed = int(np.argsort(fits.errors[row])[SEEDS // 2])
            net = net_of(fits.nets, (row, seed))
            bends = model.kinks(net, model.LOW, model.HIGH)
            one.plot(x, np.sin(x), color="0.75", lw=4)
            one.plot(x, model.evaluate(net, x), color=POSITIVE, lw=1.4)
            one.plot(bends, model.evaluate(net, bends), "o", color=NEGATIVE, ms=4)
            one.set_title(
                f"width {width}: {fits.pieces[row, seed]} pieces, error {fits.errors[row, seed]:.3f}", fontsize=9
            )
            one.set(xlabel="x", ylim=(-1.35, 1.35))

    return row_of(3, fill)


def _width(fits: model.Fits, built: np.ndarray) -> Drawing:
    def fill(axes: Any) -> None:
        axes[0].plot(WIDTHS, np.median(fits.errors, axis=1), "o-", color=POSITIVE, ms=4, label="trained")
        axes[0].fill_between(WIDTHS, fits.errors.min(axis=1), fits.errors.max(axis=1), color=POSITIVE, alpha=0.18, lw=0)
        axes[0].plot(WIDTHS, built, "s--", color=NEGATIVE, ms=4, label="built")
        axes[0].set(xscale="log", yscale="log", xlabel="width", ylabel="root mean square error")
        axes[0].set_xticks(WIDTHS, map(str, WIDTHS), minor=False)
        axes[0].legend(fontsize=8, frameon=False)
        axes[1].plot(WIDTHS, np.array(WIDTHS) + 1, "--", color="0.5", lw=1.2, label="width + 1")
        axes[1].plot(WIDTHS, np.median(fits.pieces, axis=1), "o-", color=POSITIVE, ms=4, label="trained")
        axes[1].fill_between(WIDTHS, fits.pieces.min(axis=1), fits.pieces.max(axis=1), color=POSITIVE, alpha=0.18, lw=0)
        axes[1].set(xlabel="width", ylabel="linear pieces")
        axes[1].legend(fontsize=8, frameon=False)
        x, net = np.linspace(0, 1, 1025), model.sawtooth(4)
        axes[2].plot(x, model.evaluate(net, x), color=POSITIVE, lw=1.2)
        axes[2].set(xlabel="x", ylabel="output")

    return row_of(3, fill, width=3.4)
