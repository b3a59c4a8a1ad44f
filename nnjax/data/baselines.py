"""Baselines: the scores of black, the mean image, PCA, the majority class and least squares on the same examples.

A network's error means little by itself. These are computed in float64, fitted on the training part, measured on the
test part, in the scaled units that the losses see, so that they stand beside the losses as they are. Where examples
have weights, means are weighted as in the losses; principal components and least squares are fitted without them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.types import Prepared

PCA_WIDTHS = (2, 16, 32, 64, 128)
EPSILON = 1e-7  # probabilities are clipped to [ε, 1 - ε] before a logarithm, as Keras does
ROUNDING = 1e-6  # float32(1 / 255) * 255 is a little above 1
MAX_VALUES = 2**28  # fit on evenly spaced training examples where all of them would take more than 2 GB in float64
MAX_INPUTS = 4096  # no PCA and no least squares beyond: they would take minutes

Weights = np.ndarray | None  # of examples [n]; None where all count alike
Scores = dict[str, dict[str, float]]  # {baseline: {metric: value}}
MSE, MAE, BCE, ACCURACY = "mean_squared_error", "mean_absolute_error", "binary_crossentropy", "accuracy"


class Baselines(NamedTuple):
    """The baselines of one part of the data."""

    goal: str  # "reconstruction", "classification" or "regression"
    part: str  # what they were measured on: "test", or "validation" or "training" where the data have no test part
    num_examples: int  # of that part
    scores: Scores  # by baseline and by metric, named as in nnjax.nn.metrics


def measure_baselines(
    prepared: Prepared, goal: str | None = None, widths: Sequence[int] = PCA_WIDTHS, part: str | None = None
) -> Baselines:
    """Compute the baselines of a prepared data set.

    Args:
      prepared: the data, split and scaled.
      goal: "reconstruction" (target = input), "classification" or "regression"; None takes the task of the data, and
        reconstruction where it has no labels.
      widths: numbers of principal components; those of d or more, or of n or more, are left out.
      part: to measure them on, as for `measured_part`.
    """
    task = prepared.dataset.task
    goal = goal or ("reconstruction" if task == "none" else task)
    part, rows = measured_part(prepared, part)
    fit = prepared.train[:: max(1, len(prepared.train) * prepared.dataset.x.shape[1] // MAX_VALUES)]
    if goal == "reconstruction":
        scores = _reconstruction(prepared, fit, rows, widths)
    elif goal == "classification":
        scores = _classification(prepared, fit, rows)
    else:
        scores = _regression(prepared, fit, rows)
    return Baselines(goal, part, len(rows), scores)


def measured_part(prepared: Prepared, part: str | None = None) -> tuple[str, np.ndarray]:
    """Name a part of the data, and give its indices; None for the test part, else validation, else training."""
    parts = {"test": prepared.test, "validation": prepared.validation, "training": prepared.train}
    if part is not None:
        return part, parts[part]
    return next(((name, rows) for name, rows in parts.items() if len(rows)), ("training", prepared.train))


def entropy(x: np.ndarray, w: Weights = None) -> float:
    """Average the binary entropy, in nats, of values x [n, ...] in [0, 1]: no prediction's BCE can be lower."""
    if w is not None:
        return float(np.average([entropy(row) for row in x], weights=w))
    p = np.asarray(x, np.float64)
    inner = (p > 0) & (p < 1)  # 0 log 0 = 0
    q = p[inner]
    return float(-np.sum(q * np.log(q) + (1 - q) * np.log1p(-q)) / max(p.size, 1))


def _reconstruction(prepared: Prepared, fit: np.ndarray, rows: np.ndarray, widths: Sequence[int]) -> Scores:
    train, x, w = _inputs(prepared, fit), _inputs(prepared, rows), prepared.weights_of(rows)
    unit = all(part.min() > -ROUNDING and part.max() < 1 + ROUNDING for part in (train, x))
    image = prepared.dataset.image_shape is not None
    scores = {}
    if image:
        black = np.asarray(prepared.x_scaler(np.zeros(x.shape[1], np.float32)), np.float64)
        scores["black"] = _errors(x, black, unit, w)
    mean = np.average(train, axis=0, weights=prepared.weights_of(fit))
    scores["global mean"] = _errors(x, train.mean() if w is None else mean.mean(), unit, w)
    scores["mean image" if image else "mean of each input"] = _errors(x, mean, unit, w)
    if unit:
        scores["entropy floor"] = {BCE: entropy(x, w)}
    return scores | _pca(train, x, widths, unit, w)


