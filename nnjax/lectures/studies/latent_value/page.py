"""The page of the study of latent spaces: its figure and its tables."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nnjax.core.csv_text import to_csv
from nnjax.core.files import write_atomically
from nnjax.embed.codes import FALLING, MEASURES
from nnjax.lectures.studies.latent_value.text import Winners, sentences, winners
from nnjax.lectures.text import read_text
from nnjax.report import study_page
from nnjax.report.charts import figures
from nnjax.report.study_page import StudyPage, Table

COLUMNS = 4
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
COLORS = {"PCA": "#1d1f23", "ICA": "#94a4a2", "LDA": "#832db6", "k-means": "#ffa90e"}
OTHERS = ("#3f90da", "#bd1f01", "#a96b59", "#717581")
HEADS = {
    "knn_accuracy": "5-NN right",
    "linear_accuracy": "linear right",
    "reconstruction": "squared error",
    "trustworthiness": "T(10)",
    "shepard": "Shepard",
    "euclidean_recall": "recall",
    "dtw_recall": "recall, DTW",
}


def write(frame: pd.DataFrame, arms: Sequence[str], num_seeds: int, workdir: pathlib.Path) -> pathlib.Path:
    """Write results.csv, figure.png and study.html of `LatentValue.results`, each whole; returns the page's path."""
    won = winners(frame, arms)
    text = read_text(__file__, "study.toml", seeds=num_seeds)
    page = StudyPage(
        text["title"],
        sentences(frame, won),
        {"figure.png": text["caption"]},
        [contest(won)._replace(notes=[text["contest"]]), table(frame)._replace(notes=[text["table"]])],
        [text["how"], *(f"{HEADS[name]}: {meaning}." for name, meaning in MEASURES.items())],
    )
    write_atomically(workdir / "results.csv", to_csv(frame, float_format="%.7g"))
    return study_page.write(page, {"figure.png": plot(frame)}, workdir)


def contest(won: Winners) -> Table:
    """Tabulate the winners by set and measure over the widths."""
    widths = sorted({width for _, _, width in won})
    rows: list[list[str]] = []
    for which in dict.fromkeys(which for which, _, _ in won):
        rows.append([which])
        for measure in dict.fromkeys(name for own, name, _ in won if own == which):
            rows.append([HEADS[measure], *(won.get((which, measure, width), "") for width in widths)])
    return Table("PCA or an autoencoder?", ["measure", *map(str, widths)], rows)


def measured(frame: pd.DataFrame) -> list[str]:
    """List the measures that a frame has, in their order."""
    return [name for name in MEASURES if name in frame and frame[name].notna().any()]


def table(frame: pd.DataFrame) -> Table:
    """Tabulate mean ± standard deviation over the seeds, by set, method and width; ★ marks the best of a width."""
    names = measured(frame)
    rows: list[list[str]] = []
    for which, of_set in frame.groupby("set", sort=False):
        rows.append([str(which)])
        stars = {(width, name): best(of_width, name) for width, of_width in of_set.groupby("width") for name in names}
        for (method, width), cell in of_set.groupby(["method", "width"], sort=False):
            cells = [_cell(cell[name], method == stars[width, name]) for name in names]
            rows.append([str(method), str(width), *cells])
    return Table("Every method and width", ["method", "width", *(HEADS[name] for name in names)], rows)


def best(of_width: pd.DataFrame, measure: str) -> str | None:
    """Find the method of the best mean among at least two; None where there are not so many."""
    means = of_width.groupby("method")[measure].mean().dropna()
    if len(means) < 2:
        return None
    return str(means.idxmin() if measure in FALLING else means.idxmax())


def _cell(values: pd.Series, star: bool) -> str:
    values = values.dropna()
    if values.empty:
        return "–"
    digits = 4 if values.mean() < 0.1 else 3
    text = f"{values.mean():.{digits}f}"
    text += f" ± {values.std():.{digits}f}" if len(values) > 1 else ""
    return text + " ★" * star


def plot(frame: pd.DataFrame) -> Figure:
    """Draw a block a set, a panel a measure, a line a method."""
    sets = {str(which): of_set for which, of_set in frame.groupby("set", sort=False)}
    heights = {which: -(-len(measured(of_set)) // COLUMNS) for which, of_set in sets.items()}
    figure = Figure(figsize=(2.5 * COLUMNS, 2.2 * sum(heights.values()) + 0.4 * len(sets) + 0.6), layout="constrained")
    colors = _colors(frame)
    parts = figure.subfigures(len(sets), 1, squeeze=False, height_ratios=list(heights.values())).ravel()
    lines: dict[str, Any] = {}
    for (which, of_set), part in zip(sets.items(), parts, strict=True):
        part.suptitle(figures.plain(which), x=0.01, ha="left", fontsize=11, weight="bold")
        part.supxlabel("how many numbers stand for an example", fontsize=8)
        axes = part.subplots(heights[which], COLUMNS, squeeze=False).ravel()
        for one in axes[len(measured(of_set)) :]:
            one.set_axis_off()
        for name, one in zip(measured(of_set), axes, strict=False):
            _panel(one, of_set, name, colors)
            one.set_title(HEADS[name], fontsize=9)
            lines |= {line.get_label(): line for line in one.get_lines() if line.get_label() in colors}
    order = [method for method in colors if method in lines]
    figure.legend([lines[m] for m in order], order, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def _colors(frame: pd.DataFrame) -> dict[str, str]:
    """Choose a color a method; autoencoders have those that are left."""
    colors = dict(COLORS)
    for method in dict.fromkeys(frame["method"]):
        if method not in colors and not method.startswith("all inputs"):
            colors[method] = OTHERS[(len(colors) - len(COLORS)) % len(OTHERS)]
    return colors


def _panel(axis: Any, of_set: pd.DataFrame, measure: str, colors: Mapping[str, str]) -> None:
    """Draw lines of one measure over the width."""
    axis.grid(alpha=0.25, lw=0.5)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=7)
    for method, color in colors.items():
        groups = of_set[of_set["method"] == method].groupby("width")[measure]
        mean, low, high = groups.mean(), groups.min(), groups.max()
        if mean.notna().any():
            own = method not in COLORS
            width = 1.8 if own or method == "PCA" else 1.2
            axis.plot(mean.index, mean, color=color, lw=width, marker="o", ms=2.5, label=method)
            axis.fill_between(mean.index, low, high, color=color, alpha=0.18, lw=0)
    for method, style in {"all inputs": ":", "all inputs, DTW": "-."}.items():
        value = of_set.loc[of_set["method"] == method, measure].mean()
        if np.isfinite(value):
            axis.axhline(value, color="0.4", ls=style, lw=1)
    widths = sorted(set(of_set.loc[~of_set["method"].str.startswith("all inputs"), "width"]))
    axis.set_xscale("log", base=2)
    ticks = [width for width in widths if width & (width - 1) == 0]
    axis.set_xticks(ticks, list(map(str, ticks)))
    axis.set_xticks([], minor=True)
    if measure in FALLING:
        others = of_set.loc[of_set["method"] != "LDA", measure]
        axis.set_yscale("log")
        axis.set_ylim(0.8 * others.min(), 1.25 * others.max())
        ticks = [tick for tick in TICKS if 0.8 * others.min() < tick < 1.25 * others.max()]
        axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_yticks([], minor=True)
