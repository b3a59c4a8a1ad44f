"""Take the curves of an nnjax run, and what is known beside them: what the best constant output reaches."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.types import DataFacts
from nnjax.diagnosis.types import Curves, TrainingContext
from nnjax.runs.loss_baselines import Baselines, Key, assumed, key_of
from nnjax.train.storage.records import DIVERGED, Record, stack_curves

AT_REST = 0.02  # of the peak rate, at a schedule's end: what goes on at such a rate hardly moves
MEASURED = ("curvature", "input_size", "target_size", "infinite_at")  # of trials that diverged
STABLE: Mapping[str, Callable[[float], float]] = {  # optimizer -> (β -> largest stable rate times the curvature)
    "sgd": lambda beta: 2.0,
    "momentum": lambda beta: 2 * (1 + beta),
    "nesterov": lambda beta: (2 + 2 * beta) / (1 + 2 * beta),
}
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
    records: Sequence[Record] = (),
) -> list[TrainingContext]:
    """Return what is known beside the curves of each trial; missing baselines as is assumed of older folders.

    With the trials' records also what was measured of those that diverged.
    """
    known: dict[Key, TrainingContext] = {}
    out = []
    for spec in specs:
        experiment = spec.experiment
        key = key_of(experiment)
        if key not in known:
            found = baselines.get(key) or assumed(experiment, facts[experiment.data])
            known[key] = TrainingContext(*found)
        set_only = any(getattr(experiment.hyperparameters, name) for name in TRAINING_ONLY)
        regularized, size = set_only or experiment.data.augment != "none", facts[experiment.data].sizes[1]
        own = dataclasses.replace(known[key], num_validation=size, batch_size=experiment.batch_size)
        lowest = experiment.hyperparameters.final_factor
        ends = experiment.epochs if lowest is not None and lowest < AT_REST else None
        own = dataclasses.replace(own, regularized=regularized, shuffled=experiment.shuffle, schedule_epochs=ends)
        out.append(own)
    causes = [_causes(spec.experiment, record.values) for spec, record in zip(specs, records, strict=bool(records))]
    return [dataclasses.replace(own, **more) for own, more in zip(out, causes or [{}] * len(out), strict=True)]


def _causes(experiment: Experiment, values: Mapping[str, float]) -> dict[str, Any]:
    """Return what was measured of a trial that diverged, and the rate at which steps are stable.

    Only of optimizers for which that is a closed form: gradient descent 2/λ, with a momentum β 2 (1 + β)/λ, Nesterov's
    (2 + 2β)/((1 + 2β) λ) (Cohen et al. 2021, appendix B).
    """
    found = {name: values[name] for name in MEASURED if name in values}
    hyper, name, curvature = experiment.hyperparameters, experiment.optimizer.name, values.get("curvature", 0.0)
    if hyper.learning_rate is not None:
        found["learning_rate"] = hyper.learning_rate
    momentum = 0.0 if name == "sgd" else hyper.momentum
    if curvature > 0 and name in STABLE and momentum is not None:
        found["stable_rate"] = STABLE[name](momentum) / curvature
    return found
