"""Classifiers, nearest neighbors and clusters, each scored on the test part of one split."""

from typing import Any, NamedTuple

import numpy as np

from nnjax.distances.clusters import agreement, k_medoids, name_clusters
from nnjax.distances.neighbors import classify, leave_one_out_error
from nnjax.distances.views import METRICS, Split, distances

MODEL, NEIGHBORS, CLUSTERS = "model", "kNN", "clusters"
NUM_NEIGHBORS = (1, 3, 5, 9)  # to choose from
PENALTIES = np.logspace(-2, 4, 13)  # of linear regression, to choose from
K_MEANS, DENSITY = "k-means, Euclidean", "HDBSCAN, Euclidean"
FEWEST = 5  # examples of a cluster by density


class Score(NamedTuple):
    """Scores of a method on a test part."""

    kind: str  # MODEL, NEIGHBORS or CLUSTERS
    method: str  # for people
    accuracy: float  # share of right answers; of clusters under the naming that is best on the training part
    ari: float = np.nan  # ari, ami: of clusters with classes, see `agreement`; NaN elsewhere
    ami: float = np.nan
    num_neighbors: int = 0  # that leave-one-out chose; 0 elsewhere


def make_models(seed: int) -> dict[str, Any]:
    """Make scikit-learn's classifiers, not fitted; the seed is of those that draw.

    Least squares on ±1 with the squared penalty of least leave-one-out error; softmax regression; a radial kernel; 300
    trees; 100 rounds of trees of depth 3, each split among √d of the inputs. The rest are scikit-learn's defaults.
    """
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
    from sklearn.svm import SVC

    return {
        "linear regression": RidgeClassifierCV(PENALTIES),
        "logistic regression": LogisticRegression(max_iter=5000),
        "support vector machine": SVC(),
        "random forest": RandomForestClassifier(300, random_state=seed),
        "gradient boosting": GradientBoostingClassifier(max_features="sqrt", random_state=seed),
    }


def score_models(some: Split, seed: int) -> list[Score]:
    """Score scikit-learn's models; the seed is of those that draw."""
    fitted = {name: model.fit(some.x, some.labels) for name, model in make_models(seed).items()}
    return [Score(MODEL, name, accuracy(model.predict(some.queries), some.truth)) for name, model in fitted.items()]


def score_distances(some: Split) -> list[Score]:
    """Score nearest neighbors and k-medoids under each distance that there is for these examples."""
    scores = []
    for name in METRICS:
        found = distances(some, name)
        if found is not None:
            scores += [score_neighbors(some, name, *found), score_medoids(some, name, *found)]
    return scores


def score_neighbors(some: Split, name: str, among: np.ndarray, to: np.ndarray) -> Score:
    """Score nearest neighbors, as many as give the least leave-one-out error on the training part.

    Args:
      some: the examples.
      name: of the distance.
      among, to: as from `distances`.
    """
    errors = {k: leave_one_out_error(among, some.labels, k) for k in NUM_NEIGHBORS if k < len(some.labels)}
    best = min(errors, key=lambda k: errors[k])
    return Score(NEIGHBORS, f"kNN, {name}", accuracy(classify(to, some.labels, best), some.truth), num_neighbors=best)


def score_medoids(some: Split, name: str, among: np.ndarray, to: np.ndarray) -> Score:
    """Score k-medoids of the training part, k the number of classes; test examples go to the nearest medoid."""
    found = k_medoids(among, some.num_classes)
    return score_clusters(some, f"k-medoids, {name}", found.labels, to[:, found.medoids].argmin(axis=1))


def score_k_means(some: Split, seed: int) -> Score:
    """Score k-means (Lloyd 1982), the best of 10 starts; only the Euclidean distance has means."""
    from sklearn.cluster import KMeans

    model = KMeans(some.num_classes, n_init=10, random_state=seed).fit(some.x)
    return score_clusters(some, K_MEANS, model.labels_, model.predict(some.queries))


def score_density(some: Split) -> Score:
    """Score clusters of dense regions (HDBSCAN, Campello, Moulavi & Sander 2013), whose number nobody gives.

    A cluster has a tenth of a class at least. Examples in no cluster are one more cluster, which stands for a class
    only if others are too few; a test example goes where its nearest training example is.
    """
    from sklearn.cluster import HDBSCAN

    least = max(FEWEST, len(some.labels) // (10 * some.num_classes))
    known = HDBSCAN(min_cluster_size=least, copy=True).fit(some.x).labels_
    known = np.where(known < 0, known.max() + 1, known)
    nearest = np.square(some.queries[:, None].astype(float) - some.x[None]).sum(axis=-1).argmin(axis=1)
    return score_clusters(some, DENSITY, known, known[nearest])


def score_clusters(some: Split, method: str, known: np.ndarray, found: np.ndarray) -> Score:
    """Score clusters [m] of the test part by the classes that the clusters [n] of the training part stand for."""
    names = name_clusters(known, some.labels, some.num_classes)
    alike = agreement(some.truth, found)
    return Score(CLUSTERS, method, accuracy(names[found], some.truth), alike["ari"], alike["ami"])


def accuracy(answers: np.ndarray, truth: np.ndarray) -> float:
    """Compute the share of right answers."""
    return float(np.mean(answers == truth))
