"""Take the curves of an nnjax run, and what is known beside them: what the best constant output reaches."""

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.types import DataFacts
from nnjax.diagnosis.types import Curves, TrainingContext
from nnjax.runs.loss_baselines import Baselines, Key, assumed, key_of
from nnjax.train.storage.records import DIVERGED, Record, stack_curves

AT_REST = 0.02  # of the peak rate, at a schedule's end: what goes on at such a rate hardly moves
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
    specs: Sequence[TrialSpec], facts: Mapping[DataConfig, DataFacts], baselines: Baselines = MappingProxyType({})
) -> list[TrainingContext]:
    """Return what is known beside the curves of each trial; missing baselines as is assumed of older folders."""
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
    return out
