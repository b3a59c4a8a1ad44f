"""Cluster by a matrix of distances (k-medoids), match clusters to classes, and compare them."""

from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array

GAIN = 1e-9  # a swap must lower the cost by this share of it: rounding never makes a cycle


class Medoids(NamedTuple):
    """Clusters around examples."""

    medoids: np.ndarray  # [k] int, which examples; cluster c is that of medoids[c]
    labels: np.ndarray  # [n] int, the cluster of the nearest medoid; of equally near ones the first
    cost: float  # sum of the distances to the nearest medoids


def k_medoids(distances: Array, k: int) -> Medoids:
    """Choose k examples so that no swap with another one lowers the sum of distances to the nearest of them.

    Deterministic: greedy choice (BUILD), then the best swap until none helps (SWAP). Source: Kaufman & Rousseeuw 1990,
    "Finding groups in data", chapter 2 (PAM); all swaps at once as in Schubert & Rousseeuw 2021, "Fast and eager
    k-medoids clustering".

    Args:
      distances: [n, n] among the examples, finite.
      k: 1 to n.

    Raises:
      UserError: no square matrix, distances that are not finite, or k out of range.
    """
    distances = np.asarray(distances, np.float64)
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1]:
        raise UserError(f"Distances {distances.shape} were given, but [n, n] of the examples among them was expected.")
    if not np.isfinite(distances).all():
        raise UserError("The distances hold NaN or infinity: clusters need finite ones.")
    if not 1 <= k <= len(distances):
        raise UserError(f"k={k} clusters were asked for, but 1 to {len(distances)} can be made.")
    medoids = _build(distances, k)
    while True:
        changes = _changes(distances, medoids)
        candidate, place = np.unravel_index(np.argmin(changes), changes.shape)
        if changes[candidate, place] >= -GAIN * distances[:, medoids].min(axis=1).sum():
            break
        medoids[place] = candidate
    near = distances[:, medoids]
    return Medoids(medoids, near.argmin(axis=1), float(near.min(axis=1).sum()))


def _build(distances: np.ndarray, k: int) -> np.ndarray:
    """Choose the example with the least sum of distances, then k − 1 times the one that lowers the cost most."""
    chosen = [int(distances.sum(axis=0).argmin())]
    for _ in range(k - 1):
        costs = np.minimum(distances, distances[:, chosen].min(axis=1, keepdims=True)).sum(axis=0)
        costs[chosen] = np.inf
        chosen.append(int(costs.argmin()))
    return np.array(chosen)


def _changes(distances: np.ndarray, medoids: np.ndarray) -> np.ndarray:
    """Compute how the cost changes when a candidate takes a medoid's place: [n, k]; 0 for the medoids themselves.

    An example that keeps its medoid can only gain; one that loses it goes to the candidate or its second medoid.
    """
    near = distances[:, medoids]
    own, first = near.argmin(axis=1), near.min(axis=1, keepdims=True)
    second = np.partition(near, 1, axis=1)[:, 1:2] if len(medoids) > 1 else np.full_like(first, np.inf)
    keeping = np.minimum(distances, first) - first  # [examples, candidates]
    losing = np.minimum(distances, second) - first - keeping
    members = np.eye(len(medoids))[own]
    changes = keeping.sum(axis=0)[:, None] + losing.T @ members
    changes[medoids] = 0
    return changes


def name_clusters(clusters: Array, labels: Array, k: int) -> np.ndarray:
    """Match clusters to classes one to one such that most examples are right.

    Args:
      clusters, labels: [n] int from 0 on.
      k: how many classes there are.

    Returns:
      The class of each cluster, int; −1 of clusters that are left over where they are more. Source: Kuhn 1955, "The
      Hungarian method for the assignment problem".
    """
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((max(k, int(np.max(clusters)) + 1), k), int)
    np.add.at(counts, (np.asarray(clusters), np.asarray(labels)), 1)
    names = np.full(len(counts), -1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    names[rows] = columns
    return names


def agreement(classes: np.ndarray, clusters: np.ndarray) -> dict[str, float]:
    """Compute the adjusted Rand index (Hubert & Arabie 1985) and adjusted mutual information (Vinh et al. 2010).

    Args:
      classes, clusters: [n] int.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    return {
        "ari": float(adjusted_rand_score(classes, clusters)),
        "ami": float(adjusted_mutual_info_score(classes, clusters)),
    }