def _errors(x: np.ndarray, prediction: np.ndarray, unit: bool, w: Weights) -> dict[str, float]:
    """Score a constant prediction [] or [d] of x [n, d]; BCE only where x lies in [0, 1]."""
    scores = {MSE: _mean((x - prediction) ** 2, w)}
    if unit:
        p = np.broadcast_to(np.clip(prediction, EPSILON, 1 - EPSILON), x.shape[1])
        mean = np.average(x, axis=0, weights=w)  # the cross-entropy is linear in the target
        scores[BCE] = float(-np.mean(mean * np.log(p) + (1 - mean) * np.log1p(-p)))
    return scores


def _mean(values: np.ndarray, w: Weights) -> float:
    """Average over all, examples (the first axis) with their weights."""
    return float(values.mean() if w is None else np.average(values.reshape(len(values), -1).mean(axis=1), weights=w))


def _pca(train: np.ndarray, x: np.ndarray, widths: Sequence[int], unit: bool, w: Weights) -> Scores:
    """Reconstruct x from its first k principal components, plain and clipped to [0, 1].

    By the eigenvectors of the covariance, which is scikit-learn's "covariance_eigh" without its second of importing.
    """
    n, d = train.shape
    widths = sorted({k for k in widths if 0 < k < min(n, d)})
    if not widths or d > MAX_INPUTS:
        return {}
    mean, scores = train.mean(axis=0), {}
    axes = np.linalg.eigh((train - mean).T @ (train - mean))[1][:, ::-1]
    codes = (x - mean) @ axes[:, : widths[-1]]
    for k in widths:
        copy = codes[:, :k] @ axes[:, :k].T + mean
        scores[f"PCA-{k}"] = {MSE: _mean((x - copy) ** 2, w)}
        if unit:
            scores[f"PCA-{k} clipped"] = {MSE: _mean((x - np.clip(copy, 0, 1)) ** 2, w)}
    return scores


def _classification(prepared: Prepared, fit: np.ndarray, rows: np.ndarray) -> Scores:
    labels = prepared.dataset.y
    assert labels is not None
    num_classes = max(len(prepared.dataset.classes), int(labels.max()) + 1)
    majority, w = np.bincount(labels[fit], prepared.weights_of(fit)).argmax(), prepared.weights_of(rows)
    scores = {"chance": 1 / num_classes, "majority class": float(np.average(labels[rows] == majority, weights=w))}
    if prepared.dataset.x.shape[1] <= MAX_INPUTS:
        found = _least_squares(prepared, fit, rows, np.eye(num_classes)[labels[fit]]).argmax(axis=1)
        scores["least squares"] = float(np.average(found == labels[rows], weights=w))
    return {name: {ACCURACY: value} for name, value in scores.items()}


def _regression(prepared: Prepared, fit: np.ndarray, rows: np.ndarray) -> Scores:
    targets = prepared.dataset.y
    assert targets is not None
    train, y = (np.asarray(prepared.y_scaler(targets[part]), np.float64) for part in (fit, rows))
    w, mean = prepared.weights_of(rows), np.average(train, axis=0, weights=prepared.weights_of(fit))
    found = {"mean of the targets": np.broadcast_to(mean, y.shape)}
    if prepared.dataset.x.shape[1] <= MAX_INPUTS:
        found["least squares"] = _least_squares(prepared, fit, rows, train)
    return {name: {MSE: _mean((y - p) ** 2, w), MAE: _mean(np.abs(y - p), w)} for name, p in found.items()}


def _least_squares(prepared: Prepared, fit: np.ndarray, rows: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Predict [rows, k] by the affine map that fits y [fit, k] best: what ADALINE converges to.

    The normal equations on standardized inputs: tens of times faster than LinearRegression's SVD on 60,000 x 784.
    """
    train, x = _inputs(prepared, fit), _inputs(prepared, rows)
    mean, spread = train.mean(axis=0), train.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    train = (train - mean) / spread
    weights = np.linalg.pinv(train.T @ train, rcond=1e-12, hermitian=True) @ (train.T @ (y - y.mean(axis=0)))
    return (x - mean) / spread @ weights + y.mean(axis=0)


def _inputs(prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    return np.asarray(prepared.x_scaler(prepared.dataset.x[rows].astype(np.float64)))
