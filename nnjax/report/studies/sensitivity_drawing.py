"""Pictures of a study of sensitivity: every setting small, and every score a dot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.embed.quality import MEASURES
from nnjax.report import figures
from nnjax.report.embedding.packing import aligned, color
from nnjax.report.embedding.words import title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nnjax.studies.sensitivity import Family, Found

COLUMNS, SIDE, MOST = 8, 1.35, 32
SHORT = {"perplexity": "perp", "exaggeration": "×", "learning_rate": "lr", "neighbors": "k", "min_dist": "dist", "seed": "seed"}
DOTS = ("trustworthiness", "shepard", "knn_accuracy")


def plot_layouts(found: Found) -> Figure:
    """One small scatter a setting, a block a method, in rows of eight; of layouts one seed."""
    from matplotlib.figure import Figure

    blocks = [(family, chosen(family)) for family in found.families]
    heights = [math.ceil(len(places) / COLUMNS) for _, places in blocks]
    figure = Figure(figsize=(COLUMNS * SIDE, sum(heights) * (SIDE + 0.32) + 0.4 * len(blocks)), layout="constrained")
    parts = np.ravel(figure.subfigures(len(blocks), 1, height_ratios=[h * (SIDE + 0.32) + 0.4 for h in heights]))
    labels = found.dataset.y[found.rows] if found.dataset.task == "classification" and found.dataset.y is not None else None
    colors = np.array([color(0)] * len(found.rows) if labels is None else [color(int(i)) for i in labels])
    for part, (family, places), height in zip(parts, blocks, heights, strict=True):
        part.suptitle(figures.plain(family.name), x=0.01, ha="left", fontsize=9, weight="bold")
        axes = part.subplots(height, COLUMNS, squeeze=False).ravel()
        for one in axes:
            one.set(xticks=(), yticks=(), aspect="equal", xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
            one.spines[:].set_visible(False)
        _fill(axes, family, places, colors)
    return figure


def _fill(axes: Sequence[Any], family: Family, places: Sequence[int], colors: np.ndarray) -> None:
    able = [i for i in places if np.isfinite(family.planes[i]).all()]
    layouts = dict(zip(able, aligned([family.planes[i] for i in able]), strict=True)) if able else {}
    for one, i in zip(axes, places, strict=False):
        if i in layouts:
            one.scatter(*layouts[i].T, s=1.6, c=colors, lw=0, rasterized=True)
        score = family.qualities[i]["trustworthiness"]
        one.set_title(caption(family, i), fontsize=5.8, pad=2)
        one.set_xlabel(f"T {score:.3f}" if np.isfinite(score) else "diverged", fontsize=6.5, labelpad=1)


def chosen(family: Family) -> list[int]:
    """Which embeddings are drawn: those of the first seed where more than the seed varies, at most 32."""
    seeds = family.factors.get("seed")
    if seeds is None or len(family.factors) == 1 or "learning_rate" in family.factors and len(family.factors) == 2:
        return list(range(len(family.embeddings)))[:MOST]
    return [i for i, seed in enumerate(seeds) if seed == seeds[0]][:MOST]


def caption(family: Family, place: int) -> str:
    """The varied settings of an embedding, in few letters."""
    return " · ".join(f"{SHORT.get(name, name)} {levels[place]:g}" for name, levels in family.factors.items()) or " "


def plot_scores(found: Found) -> Figure:
    """Every embedding a dot, by method: trustworthiness, Shepard correlation, accuracy of neighbours."""
    names = [family.name for family in found.families]
    measures = [name for name in DOTS if name in found.families[0].qualities[0]]

    def fill(axes: Any) -> None:
        for one, measure in zip(axes, measures, strict=True):
            for place, family in enumerate(found.families):
                values = family.scores(measure)
                rise = np.random.default_rng(0).uniform(-0.28, 0.28, len(values)) if len(values) > 1 else np.zeros(1)
                one.scatter(values, place + rise, s=9 if len(values) > 1 else 30, color="#2f5d9b", alpha=0.55, lw=0)
            one.set_yticks(range(len(names)), map(figures.plain, names) if one is axes[0] else [""] * len(names), fontsize=8)
            one.set(ylim=(len(names) - 0.5, -0.5), title=f"{title(measure, 10)}: {MEASURES[measure].split(';')[0]}"[:44])
            one.set_title(measure.replace("_", " ").replace("knn", "kNN"), fontsize=9)
            one.grid(axis="x", alpha=0.25, lw=0.5)
            one.spines[["top", "right"]].set_visible(False)

    return figures.draw(len(measures), 3.4, 0.36 * len(names) + 0.9, fill)
