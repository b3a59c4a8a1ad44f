"""Findings of the study of models and distances, in sentences made of its numbers; and its page."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from nnjax.distances.scores import CLUSTERS, K_MEANS, MODEL, NEIGHBORS, NUM_NEIGHBORS
from nnjax.distances.views import ABSENT, WINDOW
from nnjax.lectures.studies.models_and_distances.grid import accuracies, agreements, summary
from nnjax.lectures.text import read_text
from nnjax.report.study_page import StudyPage


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
    means = summary(results)["mean"][data][kind].dropna().drop([K_MEANS, without], errors="ignore")
    short = [method.split(", ")[-1] for method in means.index]
    low, high = int(np.argmin(means)), int(np.argmax(means))
    return Effect(short[low], float(means.iloc[low]), short[high], float(means.iloc[high]))


def sentences(results: pd.DataFrame) -> list[str]:
    """Write the findings: one a set on distance against model, one on the best of both, one on clusters.

    Args:
      results: of `ModelsAndDistances.results`.
    """
    names = list(results["data"].unique())
    out = [_contrast(results, name) for name in names]
    contests = "; ".join(f"{name} {_best_against_best(results, name)}" for name in names)
    out.append(f"Nearest neighbours under their best distance minus the best model, split by split: {contests}.")
    changes = "; ".join(f"{name} {effect(results, name, CLUSTERS)}" for name in names)
    out.append(f"Without labels, the distance changes what k-medoids finds by: {changes}.")
    return out


def _contrast(results: pd.DataFrame, name: str) -> str:
    whole = effect(results, name, NEIGHBORS, "kNN, Jaccard").points
    return (
        f"On {name} the distance changes nearest neighbours by {effect(results, name, NEIGHBORS)}, by {whole:.1f} "
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
