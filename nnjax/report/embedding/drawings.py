"""The embedding report's figure: every embedding as a small picture."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnjax.report.charts.figures import headline
from nnjax.report.embedding.packing import color

MOST_PICTURES, COLUMNS = 24, 4
SIDE = 2.7  # inches


def plot_embeddings(
    layouts: Sequence[np.ndarray], titles: Sequence[str], labels: np.ndarray | None, classes: Sequence[str]
) -> Figure:
    """Scatter layouts [n, 2] side by side, coloured by class, in rows of four.

    Args:
      layouts: at most 24 are drawn.
      titles: one a layout.
      labels: [n] class indices; None for one colour.
      classes: their names.
    """
    shown = min(len(layouts), MOST_PICTURES)
    columns = min(COLUMNS, shown)
    rows = math.ceil(shown / columns)
    figure = Figure(figsize=(max(columns * SIDE, 4.5), rows * (SIDE + 0.35) + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    colors = np.array([color(0)]) if labels is None else np.array([color(i) for i in range(len(classes))])
    points = colors[0] if labels is None else colors[labels]
    for one, layout, title in zip(axes, layouts, titles, strict=False):
        size = min(22.0, max(1.5, 5000 / len(layout)))
        one.scatter(*layout.T, s=size, c=points, lw=0, alpha=0.8, rasterized=True)
        one.set_title("\n".join(map(headline, title.split("\n"))), fontsize=8)
    for one in axes:
        one.set(xticks=(), yticks=(), aspect="equal")
        one.spines[:].set_visible(False)
    if labels is not None and len(classes) <= 20:
        _legend(figure, np.unique(labels), classes)
    return figure


def _legend(figure: Any, present: np.ndarray, classes: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], marker="o", ls="", ms=5, color=color(int(i))) for i in present]
    names = [classes[i].replace("$", r"\$") for i in present]
    figure.legend(marks, names, loc="outside lower center", ncols=10, frameon=False, fontsize=8, handletextpad=0.1)
