"""Measure the losses and accuracies of the best constant outputs, by what a loss's record says of them."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np

from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.types import Prepared
from nnjax.data.class_weights import class_weights
from nnjax.models.registry import traits_of
from nnjax.nn.losses import Loss, loss_of
from nnjax.runs.loss_baselines import Key, LossBaselines, key_of

SAMPLE = 4096  # examples, evenly spaced, on which means are measured
ROUNDING = 1e-7  # of probabilities a little above 1


def measure_baselines(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> dict[Key, LossBaselines]:
    """Measure the baselines of all trials whose data are given."""
    experiments = {key_of(spec.experiment): spec.experiment for spec in specs if spec.experiment.data in prepared}
    return {key: _measured(experiment, prepared[key[0]]) for key, experiment in experiments.items()}


def _measured(experiment: Experiment, prepared: Prepared) -> LossBaselines:
    """Measure the losses of the best constant outputs of one experiment."""
    chance = _chance_accuracy(experiment, prepared)
    loss, val = loss_of(experiment.loss), _sample(prepared.validation)
    if not len(val) or not loss.best_constant or loss.of_logits:
        return LossBaselines(None, chance)
    reconstructs = traits_of(experiment.model).reconstructs
    classifies = loss.compares == "distributions" and prepared.dataset.task == "classification" and not reconstructs
    read = _one_hot if classifies else _targets
    train, measured = read(experiment, prepared, _sample(prepared.train)), read(experiment, prepared, val)
    bounded = measured is not None and measured.min() >= 0 and measured.max() <= 1 + ROUNDING
    if train is None or measured is None or (loss.compares == "probabilities" and not bounded):
        return LossBaselines(None, chance)
    w = prepared.weights_of(_sample(prepared.train))
    if classifies and experiment.class_weight is not None:
        w = (1.0 if w is None else w) * (train @ class_weights(experiment.class_weight, prepared))
    constant = np.median(train, axis=0) if loss.best_constant == "median" else np.average(train, axis=0, weights=w)
    # Class weights count in training alone: the validation loss is unweighted.
    mean_predictor = _average(loss, measured, constant, prepared.weights_of(val))
    floored = loss.compares == "probabilities" and reconstructs
    return LossBaselines(mean_predictor, chance, _average(loss, measured, measured, None) if floored else None)


def _average(loss: Loss, targets: np.ndarray, outputs: np.ndarray, w: np.ndarray | None) -> float:
    y = np.asarray(targets, np.float32)
    values = jax.jit(loss.definition)(y, np.broadcast_to(np.asarray(outputs, np.float32), y.shape))
    return float(np.average(np.asarray(values, np.float64), weights=w))


def _chance_accuracy(experiment: Experiment, prepared: Prepared) -> float | None:
    """Measure on the validation part the accuracy of the training part's most frequent class.

    None without classes, and with class weights, under which no constant output is the aim of training.
    """
    labels = prepared.dataset.y
    if prepared.dataset.task != "classification" or labels is None or not len(prepared.validation):
        return None
    if traits_of(experiment.model).reconstructs or experiment.class_weight is not None:
        return None
    train, val = prepared.train, prepared.validation
    most_frequent = np.bincount(labels[train], prepared.weights_of(train)).argmax()
    return float(np.average(labels[val] == most_frequent, weights=prepared.weights_of(val)))


def _one_hot(experiment: Experiment, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    labels = prepared.dataset.y
    assert labels is not None
    return np.eye(max(len(prepared.dataset.classes), int(labels.max()) + 1))[labels[rows]]


def _targets(experiment: Experiment, prepared: Prepared, rows: np.ndarray) -> np.ndarray | None:
    """Return scaled targets [rows, k]; None of classes."""
    data = prepared.dataset
    if traits_of(experiment.model).reconstructs:
        return prepared.inputs(rows).astype(np.float64)
    if data.task != "regression" or data.y is None:
        return None
    return np.asarray(prepared.y_scaler(data.y[rows]), np.float64)


def _sample(rows: np.ndarray) -> np.ndarray:
    return rows[:: max(1, -(-len(rows) // SAMPLE))]
