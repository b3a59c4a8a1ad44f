"""The chapter on gradient descent of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.lectures.history.chapters import Chapter, Figure, Row, compared
from nnjax.lectures.history.descent import model
from nnjax.lectures.history.drawing import row_of
from nnjax.lectures.history.rule import present

if TYPE_CHECKING:
    import matplotlib.figure

STEPS = 400
SHOWN = {0.1: 3000, 0.9: 3000, 1.05: 24}  # steps in the picture of paths, by share of the largest rate


def chapter() -> Chapter:
    """Compute and draw it."""
    line = model.deck_line()
    scaled = model.standardized(line)
    highest, easy = model.largest_rate(line), model.largest_rate(scaled)
    slope, intercept = model.least_squares(line)
    below, above = (_path(line, factor * highest, 200_000) for factor in (0.999, 1.001))
    rows = (
        compared("slope of the closed form", float(slope), model.SLOPE),
        compared("intercept of the closed form", float(intercept), model.INTERCEPT),
        compared("largest rate, 2 / λmax", highest, 0.006971, atol=5e-7),
        compared("the same, x standardised", easy, 1.0, atol=1e-9),
        Row("error of slope and intercept at .999 of it, 200,000 steps", f"{np.abs(below[-1] - (21, 10)).max():.1e}"),
        Row("the same at 1.001 of it", "diverged" if not np.abs(above[-1]).max() < 1e6 else "did not diverge"),
    )
    return Chapter(
        title="Gradient descent of a line",
        sentences=(
            "The mean squared error of a line is a bowl over slope and intercept, and descent walks down its steepest "
            "side, step by step.",
            f"Below a rate of {highest:.5f} every walk ends at the least-squares line; above it each step overshoots "
            "by more than the one before, and the walk leaves the bowl.",
            "The bowl is a narrow valley, since x is far from 0: the slope is found in a few steps, the intercept "
            "after thousands; with x standardised the bowl is round, and a few steps suffice.",
        ),
        figures=(
            Figure(
                "paths",
                "The error over slope and intercept, and 3,000 steps of descent at a tenth and nine tenths of "
                "the largest rate, and just above it. The cross is the least-squares line.",
                _paths(line, highest),
            ),
            Figure(
                "losses",
                "The error at each step, for several shares of the largest rate: on the left x as it is, on "
                "the right standardised.",
                _losses(line, scaled),
            ),
        ),
        rows=rows,
        sources=(
            "A. Cauchy 1847, Méthode générale pour la résolution des systèmes d'équations simultanées.",
            "A.-M. Legendre 1805, Nouvelles méthodes pour la détermination des orbites des comètes (least squares).",
        ),
    )


def _path(line: model.Line, rate: float, steps: int = STEPS) -> np.ndarray:
    """Walk from (0, 0): weights before each step [steps, 2]."""
    with jax.enable_x64(True):
        rule = model.descent(model.Line(*map(jnp.asarray, line)), rate)
        _, (_, weights) = present(rule, rule.init([0.0, 0.0]), jnp.arange(steps))
    return np.asarray(weights)


def _paths(line: model.Line, highest: float) -> matplotlib.figure.Figure:
    values, losses = model.surface(line, -5.0, 35.0)

    def fill(axes: Any) -> None:
        for one, (factor, steps) in zip(axes, SHOWN.items(), strict=True):
            path = _path(line, factor * highest, steps)
            one.contourf(values, values, np.log10(losses + 1), levels=24, cmap="Greys", alpha=0.75)
            one.plot(*path.T, color="#2f5d9b", lw=1.0, marker=".", ms=3)
            one.plot(21, 10, "x", color="#b3423a", ms=9, mew=2)
            one.set(xlim=(-5, 35), ylim=(-5, 35), xlabel="slope", ylabel="intercept")
            one.set_title(f"{factor:g} of the largest rate, {steps} steps", fontsize=9)

    return row_of(3, fill)


def _losses(line: model.Line, scaled: model.Line) -> matplotlib.figure.Figure:
    def fill(axes: Any) -> None:
        for one, points in zip(axes, (line, scaled), strict=True):
            for factor in (0.01, 0.1, 0.5, 0.9, 1.05):
                path = _path(points, factor * model.largest_rate(points))
                losses = np.asarray(model.loss(model.Line(*points), path))
                one.plot(np.maximum(losses, 1e-12), lw=1.3, label=f"{factor:g}")
            one.set(yscale="log", xlabel="step", ylabel="mean squared error", ylim=(1e-12, 1e8))
        axes[1].legend(title="share of the\nlargest rate", fontsize=8, title_fontsize=8, frameon=False)
        axes[0].set_title("x from 3 to 19", fontsize=9)
        axes[1].set_title("x standardised", fontsize=9)

    return row_of(2, fill, width=4.2)
