"""Take the curves of an nnjax run, and what is known beside them: what the best constant answer reaches."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from nnjax.core.class_weight import BALANCED
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.types import DataFacts, Prepared
from nnjax.data.baselines import BCE, EPSILON, MAE, MSE, entropy
from nnjax.data.class_weights import class_weights
from nnjax.diagnosis.types import Curves, TrainingContext
from nnjax.models.registry import traits_of
from nnjax.runs.loss_baselines import Baselines, Key, LossBaselines, key_of
from nnjax.train.storage.records import DIVERGED, Record, stack_curves

CROSSENTROPIES = ("categorical_crossentropy", "kl_divergence")
SAMPLE = 4096  # examples, evenly spaced, on which means are measured
TRAINING_ONLY = ("dropout", "l1", "l2", "label_smoothing")  # hyperparameters that count in the training loss alone


def curves_of(records: Sequence[Record]) -> Curves:
    """Stack the curves of a run's trials; one that diverged did so in the epoch after its last."""
    curves = stack_curves(records)
    return Curves(
        train_loss=curves.get("train_loss", None if curves else np.full((len(records), 0), np.nan)),
        train_loss_eval=curves.get("train_loss_eval"),
        val_loss=curves.get("val_loss"),
        train_accuracy=curves.get("train_accuracy_eval"),
        val_accuracy=curves.get("val_accuracy"),
        diverged_at=np.array([record.epochs + 1 if record.status == DIVERGED else np.nan for record in records]),
    )


def contexts_of(
    specs: Sequence[TrialSpec],
    facts: Mapping[DataConfig, DataFacts],
    baselines: Baselines = MappingProxyType({}),
) -> list[TrainingContext]:
    """Return what is known beside the curves of each trial.

    Args:
      specs, facts: of the run.
      baselines: as far as they were measured. Without them log C stands for the mean predictor of C classes, which it
        is where they are equally frequent.
    """
    known: dict[Key, TrainingContext] = {}
    out = []
    for spec in specs:
        experiment = spec.experiment
        key = key_of(experiment)
        if key not in known:
            found = baselines.get(key) or _guessed(experiment, facts[experiment.data])
            known[key] = TrainingContext(*found)
        set_only = any(getattr(experiment.hyperparameters, name) for name in TRAINING_ONLY)
        regularized, size = set_only or experiment.data.augment != "none", facts[experiment.data].sizes[1]
        own = dataclasses.replace(known[key], num_validation=size, batch_size=experiment.batch_size)
        out.append(dataclasses.replace(own, regularized=regularized, shuffled=experiment.shuffle))
    return out


def _guessed(experiment: Experiment, facts: DataFacts) -> LossBaselines:
    classes = len(facts.classes)
    classifies = experiment.loss in CROSSENTROPIES and not traits_of(experiment.model).reconstructs
    uniform = classifies and classes > 1 and experiment.class_weight in (None, BALANCED)
    return LossBaselines(mean_predictor=math.log(classes) if uniform else None)


def measure_baselines(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> dict[Key, LossBaselines]:
    """Measure what the best constant answers reach, for all trials whose data are at hand."""
    experiments = {key_of(spec.experiment): spec.experiment for spec in specs if spec.experiment.data in prepared}
    return {key: _measured(experiment, prepared[key[0]]) for key, experiment in experiments.items()}


def _measured(experiment: Experiment, prepared: Prepared) -> LossBaselines:
    return LossBaselines(
        mean_predictor(experiment, prepared), chance_accuracy(experiment, prepared), floor(experiment, prepared)
    )


def mean_predictor(experiment: Experiment, prepared: Prepared) -> float | None:
    """Measure the loss, on the validation part, of the best constant answer on the training part.

    None for a loss without one worth the name, and without a validation part. Class weights count in training alone:
    the constant answer is that of the weighted training loss, and its validation loss is unweighted.
    """
    train, val = _sample(prepared.train), _sample(prepared.validation)
    if not len(val):
        return None
    if experiment.loss in CROSSENTROPIES and prepared.dataset.task == "classification":
        labels = prepared.dataset.y
        assert labels is not None
        counts = np.bincount(labels[train], prepared.weights_of(train), minlength=int(labels.max()) + 1)
        if experiment.class_weight is not None:
            counts = counts * class_weights(experiment.class_weight, prepared)
        costs = -np.log(np.maximum(counts[labels[val]] / counts.sum(), EPSILON))
        return float(np.average(costs, weights=prepared.weights_of(val)))
    targets = _targets(experiment, prepared, train), _targets(experiment, prepared, val)
    if targets[0] is None or targets[1] is None:
        return None
    mean = np.average(targets[0], axis=0, weights=prepared.weights_of(train))
    return _constant(experiment.loss, mean, targets[0], targets[1], prepared.weights_of(val))


def _constant(loss: str, mean: np.ndarray, train: np.ndarray, val: np.ndarray, w: np.ndarray | None) -> float | None:
    if loss == MSE:
        return float(np.average(np.square(val - mean), axis=0, weights=w).mean())
    if loss == MAE:  # of weighted examples the plain median, which is a little above the best constant
        return float(np.average(np.abs(val - np.median(train, axis=0)), axis=0, weights=w).mean())
    if loss == BCE and val.min() >= 0 and val.max() <= 1:
        p = np.clip(mean, EPSILON, 1 - EPSILON)
        return float(np.average(-(val * np.log(p) + (1 - val) * np.log1p(-p)), axis=0, weights=w).mean())
    return None


def chance_accuracy(experiment: Experiment, prepared: Prepared) -> float | None:
    """Measure on the validation part the accuracy of the training part's most frequent class.

    None without classes, and with class weights, under which no constant answer is the aim of training.
    """
    labels = prepared.dataset.y
    if prepared.dataset.task != "classification" or labels is None or not len(prepared.validation):
        return None
    if traits_of(experiment.model).reconstructs or experiment.class_weight is not None:
        return None
    train, val = prepared.train, prepared.validation
    most_frequent = np.bincount(labels[train], prepared.weights_of(train)).argmax()
    return float(np.average(labels[val] == most_frequent, weights=prepared.weights_of(val)))


def floor(experiment: Experiment, prepared: Prepared) -> float | None:
    """Return the entropy of an autoencoder's soft targets under binary cross-entropy; None elsewhere."""
    val = _sample(prepared.validation)
    if experiment.loss != BCE or not traits_of(experiment.model).reconstructs or not len(val):
        return None
    target = _targets(experiment, prepared, val)
    return None if target is None or target.min() < 0 or target.max() > 1 + EPSILON else entropy(target)


def _targets(experiment: Experiment, prepared: Prepared, rows: np.ndarray) -> np.ndarray | None:
    data = prepared.dataset
    if traits_of(experiment.model).reconstructs:
        return prepared.inputs(rows).astype(np.float64)
    if data.task != "regression" or data.y is None:
        return None
    return np.asarray(prepared.y_scaler(data.y[rows]), np.float64)


def _sample(rows: np.ndarray) -> np.ndarray:
    return rows[:: max(1, -(-len(rows) // SAMPLE))]
