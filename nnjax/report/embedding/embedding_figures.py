"""Figures of embeddings: each as a small scatter; of sweeps a scatter a setting, and every score a dot."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from nnjax.embed.method_sweeps import MethodSweep
from nnjax.embed.methods import LAYOUTS
from nnjax.report.charts import figures
from nnjax.report.embedding.packing import aligned, color

MOST_PANELS, PANEL = 24, 2.7  # of one figure, and the width of each in inches
COLUMNS, SIDE = (6, 7, 8, 9), 1.35
LEAST = 8  # columns of a block, some of them empty
SHORT = {"perplexity": "perp ", "exaggeration": "×", "learning_rate": "lr ", "neighbors": "k ", "min_dist": "dist "}
PLANE = (*LAYOUTS, "umap")
DOTS = ("trustworthiness", "shepard", "knn_accuracy")
TITLES = {"shepard": "Shepard correlation", "knn_accuracy": "kNN accuracy"}


def plot_embeddings(
    layouts: Sequence[np.ndarray], titles: Sequence[str], labels: np.ndarray | None, classes: Sequence[str]
) -> Figure:
    """Scatter layouts [n, 2] side by side, colored by class, in rows of four.

    Args:
      layouts: at most 24 are drawn.
      titles: one a layout.
      labels: [n] class indices; None for one color.
      classes: their names.
    """
    shown = min(len(layouts), MOST_PANELS)
    columns = min(4, shown)
    rows = -(-shown // columns)
    figure = Figure(figsize=(max(columns * PANEL, 4.5), rows * (PANEL + 0.35) + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    colors = np.array([color(0)]) if labels is None else np.array([color(i) for i in range(len(classes))])
    points = colors[0] if labels is None else colors[labels]
    for one, layout, title in zip(axes, layouts, titles, strict=False):
        size = min(22.0, max(1.5, 5000 / len(layout)))
        one.scatter(*layout.T, s=size, c=points, lw=0, alpha=0.8, rasterized=True)
        one.set_title("\n".join(map(figures.headline, title.split("\n"))), fontsize=8)
    for one in axes:
        one.set(xticks=(), yticks=(), aspect="equal")
        one.spines[:].set_visible(False)
    if labels is not None and len(classes) <= 20:
        _legend(figure, np.unique(labels), classes)
    return figure


def _legend(figure: Any, present: np.ndarray, classes: Sequence[str]) -> None:
    marks = [Line2D([], [], marker="o", ls="", ms=5, color=color(int(i))) for i in present]
    names = [figures.plain(classes[i]) for i in present]
    figure.legend(marks, names, loc="outside lower center", ncols=10, frameon=False, fontsize=8, handletextpad=0.1)


def plot_layouts(sweeps: Sequence[MethodSweep], labels: np.ndarray | None) -> Figure:
    """Draw one small scatter a setting, a block a method, colored by labels [n]."""
    blocks = [(sweep, chosen(sweep)) for sweep in sweeps]
    shapes = [shape(len(places)) for _, places in blocks]
    heights = [rows * (SIDE + 0.3) + 0.25 for rows, _ in shapes]
    layout = ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.02, wspace=0, hspace=0)
    figure = Figure(figsize=(LEAST * SIDE, sum(heights)), layout=layout)
    parts = figure.subfigures(len(blocks), 1, squeeze=False, height_ratios=heights).ravel()
    count = len(sweeps[0].planes[0])
    colors = np.array([color(0 if labels is None else int(labels[i])) for i in range(count)])
    for part, (sweep, places), (rows, columns) in zip(parts, blocks, shapes, strict=True):
        part.suptitle(figures.plain(sweep.name), x=0.01, ha="left", fontsize=10, weight="bold")
        axes = part.subplots(rows, max(columns, LEAST), squeeze=False)
        for one in axes.ravel():
            one.set(xticks=(), yticks=(), aspect="equal", xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
            one.spines[:].set_visible(False)
        _fill(axes[:, :columns].ravel(), sweep, places, colors)
    return figure


def shape(count: int) -> tuple[int, int]:
    """Rows and columns for so many panels: the fewest rows, then the fewest gaps."""
    if count <= LEAST:
        return 1, LEAST
    columns = min(COLUMNS, key=lambda columns: (-(-count // columns), -(-count // columns) * columns))
    return -(-count // columns), columns


def _fill(axes: Sequence[Any], sweep: MethodSweep, places: Sequence[int], colors: np.ndarray) -> None:
    able = [i for i in places if np.isfinite(sweep.planes[i]).all()]
    layouts = dict(zip(able, aligned([sweep.planes[i] for i in able]), strict=True)) if able else {}
    names = [name for name, levels in sweep.factors.items() if len({levels[i] for i in places}) > 1]
    for one, i in zip(axes, places, strict=False):
        if i in layouts:
            one.scatter(*layouts[i].T, s=2.2, c=colors, lw=0, rasterized=True)
        score = sweep.qualities[i]["trustworthiness"]
        parts = "  ".join(f"{SHORT.get(name, name + ' ')}{sweep.factors[name][i]:g}" for name in names)
        one.set_title(parts or " ", fontsize=7.4, pad=2)
        one.set_xlabel(f"T {score:.3f}" if np.isfinite(score) else "diverged", fontsize=7.4, labelpad=1)


def chosen(sweep: MethodSweep) -> list[int]:
    """Which embeddings are drawn, in which order.

    Of those that start at random one perplexity, a row a seed; of other layouts the first seed; of the rest all.
    """
    everything = list(range(len(sweep.embeddings)))
    perplexities, seeds = sweep.factors.get("perplexity"), sweep.factors.get("seed")
    if perplexities is not None and seeds is not None and sweep.embeddings[0].options.get("init") == "random":
        levels = sorted(set(perplexities))
        kept = [i for i in everything if perplexities[i] == levels[len(levels) // 2]]
        return sorted(kept, key=lambda i: seeds[i])
    if seeds is not None and len(sweep.factors) > 1 and sweep.embeddings[0].method in PLANE:
        return [i for i in everything if seeds[i] == seeds[0]]
    return everything


def plot_scores(sweeps: Sequence[MethodSweep]) -> Figure:
    """Draw every embedding as a dot, by method: trustworthiness, Shepard correlation, accuracy of neighbors."""
    names = [sweep.name for sweep in sweeps]
    measures = [name for name in DOTS if name in sweeps[0].qualities[0]]
    figure, axes = figures.subplots(len(measures), 3.4, 0.36 * len(names) + 0.9)
    for one, measure in zip(axes, measures, strict=True):
        for place, sweep in enumerate(sweeps):
            values = sweep.scores(measure)
            rise = np.random.default_rng(0).uniform(-0.28, 0.28, len(values)) if len(values) > 1 else np.zeros(1)
            one.scatter(values, place + rise, s=9 if len(values) > 1 else 30, color="#2f5d9b", alpha=0.55, lw=0)
        shown = [figures.plain(name) if one is axes[0] else "" for name in names]
        one.set_yticks(range(len(names)), shown, fontsize=8)
        one.set_ylim(len(names) - 0.5, -0.5)
        one.set_title(TITLES.get(measure, measure), fontsize=9)
        one.grid(axis="x", alpha=0.25, lw=0.5)
        one.spines[["top", "right"]].set_visible(False)
    return figure
