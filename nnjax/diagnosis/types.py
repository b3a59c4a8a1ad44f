"""The contracts of the diagnosis: what it is given, and what it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Curves:
    """The learning curves of m trials over t epochs, NaN past a trial's own epochs; None where they are not known.

    Attributes:
      train_loss: [m, t] float64; the running mean over the batches of each epoch.
      train_loss_eval: [m, t]; of the weights at the epoch's end, in evaluation mode.
      val_loss: [m, t]; of the weights at the epoch's end.
      train_accuracy, val_accuracy: [m, t] in [0, 1]; train_accuracy in evaluation mode.
      diverged_at: [m]; the epoch, counted from 1, in which the loss stopped being finite where the trainer says so; NaN
        where it did not.
    """

    train_loss: np.ndarray | None = None
    train_loss_eval: np.ndarray | None = None
    val_loss: np.ndarray | None = None
    train_accuracy: np.ndarray | None = None
    val_accuracy: np.ndarray | None = None
    diverged_at: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Anchors:
    """What is known of the task beside the curves; None where nothing is.

    Attributes:
      mean_predictor: the loss of the best constant prediction on the validation data (log C of C equal classes, the
        variance of a regression's targets, the error of the mean image).
      chance_accuracy: the accuracy of always naming the most frequent class, in [0, 1].
      floor: the least loss there can be (the entropy of soft targets under cross-entropy).
      regularized: whether dropout, weight decay, l1, l2, label smoothing or augmentation act in training only.
      num_validation: how many validation examples there are.
      batch_size: examples of a step.
    """

    mean_predictor: float | None = None
    chance_accuracy: float | None = None
    floor: float | None = None
    regularized: bool | None = None
    num_validation: int | None = None
    batch_size: int | None = None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One thing that a trial's curves say.

    Attributes:
      code: one of `nnjax.diagnosis.verdicts.CODES`.
      sentence: in plain words, with the numbers that matter.
      evidence: numbers by name, as they entered the rule.
      epochs: where to look, by what is there ("minimum", "from", "to", "diverged"…), counted from 1.
      confidence: in [0, 1].
      next: what to try, in a sentence; "" where nothing needs to change.
    """

    code: str
    sentence: str
    evidence: Mapping[str, float] = dataclasses.field(default_factory=dict)
    epochs: Mapping[str, int] = dataclasses.field(default_factory=dict)
    confidence: float = 1.0
    next: str = ""


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """All that a trial's curves say, the most important thing first.

    Attributes:
      primary: what to know first.
      others: further verdicts, by importance.
    """

    primary: Verdict
    others: tuple[Verdict, ...] = ()
