"""Classify by nearest neighbors from a matrix of distances; choose the window of DTW by leave-one-out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.distances.elastic import DTW
from nnjax.distances.pairs import pairwise


def classify(distances: Array, labels: Array, k: int = 1) -> np.ndarray:
    """Classify by the majority of the k nearest examples.

    Args:
      distances: [q, n] from each query to each known example; infinite ones are never chosen while others are there.
      labels: [n] of the known examples.
      k: how many vote. A tie goes to the class whose nearest example is nearest; equally near examples to the first.

    Returns:
      [q] labels.

    Raises:
      UserError: k is not from 1 to n, shapes that do not fit, or NaN among the distances.
    """
    distances, labels = np.asarray(distances), np.asarray(labels)
    if distances.ndim != 2 or labels.shape != (distances.shape[1],):
        raise UserError(
            f"Distances {distances.shape} and labels {labels.shape} do not fit: [q, n] and [n] were expected."
        )
    if not 1 <= k <= len(labels):
        raise UserError(f"k={k} neighbors were asked for, but 1 to {len(labels)} are available.")
    if np.isnan(distances).any():
        raise UserError("The distances hold NaN, so nothing is nearest: see which of the examples is damaged.")
    classes, codes = np.unique(labels, return_inverse=True)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    votes = (codes[nearest][:, :, None] == np.arange(len(classes))).astype(float)
    early = votes * np.linspace(0.5, 0, k, endpoint=False)[None, :, None]  # below one vote: it only breaks ties
    return classes[np.argmax(votes.sum(axis=1) + early.max(axis=1), axis=1)]


def error(distances: Array, labels: Array, truth: Array, k: int = 1) -> float:
    """Compute the share of queries that `classify` gets wrong; truth [q]."""
    return float(np.mean(classify(distances, labels, k) != np.asarray(truth)))


def leave_one_out_error(distances: Array, labels: Array, k: int = 1) -> float:
    """Compute the share of examples that the others classify wrongly; distances [n, n] among them."""
    others = np.array(distances, dtype=float)
    np.fill_diagonal(others, np.inf)
    return error(others, labels, labels, k)


def choose_window(x: Any, labels: Array, windows: Sequence[int], **options: Any) -> int:
    """Choose the window of DTW with the least leave-one-out error of one nearest neighbor, of equal ones the smallest.

    This is how the UCR archive learns its windows. Source: Dau et al. 2018, "The UCR time series archive".

    Args:
      x: series, as for `pairwise`.
      labels: [n].
      windows: in points.
      **options: of DTW.
    """
    errors = [leave_one_out_error(pairwise(x, metric=DTW(window=w, **options)), labels) for w in sorted(windows)]
    return sorted(windows)[int(np.argmin(errors))]
