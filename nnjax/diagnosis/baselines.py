"""Compute the baselines of a diagnosis: what the best constant answer reaches on prepared data."""

import numpy as np

from nnjax.core.experiment import Experiment
from nnjax.core.types import Prepared
from nnjax.data.baselines import BCE, EPSILON, MAE, MSE, entropy
from nnjax.models.registry import traits_of

CROSSENTROPIES = ("categorical_crossentropy", "kl_divergence")
SAMPLE = 4096  # examples, evenly spaced, on which means are measured


def mean_predictor(experiment: Experiment, prepared: Prepared) -> float | None:
    """Measure the loss, on the validation part, of the best constant answer on the training part.

    None for a loss without one worth the name, and without a validation part.
    """
    train, val = _sample(prepared.train), _sample(prepared.validation)
    if not len(val):
        return None
    if experiment.loss in CROSSENTROPIES and prepared.dataset.task == "classification":
        labels = prepared.dataset.y
        assert labels is not None
        counts = np.bincount(labels[train], minlength=int(labels.max()) + 1)
        return float(-np.log(np.maximum(counts[labels[val]] / len(train), EPSILON)).mean())
    targets = _targets(experiment, prepared, train), _targets(experiment, prepared, val)
    if targets[0] is None or targets[1] is None:
        return None
    return _constant(experiment.loss, targets[0], targets[1])


def _constant(loss: str, train: np.ndarray, val: np.ndarray) -> float | None:
    mean = train.mean(axis=0)
    if loss == MSE:
        return float(np.square(val - mean).mean())
    if loss == MAE:
        return float(np.abs(val - np.median(train, axis=0)).mean())
    if loss == BCE and val.min() >= 0 and val.max() <= 1:
        p = np.clip(mean, EPSILON, 1 - EPSILON)
        return float(-(val * np.log(p) + (1 - val) * np.log1p(-p)).mean())
    return None


def chance_accuracy(experiment: Experiment, prepared: Prepared) -> float | None:
    """Measure on the validation part the accuracy of the training part's most frequent class; None without classes."""
    labels = prepared.dataset.y
    if prepared.dataset.task != "classification" or labels is None or not len(prepared.validation):
        return None
    if traits_of(experiment.model).reconstructs:
        return None
    return float((labels[prepared.validation] == np.bincount(labels[prepared.train]).argmax()).mean())


def floor(experiment: Experiment, prepared: Prepared) -> float | None:
    """Give the entropy of an autoencoder's soft targets under binary cross-entropy; None elsewhere."""
    val = _sample(prepared.validation)
    if experiment.loss != BCE or not traits_of(experiment.model).reconstructs or not len(val):
        return None
    target = _targets(experiment, prepared, val)
    return None if target is None or target.min() < 0 or target.max() > 1 + EPSILON else entropy(target)


def _targets(experiment: Experiment, prepared: Prepared, rows: np.ndarray) -> np.ndarray | None:
    """Give the scaled targets [n, k] of some examples; None for class labels."""
    data = prepared.dataset
    if traits_of(experiment.model).reconstructs:
        return np.asarray(prepared.x_scaler(data.x[rows].astype(np.float32)), np.float64)
    if data.task != "regression" or data.y is None:
        return None
    return np.asarray(prepared.y_scaler(data.y[rows]), np.float64)


def _sample(rows: np.ndarray) -> np.ndarray:
    return rows[:: max(1, -(-len(rows) // SAMPLE))]
