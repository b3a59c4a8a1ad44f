"""Scores of classes and calibration by NumPy, as scikit-learn has them, whose import takes longer than a report."""

import numpy as np

from nnjax.core.types import Bool, Float, Int

Weights = Float[np.ndarray, " n"] | None  # of examples; None where all count alike
Points = tuple[tuple[float, float], ...]


def confusion_scores(
    y: Int[np.ndarray, " n"], answered: Int[np.ndarray, " n"], num_classes: int, w: Weights = None
) -> Float[np.ndarray, "3 k"]:
    """Return recall, precision and F1 of each class; NaN where a class is absent, or nothing was answered by it."""
    pairs = np.bincount(y * num_classes + answered, w, num_classes**2).reshape(num_classes, num_classes)
    right, there, said = pairs.diagonal().astype(float), pairs.sum(axis=1), pairs.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.stack([right / there, right / said, 2 * right / (there + said)])


def ranking_scores(
    right: Bool[np.ndarray, " n"], score: Float[np.ndarray, " n"], w: Weights = None
) -> tuple[float, float]:
    """Return ROC AUC and average precision of scores; both outcomes have to occur.

    The ROC curve by trapezoids between distinct scores (Fawcett 2006); average precision is Σ (Rᵢ − Rᵢ₋₁) Pᵢ over them.
    """
    order = np.argsort(-score, kind="stable")
    ranked, hit = score[order], right[order]
    mass = np.ones(len(score)) if w is None else np.asarray(w, float)[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of the examples of one score
    hits, misses = np.cumsum(mass * hit)[ends], np.cumsum(mass * ~hit)[ends]
    gained, before = np.diff(hits, prepend=0.0), np.append(0.0, hits[:-1])
    area = float(np.sum(np.diff(misses, prepend=0.0) * (before + hits) / 2) / (hits[-1] * misses[-1]))
    with np.errstate(invalid="ignore"):
        precision = np.nan_to_num(hits / (hits + misses))
    return area, float(np.sum(gained * precision) / hits[-1])


def calibration_points(right: Bool[np.ndarray, " n"], sure: Float[np.ndarray, " n"], num_bins: int) -> Points:
    """Return (mean of the probability, share of right answers) of bins of about equally many examples."""
    edges = np.percentile(sure, np.linspace(0, 100, num_bins + 1))
    bins = np.searchsorted(edges[1:-1], sure)
    counts = np.bincount(bins)
    means = [np.bincount(bins, values)[counts > 0] / counts[counts > 0] for values in (sure, right)]
    return tuple(zip(*(map(float, values) for values in means), strict=True))


def r2(y: Float[np.ndarray, " n"], predicted: Float[np.ndarray, " n"], w: Weights = None) -> float:
    """Return R² = 1 − Σ w (y − p)² / Σ w (y − ȳ)²; of constant targets 1 where they are hit exactly, else 0."""
    mass = np.ones(len(y)) if w is None else w
    left = float(np.sum(mass * (y - predicted) ** 2))
    whole = float(np.sum(mass * (y - np.average(y, weights=mass)) ** 2))
    return 1 - left / whole if whole else float(left == 0)
