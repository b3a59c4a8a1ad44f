"""Models and distances beside each other: a grid of methods by data sets, mean and spread over splits."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from nnjax.report.charts import figures
from nnjax.report.study_page import Table

COLORS = {"model": "#2f5d9b", "kNN": "#b5832a", "clusters": "#2c7a4b"}
HEADINGS = {"model": "Models", "kNN": "Nearest neighbours", "clusters": "Clusters, found without labels"}
ROW = 0.2  # inches


def summary(results: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Compute mean and std over splits, by kind and method (rows) and data (second level of columns), or NaN.

    Args:
      results: columns data, kind, method and the metric; a row a split.
      metric: which.
    """
    order = ["kind", "method"]
    table = results.groupby([*order, "data"], sort=False)[metric].agg(["mean", "std"]).unstack("data")
    kinds = {kind: place for place, kind in enumerate(COLORS)}
    return table.sort_index(level="kind", key=lambda level: level.map(kinds), sort_remaining=False, kind="stable")


def draw(results: pd.DataFrame) -> Figure:
    """Draw accuracies: supervised methods above, clusters below, a column a data set; bars are ± one std."""
    table, names = summary(results), list(results["data"].unique())
    clusters = table.index.get_level_values("kind") == "clusters"
    parts = [table[~clusters], table[clusters]]
    heights = [len(part) for part in parts]
    figure = Figure(figsize=(4.8, ROW * sum(heights) + 1.3), layout="constrained")
    grid = figure.subplots(2, len(names), squeeze=False, sharey="row", gridspec_kw={"height_ratios": heights})
    for line, part in zip(grid, parts, strict=True):
        for axes, name in zip(line, names, strict=True):
            _panel(axes, part, name)
    for axes, name in zip(grid[0], names, strict=True):
        axes.set_title(figures.plain(name), fontsize=8.5)
    figure.supxlabel("test accuracy, %", fontsize=8)
    return figure


def _panel(axes: Any, part: pd.DataFrame, name: str) -> None:
    mean, std = 100 * part["mean"][name], 100 * part["std"][name]
    for place, kind in enumerate(part.index.get_level_values("kind")):
        style = {"color": COLORS[kind], "ms": 4.5, "lw": 1.3}
        if mean.isna().iloc[place]:
            axes.text(0.5, place, "–", ha="center", va="center", fontsize=8, transform=axes.get_yaxis_transform())
        axes.errorbar(mean.iloc[place], place, xerr=std.iloc[place], fmt="o", **style)
    axes.set_yticks(range(len(part)), [figures.plain(method) for _, method in part.index])
    axes.set_ylim(len(part) - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=3)
    axes.tick_params(labelsize=8, length=2)
    axes.grid(alpha=0.3, lw=0.5)
    axes.spines[["top", "right"]].set_visible(False)


def accuracies(results: pd.DataFrame) -> Table:
    """Tabulate accuracies in per cent, mean ± std over splits."""
    table, names = 100 * summary(results), list(results["data"].unique())
    rows: list[list[str]] = []
    for kind, heading in HEADINGS.items():
        rows.append([heading])
        for method, line in table.loc[kind].iterrows():
            rows.append([str(method), *(_spread(line["mean"][name], line["std"][name], 1) for name in names)])
    return Table("Test accuracy, %", ["", *names], rows)


def agreements(results: pd.DataFrame) -> Table:
    """Tabulate the adjusted Rand index and adjusted mutual information of the clusters, mean ± std over splits."""
    names = list(results["data"].unique())
    found = {metric: summary(results, metric).loc["clusters"] for metric in ("ari", "ami")}
    columns = {f"{name}, {metric.upper()}": (found[metric], name) for name in names for metric in found}
    rows = [
        [str(method), *(_spread(one["mean"][name][method], one["std"][name][method]) for one, name in columns.values())]
        for method in found["ari"].index
    ]
    return Table("Clusters and classes", ["", *columns], rows)


def _spread(mean: float, std: float, digits: int = 2) -> str:
    """Format mean and std, such as 92.4 ± 0.8; a dash for NaN."""
    return "–" if pd.isna(mean) else f"{mean:.{digits}f} ± {std:.{digits}f}"
