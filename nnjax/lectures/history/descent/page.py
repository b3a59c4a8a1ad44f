"""The chapter on gradient descent of a line."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.lectures.history.chapters import Chapter, Row, compared, compose
from nnjax.lectures.history.descent import model
from nnjax.lectures.history.drawing import NEGATIVE, POSITIVE, panels
from nnjax.lectures.history.learning_rule import present

STEPS = 400
SHOWN = {0.1: 3000, 0.9: 3000, 1.05: 24}  # steps in the figure of paths, by share of the largest rate


def chapter() -> Chapter:
    """Compute and draw it."""
    line = model.slides_line()
    scaled = model.standardized(line)
    highest = model.largest_rate(line)
    slope, intercept = model.least_squares(line)
    below, above = (_path(line, factor * highest, 200_000)[-1] for factor in (0.999, 1.001))
    rows = [
        compared("slope of the closed form", float(slope), model.SLOPE),
        compared("intercept of the closed form", float(intercept), model.INTERCEPT),
        compared("largest rate, 2 / λmax", highest, 0.006971, atol=5e-7),
        compared("the same, x standardized", model.largest_rate(scaled), 1.0, atol=1e-9),
        Row("error of slope and intercept at .999 of it, 200,000 steps", f"{np.abs(below - (21, 10)).max():.1e}"),
        Row("the same at 1.001 of it", "diverged" if not np.abs(above).max() < 1e6 else "did not diverge"),
    ]
    drawings = {"paths": _paths(line, highest), "losses": _losses({"x from 3 to 19": line, "x standardized": scaled})}
    lines = {"x from 3 to 19": (line, -5.0, 35.0), "x standardized": (scaled, -100.0, 400.0)}
    tried = {"lines": {name: _bowl(*one) for name, one in lines.items()}}
    return compose(__file__, drawings, rows, highest=highest)._replace(tried=tried)


def _bowl(line: model.Line, low: float, high: float) -> dict[str, Any]:
    """Describe the loss of a line as a quadratic form around its minimum, and the square of weights that is shown."""
    design = np.column_stack([line.x, np.ones(len(line.x))])
    return {
        "hessian": (2 / len(line.x) * design.T @ design).tolist(),
        "minimum": np.asarray(model.least_squares(line)).tolist(),
        "largest": model.largest_rate(line),
        "low": [low, low],
        "high": [high, high],
    }


def _path(line: model.Line, rate: float, steps: int = STEPS) -> np.ndarray:
    """Walk from (0, 0): weights before each step [steps, 2]."""
    with jax.enable_x64(True):
        rule = model.descent(model.Line(*map(jnp.asarray, line)), rate)
        _, (_, weights) = present(rule, rule.init([0.0, 0.0]), jnp.arange(steps))
    return np.asarray(weights)


@panels(3)
def _paths(axes: Any, line: model.Line, highest: float) -> None:
    values, losses = model.surface(line, -5.0, 35.0)
    for one, (factor, steps) in zip(axes, SHOWN.items(), strict=True):
        path = _path(line, factor * highest, steps)
        one.contourf(values, values, np.log10(losses + 1), levels=24, cmap="Greys", alpha=0.75)
        one.plot(*path.T, color=POSITIVE, lw=1.0, marker=".", ms=3)
        one.plot(21, 10, "x", color=NEGATIVE, ms=9, mew=2)
        one.set(xlim=(-5, 35), ylim=(-5, 35), xlabel="slope", ylabel="intercept")
        one.set_title(f"{factor:g} of the largest rate, {steps} steps")


@panels(2, width=4.2)
def _losses(axes: Any, lines: dict[str, model.Line]) -> None:
    for one, (title, line) in zip(axes, lines.items(), strict=True):
        for factor in (0.01, 0.1, 0.5, 0.9, 1.05):
            losses = np.asarray(model.loss(line, _path(line, factor * model.largest_rate(line))))
            one.plot(np.maximum(losses, 1e-12), lw=1.3, label=f"{factor:g}")
        one.set(yscale="log", xlabel="step", ylabel="mean squared error", ylim=(1e-12, 1e8), title=title)
    axes[1].legend(title="share of the\nlargest rate")
