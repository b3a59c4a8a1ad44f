"""The page of the study of models and distances: figure, tables, and findings in sentences made of its numbers."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nnjax.distances.scores import CLUSTERS, DENSITY, K_MEANS, MODEL, NEIGHBORS, NUM_NEIGHBORS
from nnjax.distances.views import ABSENT, WINDOW
from nnjax.lectures.text import read_text
from nnjax.report.charts import figures
from nnjax.report.study_page import StudyPage, Table

COLORS = {"model": "#2f5d9b", "kNN": "#b5832a", "clusters": "#2c7a4b"}
HEADINGS = {"model": "Models", "kNN": "Nearest neighbors", "clusters": "Clusters, found without labels"}
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
    """Draw mean and standard deviation of each method on one data set."""
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


class Effect(NamedTuple):
    """The effect of a choice: its worst and its best option with their mean accuracies."""

    worst: str
    low: float
    best: str
    high: float

    @property
    def points(self) -> float:
        """The difference in percentage points."""
        return 100 * (self.high - self.low)

    def __str__(self) -> str:
        """Such as 11.7 points (Jaccard 87.5 %, DTW 99.2 %)."""
        return f"{self.points:.1f} points ({self.worst} {100 * self.low:.1f} %, {self.best} {100 * self.high:.1f} %)"


def effect(results: pd.DataFrame, data: str, kind: str, without: str = "") -> Effect:
    """Measure the effect of the choice within a kind on a set; of clusters, the choice of k-medoids' distance.

    Args:
      results: as for `sentences`.
      data: the set.
      kind: MODEL, NEIGHBORS or CLUSTERS.
      without: a method to leave out.
    """
    means = summary(results)["mean"][data][kind].dropna().drop([K_MEANS, DENSITY, without], errors="ignore")
    short = [method.split(", ")[-1] for method in means.index]
    low, high = int(np.argmin(means)), int(np.argmax(means))
    return Effect(short[low], float(means.iloc[low]), short[high], float(means.iloc[high]))


def sentences(results: pd.DataFrame) -> list[str]:
    """Write the findings: one a set on distance against model, one on the best of both, one on clusters."""
    names = list(results["data"].unique())
    out = [_contrast(results, name) for name in names]
    contests = "; ".join(f"{name} {_best_against_best(results, name)}" for name in names)
    out.append(f"Nearest neighbors under their best distance minus the best model, split by split: {contests}.")
    changes = "; ".join(f"{name} {effect(results, name, CLUSTERS)}" for name in names)
    out.append(f"Without labels, the distance changes what k-medoids finds by: {changes}.")
    return out


def _contrast(results: pd.DataFrame, name: str) -> str:
    whole = effect(results, name, NEIGHBORS, "kNN, Jaccard").points
    return (
        f"On {name} the distance changes nearest neighbors by {effect(results, name, NEIGHBORS)}, by {whole:.1f} "
        f"without Jaccard, which drops the values; the model changes the accuracy by {effect(results, name, MODEL)}."
    )


def _best_against_best(results: pd.DataFrame, name: str) -> str:
    """Compare the best distance with the best model: mean difference ± std over splits, and how often it is above 0."""
    means = summary(results)["mean"][name]
    of_split = results[results["data"] == name].pivot(index="seed", columns="method", values="accuracy")
    found = of_split[means[NEIGHBORS].idxmax()] - of_split[means[MODEL].idxmax()]
    ahead = f"ahead in {(found > 0).sum()} of {len(found)}"
    mean = round(100 * found.mean(), 1) + 0.0  # no −0.0
    return f"{mean:+.1f} ± {100 * found.std():.1f} points ({ahead})".replace("-", "−")


def page(results: pd.DataFrame) -> StudyPage:
    """Describe the results of `ModelsAndDistances`."""
    sets = results.drop_duplicates("data")
    table = accuracies(results)
    present = list(zip(sets["data"], sets["view"], strict=True))
    absent = [f"– {d} under {name}: {ABSENT[v, name]}." for d, v in present for kind, name in ABSENT if kind == v]
    text = read_text(
        __file__,
        "study.toml",
        splits=results["seed"].nunique(),
        sizes="; ".join(
            f"{row.data} ({row.view}) {row.train:,} to learn from and {row.test:,} to test on"
            for row in sets.itertuples()
        ),
        neighbors=f"{', '.join(map(str, NUM_NEIGHBORS[:-1]))} and {NUM_NEIGHBORS[-1]}",
        window=100 * WINDOW,
    )
    return StudyPage(
        title=text["title"],
        sentences=sentences(results),
        figures={"figure.png": text["caption"]},
        tables=[table._replace(notes=[*text["notes"], *absent]), agreements(results)],
        how=text["how"],
    )
