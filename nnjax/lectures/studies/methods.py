"""Classifiers, nearest neighbours and clusters, each scored on the test part of one split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nnjax.distances import classify, leave_one_out_error
from nnjax.distances.clusters import k_medoids, name_clusters
from nnjax.lectures.studies.views import METRICS, Examples, distances

MODEL, NEIGHBORS, CLUSTERS = "model", "kNN", "clusters"
NUM_NEIGHBORS = (1, 3, 5, 9)  # to choose from
PENALTIES = np.logspace(-2, 4, 13)  # of linear regression, to choose from
K_MEANS = "k-means, Euclidean"


class Score(NamedTuple):
    """What a method does on a test part.

    Attributes:
      kind: MODEL, NEIGHBORS or CLUSTERS.
      method: for people.
      accuracy: share of right answers; of clusters under the naming that is best on the training part.
      ari, ami: adjusted Rand index (Hubert & Arabie 1985) and adjusted mutual information (Vinh et al. 2010) of
        clusters with classes; NaN elsewhere.
      num_neighbors: that leave-one-out chose; 0 elsewhere.
    """

    kind: str
    method: str
    accuracy: float
    ari: float = np.nan
    ami: float = np.nan
    num_neighbors: int = 0


def linear(seed: int) -> Any:
    """Least squares on ±1, one against all, with the squared penalty that leave-one-out likes best."""
    from sklearn.linear_model import RidgeClassifierCV

    return RidgeClassifierCV(PENALTIES)


def logistic(seed: int) -> Any:
    """Softmax regression, scikit-learn's penalty."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=5000)


def support_vectors(seed: int) -> Any:
    """Radial kernel, scikit-learn's width and penalty."""
    from sklearn.svm import SVC

    return SVC()


def forest(seed: int) -> Any:
    """300 trees."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(300, random_state=seed)


def boosting(seed: int) -> Any:
    """100 rounds of trees of depth 3, each split among √d of the inputs."""
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(max_features="sqrt", random_state=seed)


MODELS: dict[str, Callable[[int], Any]] = {
    "linear regression": linear,
    "logistic regression": logistic,
    "support vector machine": support_vectors,
    "random forest": forest,
    "gradient boosting": boosting,
}


def of_models(some: Examples, seed: int) -> list[Score]:
    """Scikit-learn's models; the seed is of those that draw."""
    fitted = {name: make(seed).fit(some.x, some.y) for name, make in MODELS.items()}
    return [Score(MODEL, name, right(model.predict(some.q), some.truth)) for name, model in fitted.items()]


def of_distances(some: Examples) -> list[Score]:
    """Nearest neighbours and k-medoids under each distance that there is for these examples."""
    scores = []
    for name in METRICS:
        found = distances(some, name)
        if found is not None:
            scores += [neighbors(some, name, *found), medoids(some, name, *found)]
    return scores


def neighbors(some: Examples, name: str, among: np.ndarray, to: np.ndarray) -> Score:
    """Nearest neighbours, as many as leave-one-out on the training part likes best, of equal ones the fewest.

    Args:
      some: the examples.
      name: of the distance.
      among, to: as from `distances`.
    """
    errors = {k: leave_one_out_error(among, some.y, k) for k in NUM_NEIGHBORS if k < len(some.y)}
    best = min(errors, key=lambda k: errors[k])
    return Score(NEIGHBORS, f"kNN, {name}", right(classify(to, some.y, best), some.truth), num_neighbors=best)


def medoids(some: Examples, name: str, among: np.ndarray, to: np.ndarray) -> Score:
    """k-medoids of the training part, k the number of classes; test examples go to the nearest medoid."""
    found = k_medoids(among, some.num_classes)
    return clusters(some, f"k-medoids, {name}", found.labels, to[:, found.medoids].argmin(axis=1))


def means(some: Examples, seed: int) -> Score:
    """k-means (Lloyd 1982), the best of 10 starts; only the Euclidean distance has means."""
    from sklearn.cluster import KMeans

    model = KMeans(some.num_classes, n_init=10, random_state=seed).fit(some.x)
    return clusters(some, K_MEANS, model.labels_, model.predict(some.q))


def clusters(some: Examples, method: str, known: np.ndarray, found: np.ndarray) -> Score:
    """Score clusters [m] of the test part by the classes that the clusters [n] of the training part stand for."""
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    names = name_clusters(known, some.y, some.num_classes)
    return Score(
        CLUSTERS,
        method,
        accuracy=right(names[found], some.truth),
        ari=float(adjusted_rand_score(some.truth, found)),
        ami=float(adjusted_mutual_info_score(some.truth, found)),
    )


def right(answers: np.ndarray, truth: np.ndarray) -> float:
    """The share of right answers."""
    return float(np.mean(answers == truth))
