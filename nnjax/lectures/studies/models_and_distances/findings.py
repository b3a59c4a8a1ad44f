"""What is seen when models and distances stand side by side, in sentences made of the numbers; and the page."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from nnjax.lectures.studies.methods import CLUSTERS, K_MEANS, MODEL, NEIGHBORS, NUM_NEIGHBORS
from nnjax.lectures.studies.models_and_distances.grid import accuracies, agreements, summary
from nnjax.lectures.studies.views import ABSENT, WINDOW
from nnjax.report.study_page import StudyPage

TITLE = "Do not confuse the distance with the model"


class Effect(NamedTuple):
    """What a choice changes: its worst and its best option with their mean accuracies."""

    worst: str
    low: float
    best: str
    high: float

    @property
    def points(self) -> float:
        """Between the two, in points of a hundred."""
        return 100 * (self.high - self.low)

    def __str__(self) -> str:
        """Such as 11.7 points (Jaccard 87.5 %, DTW 99.2 %)."""
        return f"{self.points:.1f} points ({self.worst} {100 * self.low:.1f} %, {self.best} {100 * self.high:.1f} %)"


def effect(results: pd.DataFrame, data: str, kind: str, without: str = "") -> Effect:
    """What the choice within a kind changes on a set; of clusters, the choice of k-medoids' distance.

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
    """One a set on distance against model, one on the best of both, one on clusters.

    Args:
      results: of `ModelsAndDistances.results`.
    """
    names = list(results["data"].unique())
    out = [_contrast(results, name) for name in names]
    duels = "; ".join(f"{name} {_duel(results, name)}" for name in names)
    out.append(f"Nearest neighbours under their best distance minus the best model, split by split: {duels}.")
    changes = "; ".join(f"{name} {effect(results, name, CLUSTERS)}" for name in names)
    out.append(f"Without labels, the distance changes what k-medoids finds by: {changes}.")
    return out


def _contrast(results: pd.DataFrame, name: str) -> str:
    whole = effect(results, name, NEIGHBORS, "kNN, Jaccard").points
    return (
        f"On {name} the distance changes nearest neighbours by {effect(results, name, NEIGHBORS)}, by {whole:.1f} "
        f"without Jaccard, which drops the values; the model changes the accuracy by {effect(results, name, MODEL)}."
    )


def _duel(results: pd.DataFrame, name: str) -> str:
    """The difference of the best distance and the best model, mean ± std over splits, and how often it is above 0."""
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
    chosen = "Mean ± standard deviation over the splits; which one is best in a column was seen on the test parts."
    return StudyPage(
        title=TITLE,
        sentences=sentences(results),
        figures={"figure.png": "Test accuracy by method (rows) and data (columns); bars are ± one standard deviation."},
        tables=[table._replace(notes=[chosen, *absent]), agreements(results)],
        how=[*_sizes(sets, results), *HOW],
    )


def _sizes(sets: pd.DataFrame, results: pd.DataFrame) -> list[str]:
    parts = "; ".join(
        f"{row.data} ({row.view}) {row.train:,} to learn from and {row.test:,} to test on" for row in sets.itertuples()
    )
    return [f"{results['seed'].nunique()} random splits, the same ones for every method: {parts}."]


HOW = (
    "Models: linear regression on ±1 with the squared penalty of least leave-one-out error; logistic regression; a "
    "support vector machine with a radial kernel; 300 trees; 100 rounds of boosted trees of depth 3 (all with "
    "scikit-learn's other defaults). The multilayer perceptron is nnjax's, one population with a network a split. None "
    "was tuned.",
    f"Nearest neighbours: of {', '.join(map(str, NUM_NEIGHBORS[:-1]))} and {NUM_NEIGHBORS[-1]} neighbours, the number "
    "with the least leave-one-out error on the training part.",
    "Jaccard compares sets: pixels above half of white, columns above their training median, points above the mean of "
    f"their series. DTW has a band of {100 * WINDOW:.0f} % of the length; an image is the series of its rows, so rows "
    "may shift up and down, but not pixels within a row.",
    "Clusters: as many as classes, found on the training part without labels. k-medoids needs no mean, so it works "
    "under every distance; k-means only where there are means. Test examples go to the nearest centre. Each cluster "
    "stands for one class, by the one-to-one naming that is best on the training part. ARI and AMI (adjusted Rand "
    "index, adjusted mutual information) need no naming: 0 is chance, 1 is agreement.",
)
