"""What the history's figures share: plain axes, and the decision regions of anything with two inputs."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from nnjax.core.types import Array
from nnjax.report.charts.themed_svg import AS_IS

P = ParamSpec("P")
NEGATIVE, POSITIVE, GREEN, BROWN = "#b3423a", "#2f5d9b", "#2c7a4b", "#96690a"  # the first two: the classes
REGION = 121  # points along each side of a figure of regions
STYLE: Any = {"axes.titlesize": 9, "legend.fontsize": 8, "legend.title_fontsize": 8, "legend.frameon": False}


def panels(
    columns: int, rows: int = 1, width: float = 3.0, height: float = 2.9
) -> Callable[[Callable[Concatenate[Any, P], None]], Callable[P, Figure]]:
    """Turn a function that fills axes [columns] (or [rows, columns]) into one that draws a figure.

    Args:
      columns, rows: of axes, without the frame's upper and right edges.
      width, height: of each, in inches.
    """

    def decorate(fill: Callable[Concatenate[Any, P], None]) -> Callable[P, Figure]:
        """Make a function that draws a figure of one that fills axes."""

        @functools.wraps(fill)
        def draw(*args: P.args, **kwargs: P.kwargs) -> Figure:
            """Draw the figure."""
            with matplotlib.rc_context(STYLE):
                figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
                axes = figure.subplots(rows, columns, squeeze=False)
                for one in axes.ravel():
                    one.spines[["top", "right"]].set_visible(False)
                    one.tick_params(labelsize=8)
                fill(axes if rows > 1 else axes[0], *args, **kwargs)
            return figure

        return draw

    return decorate


def draw_regions(
    axes: Any,
    output: Callable[[np.ndarray], Any],
    examples: Array,
    labels: Array,
    margin: float = 0.5,
    **properties: Any,
) -> None:
    """Color the plane by the output of a unit or network, and draw the examples over it.

    Args:
      axes: of matplotlib.
      output: points [n, 2] -> answers [n], negative (or below a half, of answers in [0, 1]) on one side.
      examples: [k, 2].
      labels: [k]; positive ones are of one class, all others of the other.
      margin: how far the axes go beyond the examples.
      properties: of the axes, such as the title.
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
        axes.scatter(*chosen.T, color=color, marker=marker, s=55, edgecolor="w", linewidth=0.8, zorder=3, gid=AS_IS)
    axes.set(aspect="auto", **properties)
