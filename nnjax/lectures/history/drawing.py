"""What the history's figures share: plain axes, and the decision regions of anything with two inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.report.charts import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEGATIVE, POSITIVE = "#b3423a", "#2f5d9b"  # the two classes, in all figures
REGION = 121  # points along each side of a picture of regions


def row_of(columns: int, fill: Callable[[Any], None], width: float = 3.0, height: float = 2.9) -> Figure:
    """Make a row of axes without the frame's upper and right edges, and fill them."""

    def drawn(axes: Any) -> None:
        _plain(axes)
        fill(axes)

    return figures.draw(columns, width, height, drawn)


def grid_of(rows: int, columns: int, fill: Callable[[Any], None], width: float = 2.2, height: float = 2.2) -> Figure:
    """The same with several rows; `fill` takes axes [rows, columns]."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    _plain(axes.ravel())
    fill(axes)
    return figure


def _plain(axes: Any) -> None:
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=8)


def draw_regions(
    axes: Any,
    output: Callable[[np.ndarray], Any],
    examples: np.ndarray,
    labels: np.ndarray,
    margin: float = 0.5,
    title: str = "",
) -> None:
    """Colour the plane by what a unit or network answers, and draw the examples over it.

    Args:
      axes: of matplotlib.
      output: points [n, 2] -> answers [n], negative (or below a half, of answers in [0, 1]) on one side.
      examples: [k, 2].
      labels: [k]; positive ones are of one class, all others of the other.
      margin: how far the picture goes beyond the examples.
      title: above it.
    """
    low, high = examples.min(axis=0) - margin, examples.max(axis=0) + margin
    x, y = (np.linspace(a, b, REGION) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    answers = np.asarray(output(grid.reshape(-1, 2)), float).reshape(REGION, REGION)
    extent = 1.5 * max(float(np.abs(answers).max()), 1e-12)  # pale enough for the examples to stand out
    span = {"vmin": -extent, "vmax": extent} if answers.min() < 0 else {"vmin": -0.25, "vmax": 1.25}
    middle = 0.0 if answers.min() < 0 else 0.5
    axes.imshow(answers, origin="lower", extent=(low[0], high[0], low[1], high[1]), cmap="RdBu", alpha=0.45, **span)
    if answers.min() < middle <= answers.max():
        axes.contour(x, y, answers, levels=[middle], colors="0.25", linewidths=1.0)
    for positive, color, marker in ((True, POSITIVE, "o"), (False, NEGATIVE, "X")):
        chosen = examples[(labels > 0) == positive]
        axes.scatter(*chosen.T, color=color, marker=marker, s=55, edgecolor="w", linewidth=0.8, zorder=3)
    axes.set_aspect("auto")
    axes.set_title(title, fontsize=9)
