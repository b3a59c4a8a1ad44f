"""Take the curves of an nnjax run, and what is known beside them."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.types import DataFacts, Prepared
from nnjax.diagnosis import baselines
from nnjax.diagnosis.types import Curves, TrainingContext
from nnjax.models.registry import traits_of
from nnjax.train.storage.records import DIVERGED, Record, stack_curves

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
    prepared: Mapping[DataConfig, Prepared] | None = None,
) -> list[TrainingContext]:
    """Give what is known beside the curves of each trial.

    Args:
      specs, facts: of the run.
      prepared: its data, where they are at hand: mean predictor, chance and floor are then measured. Without them log C
        stands for the mean predictor of C classes, which it is where they are equally frequent.
    """
    known: dict[object, TrainingContext] = {}
    out = []
    for spec in specs:
        experiment = spec.experiment
        key = (experiment.data, experiment.loss, experiment.model.kind)
        if key not in known:
            data = (prepared or {}).get(experiment.data)
            known[key] = _guessed(experiment, facts[experiment.data]) if data is None else _measured(experiment, data)
        out.append(
            dataclasses.replace(
                known[key],
                regularized=_regularized(experiment),
                num_validation=facts[experiment.data].sizes[1],
                batch_size=experiment.batch_size,
            )
        )
    return out


def _regularized(experiment: Experiment) -> bool:
    hyper = experiment.hyperparameters
    return any(getattr(hyper, name) for name in TRAINING_ONLY) or experiment.data.augment != "none"


def _guessed(experiment: Experiment, facts: DataFacts) -> TrainingContext:
    classes = len(facts.classes)
    entropy = experiment.loss in baselines.CROSSENTROPIES and not traits_of(experiment.model).reconstructs
    return TrainingContext(mean_predictor=math.log(classes) if entropy and classes > 1 else None)


def _measured(experiment: Experiment, prepared: Prepared) -> TrainingContext:
    return TrainingContext(
        mean_predictor=baselines.mean_predictor(experiment, prepared),
        chance_accuracy=baselines.chance_accuracy(experiment, prepared),
        floor=baselines.floor(experiment, prepared),
    )
