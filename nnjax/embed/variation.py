"""Measure how much embeddings differ: Procrustes distances, and the variance that each factor explains.

Made for the sentence of the lecture slides that SNE, t-SNE and UMAP are "very sensitive to the choice of
hyperparameter" (section 1).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class Summary(NamedTuple):
    """Summary of values: mean, standard deviation (n - 1; 0 of one value), least and most."""

    mean: float
    std: float
    least: float
    most: float


def summarize(values: np.ndarray) -> Summary:
    """Describe the finite ones of some values [m]; all NaN if there are none."""
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return Summary(*[float("nan")] * 4)
    std = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return Summary(float(values.mean()), std, float(values.min()), float(values.max()))


def to_plane(y: np.ndarray) -> np.ndarray:
    """Reduce to positions [n, 2] an embedding [n, k]: itself, a number over its rank, or two components."""
    y = np.asarray(y, np.float64)
    if y.shape[1] == 1:
        return np.column_stack([y[:, 0], np.linspace(y.min(), y.max(), len(y))[np.argsort(np.argsort(y[:, 0]))]])
    if y.shape[1] == 2 or not np.isfinite(y).all():
        return y[:, :2]
    centered = y - y.mean(axis=0)
    return centered @ np.linalg.svd(centered, full_matrices=False)[2][:2].T


def procrustes_distances(layouts: Sequence[np.ndarray]) -> np.ndarray:
    """Compute Procrustes distances [m, m] of layouts [n, k]: what the best shift, scale, turn and reflection leave.

    Each layout is centered and brought to Σ‖y_i‖² = 1; of two, M² = 1 - (Σ singular values of AᵀB)² is 0 if they have
    one shape and near 1 if they have nothing in common. Source: Gower 1975, "Generalized Procrustes analysis"; as in
    `scipy.spatial.procrustes`. A layout in which all points coincide is at 1 from every other; one that is not finite,
    at NaN.

    Args:
      layouts: m of them, of the same points and the same width.
    """
    stack = np.stack([np.asarray(layout, np.float64) for layout in layouts])
    stack = stack - stack.mean(axis=1, keepdims=True)
    sizes = np.sqrt(np.square(stack).sum(axis=(1, 2)))
    able = np.isfinite(sizes)
    scales = np.where(able & (sizes > 0), sizes, 1)[:, None, None]
    unit = np.where(able[:, None, None], stack, 0) / scales
    products = np.einsum("ank,bnl->abkl", unit, unit, optimize=True)
    found = np.clip(1 - np.square(np.linalg.svd(products, compute_uv=False).sum(axis=-1)), 0, 1)
    found[~able] = found[:, ~able] = np.nan
    return np.where(np.eye(len(found), dtype=bool) & able, 0, found)


def distinct_pairs(distances: np.ndarray) -> np.ndarray:
    """Select the distances [m (m - 1) / 2] of different layouts among distances [m, m]."""
    return np.asarray(distances[np.triu_indices(len(distances), 1)])


def variance_shares(values: np.ndarray, factors: Mapping[str, Sequence[Any]]) -> dict[str, float]:
    """Compute the share of the variance of values [m] that each factor explains alone: Var(level means) / Var(all), η².

    In a full factorial design the shares add up to at most 1; the rest is their interplay. Values that are not finite
    are left out. Source: Fisher 1925, "Statistical methods for research workers", analysis of variance.

    Args:
      values: [m] scores.
      factors: name -> [m] levels; a factor of one level is left out.

    Returns:
      By factor, in [0, 1]; 0 where the values are all equal.
    """
    values = np.asarray(values, np.float64)
    kept = np.isfinite(values)
    values, total = values[kept], float(np.square(values[kept] - values[kept].mean()).sum()) if kept.any() else 0.0
    found = {}
    for name, levels in factors.items():
        names = [level for level, keep in zip(levels, kept, strict=True) if keep]
        groups = [values[[i for i, own in enumerate(names) if own == level]] for level in dict.fromkeys(names)]
        if len(set(levels)) > 1:
            between = sum(len(group) * (group.mean() - values.mean()) ** 2 for group in groups)
            found[name] = float(between / total) if total > 0 else 0.0
    return found


def mean_distances_by_factor(distances: np.ndarray, factors: Mapping[str, Sequence[Any]]) -> dict[str, float]:
    """Compute the mean distance of pairs that differ in one factor only, by factor.

    Args:
      distances: [m, m], symmetric; NaN are left out.
      factors: name -> [m] levels; a factor of one level is left out.
    """
    differs = {
        name: np.array([[first != second for second in levels] for first in levels])
        for name, levels in factors.items()
        if len(set(levels)) > 1
    }
    count = sum(differs.values(), start=np.zeros(distances.shape, int))
    found = {}
    for name, unlike in differs.items():
        chosen = distances[np.triu(unlike & (count == 1), 1)]
        if np.isfinite(chosen).any():
            found[name] = float(np.nanmean(chosen))
    return found
