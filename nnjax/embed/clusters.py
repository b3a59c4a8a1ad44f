"""Cluster points and measure the scatter: the loss of learning without labels in the lecture slides."""

from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.embed import checks

CLUSTERINGS = ("kmeans", "agglomerative")
RESTARTS = 4


class Clustering(NamedTuple):
    """A division into c clusters.

    Attributes:
      labels: [n] int, 0 to c - 1.
      centers: [c, d] float64, means of the clusters.
      within: Σ of squared distances to the own center (the inertia that k-means descends).
      between: Σ over the clusters of size × squared distance of the center to the mean of all.
    """

    labels: np.ndarray
    centers: np.ndarray
    within: float
    between: float


def cluster(x: np.ndarray, method: str, num_clusters: int, *, seed: int = 0) -> Clustering:
    """Divide points into clusters, by scikit-learn.

    Args:
      x: [n, d] finite numbers.
      method: "kmeans" (k-means++, best of 4) or "agglomerative" (Ward: the union that raises `within` least).
      num_clusters: c.
      seed: of k-means's first centers.

    Raises:
      UserError: an unknown method, or not 1 to n clusters (of distinct points).
    """
    from sklearn.cluster import AgglomerativeClustering, KMeans

    checks.choice("clustering", method, CLUSTERINGS)
    x = np.asarray(checks.points(x), np.float64)
    distinct = len(np.unique(x, axis=0))
    if not 1 <= num_clusters <= distinct:
        raise UserError(
            f"{num_clusters} clusters were asked for, but of {distinct} distinct rows 1 to {distinct} can be made: "
            "change their number."
        )
    if method == "kmeans":
        labels = KMeans(num_clusters, n_init=RESTARTS, random_state=seed).fit_predict(x)
    else:
        labels = AgglomerativeClustering(num_clusters).fit_predict(x)
    return scatter(x, labels)


def scatter(x: np.ndarray, labels: np.ndarray) -> Clustering:
    """Compute centers and scatters of a given division; within + between is the total scatter, whatever the division.

    Args:
      x: [n, d].
      labels: [n] int, 0 to c - 1, each there.
    """
    x, labels = np.asarray(x, np.float64), np.asarray(labels)
    sizes = np.bincount(labels)
    sums = np.zeros((len(sizes), x.shape[1]))
    np.add.at(sums, labels, x)
    centers = sums / sizes[:, None]
    within = float(np.square(x - centers[labels]).sum())
    between = float(sizes @ np.square(centers - x.mean(axis=0)).sum(axis=1))
    return Clustering(labels, centers, within, between)
