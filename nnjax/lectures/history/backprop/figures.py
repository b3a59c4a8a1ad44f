"""The figures of the chapter on backpropagation."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.lectures.history.backprop import from_scratch, problems, vanishing
from nnjax.lectures.history.backprop.model import Net, feed_forward
from nnjax.lectures.history.drawing import BROWN, GREEN, NEGATIVE, POSITIVE, draw_regions, panels
from nnjax.report.charts.themed_svg import AS_IS
from nnjax.runs import statistics

QUANTILES = (0.05, 0.5, 0.95)
LAYER_COLORS = (NEGATIVE, BROWN, GREEN, POSITIVE)  # from the first hidden layer to the last


def net_of(nets: Net, place: int | tuple[int, ...]) -> Net:
    """Take one of many nets."""
    return jax.tree.map(lambda array: array[place], nets)


def draw_band(axes: Any, x: np.ndarray, curves: np.ndarray, color: str, label: str) -> None:
    """Draw the median of curves [m, t] and their middle 90 %."""
    low, middle, high = np.quantile(curves, QUANTILES, axis=0)
    axes.plot(x, middle, color=color, lw=1.6, label=label)
    axes.fill_between(x, low, high, color=color, alpha=0.18, lw=0)


@panels(2, width=4.2)
def draw_check(axes: Any, outputs: Mapping[str, np.ndarray], errors: Mapping[str, Sequence[float]]) -> None:
    """Draw right and wrong: outputs by pass, and the gradient's errors by layer."""
    _, right, wrong = outputs
    passes, places = np.arange(1, from_scratch.PASSES + 1), np.arange(2)
    for name, style in ((right, "-"), (wrong, "--")):
        for target, curve in zip(from_scratch.TARGETS[:, 0], outputs[name].T, strict=True):
            axes[0].plot(passes, curve, style, color=POSITIVE if target else NEGATIVE, lw=1.3)
    axes[0].set(xscale="log", xlabel="pass", ylabel="output", ylim=(0, 1))
    axes[1].bar(places - 0.2, errors[right], 0.36, color=POSITIVE, label="right")
    axes[1].bar(places + 0.2, errors[wrong], 0.36, color=NEGATIVE, label="notebook")
    axes[1].set(yscale="log", ylabel="error of the gradient", ylim=(1e-11, 10))
    axes[1].set_xticks(places, ["hidden layer", "output layer"])
    axes[1].legend(loc="upper left")


@panels(4, width=2.7, height=2.7)
def draw_xor(axes: Any, learned: problems.TrainedNets) -> None:
    """Draw regions of both hidden units and of the output, and the hidden units' space."""
    problem = problems.parity(2, 2)
    net = net_of(learned.net, int(learned.costs[:, -1].argmin()))
    labels = problem.targets[:, 0]
    hidden = np.asarray(feed_forward(problem.mlp, net, problem.x)[1])

    def of_unit(layer: int, unit: int, points: np.ndarray) -> np.ndarray:
        return np.asarray(feed_forward(problem.mlp, net, points.astype(np.float32))[layer][:, unit])

    def of_hidden(points: np.ndarray) -> np.ndarray:
        z = points.astype(np.float32) @ net[1].weights + net[1].bias
        return np.asarray(problem.mlp.activations[-1].function(z))[:, 0]

    units = {"first hidden unit": (1, 0), "second hidden unit": (1, 1), "output": (2, 0)}
    for one, (title, unit) in zip(axes, units.items(), strict=False):
        output = functools.partial(of_unit, *unit)
        draw_regions(one, output, problem.x, labels, title=title, xlabel="x1", ylabel="x2")
    draw_regions(axes[3], of_hidden, hidden, labels, margin=0.3, title="what the output sees")
    axes[3].set(xlabel="first hidden unit", ylabel="second hidden unit")
    for place, row in enumerate(problem.x):
        name, spot = "".join(map(str, row.astype(int))), (7, 4 if place in (0, 1) else -10)
        axes[3].annotate(name, hidden[place], spot, textcoords="offset points", fontsize=8)


