"""The curves and anchors of an nnjax run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nnjax.config import DataConfig, Experiment, TrialSpec
from nnjax.diagnose.types import Anchors, Curves
from nnjax.train.records import DIVERGED, Record, stack_curves
from nnjax.types import DataFacts

TRAINING_ONLY = ("dropout", "l1", "l2", "label_smoothing")  # what counts in the training loss alone


def curves_of(records: Sequence[Record]) -> Curves:
    """Stack the curves of a run's trials."""
    curves = stack_curves(records)
    return Curves(
        train_loss=curves.get("train_loss"),
        train_loss_eval=curves.get("train_loss_eval"),
        val_loss=curves.get("val_loss"),
        train_accuracy=curves.get("train_accuracy_eval"),
        val_accuracy=curves.get("val_accuracy"),
        diverged_at=np.array([record.epochs + 1 if record.status == DIVERGED else np.nan for record in records]),
    )


def anchors_of(specs: Sequence[TrialSpec], facts: Mapping[DataConfig, DataFacts]) -> list[Anchors]:
    """Give what is known of each trial without its data: regularisation, sizes, log C of equal classes."""
    return [_anchors(spec.experiment, facts[spec.experiment.data]) for spec in specs]


def _anchors(experiment: Experiment, facts: DataFacts) -> Anchors:
    hyper = experiment.hyperparameters
    regularized = any(getattr(hyper, name) for name in TRAINING_ONLY) or experiment.data.augment != "none"
    return Anchors(regularized=bool(regularized), num_validation=facts.sizes[1], batch_size=experiment.batch_size)
