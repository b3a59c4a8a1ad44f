"""Training a population of one program, and its trials by rate, seed and number of epochs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import nnjax
from nnjax.core.experiment import Experiment
from nnjax.core.types import Dataset, Prepared
from nnjax.data import prepare_loaded
from nnjax.train.storage.records import DIVERGED, Record
from scripts.curves.tasks import source


class Outcome(NamedTuple):
    """What a trial that was trained for t epochs has come to.

    Attributes:
      curves: {name: [t]}, train_accuracy being that of evaluation mode.
      test: the test loss of the last weights; NaN for a trial that diverged.
      best_test: that of the weights of the lowest validation loss.
      diverged: whether the loss stopped being finite.
      values: the hyperparameters that the population varied.
    """

    curves: dict[str, np.ndarray]
    test: float
    best_test: float
    diverged: bool
    values: Mapping[str, Any]


def train(base: Experiment, axes: Mapping[str, Sequence[Any]], data: Dataset | None = None) -> list[Outcome]:
    """Train the grid of some axes; one outcome a trial, the seed running fastest, then the last axis."""
    run = nnjax.sweep(base, axes, data=source(base.data.name) if data is None else data)
    return [
        outcome_of(record, _values(spec.experiment, axes)) for record, spec in zip(run.records, run.specs, strict=True)
    ]


def _values(experiment: Experiment, axes: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    flat = {**vars(experiment), **vars(experiment.hyperparameters)}
    return {name: flat[name] for name in axes}


def outcome_of(record: Record, values: Mapping[str, Any]) -> Outcome:
    """Give what a record tells of a trial."""
    return Outcome(
        {name.replace("accuracy_eval", "accuracy"): np.asarray(c, float) for name, c in record.curves.items()},
        record.values.get("test_loss", float("nan")),
        record.values.get("best_test_loss", float("nan")),
        record.status == DIVERGED,
        values,
    )


def prepared_for(base: Experiment, data: Dataset | None = None) -> Prepared:
    """Split and scale the data of an experiment as `train` does."""
    return prepare_loaded(source(base.data.name) if data is None else data, base.data)


def mean_predictor(prepared: Prepared, loss: str, kind: str) -> float:
    """Give the loss on the training part of the best constant answer, worked out here from the targets alone."""
    data, rows = prepared.dataset, prepared.train
    if kind == "autoencoder":
        target = np.asarray(prepared.x_scaler(data.x[rows].astype(np.float64)))
        mean = np.clip(target.mean(axis=0), 1e-7, 1 - 1e-7)
        if loss == "binary_crossentropy":
            return float(-(target * np.log(mean) + (1 - target) * np.log(1 - mean)).mean())
        return float(target.var(axis=0).mean())
    assert data.y is not None
    if data.task == "regression":
        return float(np.asarray(prepared.y_scaler(data.y[rows].astype(np.float64))).var(axis=0).mean())
    share = np.bincount(data.y[rows]) / len(rows)
    return float(-(share[share > 0] * np.log(share[share > 0])).sum())


def chance_accuracy(prepared: Prepared) -> float:
    """Give the accuracy of always naming the most frequent class; NaN where there are no classes."""
    data = prepared.dataset
    if data.task != "classification" or data.y is None:
        return float("nan")
    return float(np.bincount(data.y[prepared.train]).max() / len(prepared.train))
