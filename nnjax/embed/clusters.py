"""Cluster points and measure the scatter: the loss of learning without labels in the lecture slides."""

from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.embed import checks

CLUSTERINGS = ("kmeans", "agglomerative", "density")
RESTARTS = 4
LEAST_DENSE = 5  # points of a cluster by density, or a hundredth of all
NOISE = -1


class Clustering(NamedTuple):
    """A division into c clusters.

    Attributes:
      labels: [n] int, 0 to c - 1; -1 for noise, points of no cluster, which the two sums leave out.
      centers: [c, d] float64, means of the clusters.
      within: Σ of squared distances to the own center (the inertia that k-means descends).
      between: Σ over the clusters of size × squared distance of the center to the mean of all clustered points.
    """

    labels: np.ndarray
    centers: np.ndarray
    within: float
    between: float


def cluster(x: np.ndarray, method: str, num_clusters: int | None = None, *, seed: int = 0) -> Clustering:
    """Divide points into clusters, by scikit-learn.

    Args:
      x: [n, d] finite numbers.
      method: "kmeans" (k-means++, best of 4), "agglomerative" (Ward: the union that raises `within` least) or "density"
        (HDBSCAN, Campello et al. 2013: dense regions of at least 5 points and a hundredth of all; the rest is noise).
      num_clusters: c; "density" finds their number itself.
      seed: of k-means's first centers.

    Raises:
      UserError: an unknown method, or not 1 to n clusters (of distinct points).
    """
    from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans

    checks.choice("clustering", method, CLUSTERINGS)
    x = np.asarray(checks.points(x), np.float64)
    if method == "density":
        least = min(max(LEAST_DENSE, len(x) // 100), len(x))
        return scatter(x, HDBSCAN(min_cluster_size=least, copy=True).fit_predict(x))
    distinct = len(np.unique(x, axis=0))
    if num_clusters is None:
        raise UserError(f"{method} needs the number of clusters, but none was given: give num_clusters.")
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
      labels: [n] int, 0 to c - 1, each there; -1 for points that are left out.
    """
    x, labels = np.asarray(x, np.float64), np.asarray(labels)
    inside, own = x[labels != NOISE], labels[labels != NOISE]
    sizes = np.bincount(own)
    sums = np.zeros((len(sizes), x.shape[1]))
    np.add.at(sums, own, inside)
    centers = sums / sizes[:, None]
    if not len(inside):
        return Clustering(labels, centers, 0.0, 0.0)
    within = float(np.square(inside - centers[own]).sum())
    between = float(sizes @ np.square(centers - inside.mean(axis=0)).sum(axis=1))
    return Clustering(labels, centers, within, between)