@panels(2, width=4.6, height=3.3)
def draw_curves(axes: Any, xor: problems.TrainedNets, solved: Mapping[str, np.ndarray]) -> None:
    """Draw the cost of the XOR nets by sweep, and the share of nets that have solved each problem."""
    done, sweeps = np.isfinite(xor.solved), np.arange(xor.costs.shape[1])
    draw_band(axes[0], sweeps, xor.costs[done], POSITIVE, f"{done.sum()} nets solve it")
    draw_band(axes[0], sweeps, xor.costs[~done], NEGATIVE, f"{(~done).sum()} do not")
    axes[0].set(yscale="log", xlabel="sweep", ylabel="cost", xlim=(0, 1500))
    axes[0].legend(loc="lower left")
    for place, (name, when) in enumerate(solved.items()):
        _draw_share(axes[1], when, f"C{place}", name)
    axes[1].set(xlabel="sweep", ylabel="share of nets that solve it", xlim=(0, 3000), ylim=(0, 1.02))
    axes[1].legend(fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _draw_share(axes: Any, solved: np.ndarray, color: str, label: str) -> None:
    sweeps = np.arange(0, 3001, 30)
    counts = (solved[:, None] <= sweeps).sum(axis=0)
    low, high = np.array([statistics.proportion(int(count), len(solved)) for count in counts]).T
    axes.plot(sweeps, counts / len(solved), color=color, lw=1.5, label=label)
    axes.fill_between(sweeps, low, high, color=color, alpha=0.18, lw=0)


@panels(3, width=3.3)
def draw_symmetry(axes: Any, found: Mapping[str, problems.TrainedNets]) -> None:
    """Draw the hidden weights of a net of each family, and the ratios of all that solved it."""
    first = next(iter(found.values()))
    solved = np.flatnonzero(np.isfinite(first.solved))
    shown = {problems.mirror(first.net[0].weights[place]).family: place for place in solved[::-1]}
    for one, family in zip(axes, problems.FAMILIES, strict=False):
        if family in shown:
            _draw_weights(one, np.asarray(first.net[0].weights[shown[family]]))
        one.axhline(0, color="0.3", lw=0.8)
        one.axvline(3.5, color="0.6", lw=0.8, ls=":")
        one.set(xlabel="input", ylabel="weight / smallest weight", title=f"a net of the family {family}")
    axes[0].legend(loc="upper center", ncols=2)
    for (name, learned), marker in zip(found.items(), "os", strict=True):
        ratios = np.array([one.ratios for one in problems.mirrors(learned)])
        axes[2].plot(ratios[:, 1], ratios[:, 2], marker, ms=6, alpha=0.35, mew=0, label=name)
    axes[2].plot(*np.array(list(problems.FAMILIES.values()))[:, 1:].T, "kx", ms=9, mew=1.5)
    axes[2].set(xlabel="middle / smallest", ylabel="largest / smallest")
    axes[2].legend(loc="upper left")


def _draw_weights(axes: Any, weights: np.ndarray) -> None:
    """Draw the weights [6, 2] of both hidden units as bars."""
    for unit, color in ((0, POSITIVE), (1, NEGATIVE)):
        heights = weights[:, unit] / np.abs(weights[:, unit]).min()
        axes.bar(np.arange(1, 7) + 0.4 * unit - 0.2, heights, 0.38, color=color, label=f"hidden unit {unit + 1}")
    axes.set_ylim(-1.1 * np.abs(heights).max(), 1.4 * np.abs(heights).max())


@panels(3, width=3.3)
def draw_encoder(axes: Any, learned: Mapping[float, problems.TrainedNets]) -> None:
    """Draw codes of one net, learning curves by the scale of the first weights, and what hidden units put out."""
    codes = problems.codes(learned[min(learned)])
    order = np.lexsort(codes[0].round().T)
    edges = np.arange(4) - 0.5, np.arange(9) - 0.5
    axes[0].pcolor(*edges, codes[0][order], cmap="Blues", vmin=0, vmax=1, gid=AS_IS)
    axes[0].invert_yaxis()
    for (row, column), value in np.ndenumerate(codes[0][order]):
        color = "w" if value > 0.76 else "k"
        axes[0].text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8, color=color, gid=AS_IS)
    axes[0].set_xticks(range(3), ["1", "2", "3"])
    axes[0].set_yticks(range(8), [str(place + 1) for place in order])
    axes[0].set(xlabel="hidden unit", ylabel="input that is 1")
    for place, (scale, found) in enumerate(learned.items()):
        draw_band(axes[1], np.arange(found.costs.shape[1]), found.costs, f"C{place}", f"first weights ±{scale:g}")
    axes[1].set(xlabel="sweep", ylabel="cost", yscale="log", xlim=(0, 2000), ylim=(1e-2, 20))
    axes[1].legend()
    axes[2].hist(codes.ravel(), bins=40, color=POSITIVE)
    axes[2].set(xlabel="output of a hidden unit", ylabel="how often", xlim=(0, 1))


@panels(3, width=3.4, height=3.2)
def draw_vanishing(axes: Any, initial: np.ndarray, while_training: np.ndarray, deep: Mapping[str, np.ndarray]) -> None:
    """Draw norms by layer before training, while training, and of deeper nets."""
    places = np.arange(1, 5)
    low, middle, high = np.quantile(initial[:, :4], QUANTILES, axis=0)
    axes[0].errorbar(places, middle, (middle - low, high - middle), fmt="o", color=POSITIVE, capsize=4, label="here")
    axes[0].plot(places, vanishing.RECORDED[0], "kx", ms=8, mew=1.5, label="recorded")
    axes[0].set(yscale="log", xlabel="hidden layer", ylabel="length of the bias gradient", xticks=places)
    for place, color in enumerate(LAYER_COLORS):
        axes[1].plot(while_training[:, place], color=color, lw=1.5, label=f"hidden layer {place + 1}")
        recorded = [norms[place] for norms in vanishing.RECORDED.values()]
        axes[1].plot(list(vanishing.RECORDED), recorded, "x", color=color, ms=6, mew=1.5)
    axes[1].set(yscale="log", xlabel="sweep", xlim=(-5, len(while_training)))
    for place, (name, norms) in enumerate(deep.items()):
        hidden = norms[:, :-1] / norms[:, -2:-1]
        draw_band(axes[2], np.arange(1, hidden.shape[1] + 1), hidden, f"C{place}", name)
    axes[2].set(yscale="log", xlabel="hidden layer", ylabel="relative to the last hidden layer")
    for one in axes:
        one.legend()
