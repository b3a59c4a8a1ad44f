"""The inputs and results of a diagnosis."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnjax.core import notebook_cards


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
class TrainingContext:
    """What is known of the task and the training beside the curves; None where nothing is.

    Attributes:
      mean_predictor: the loss of the best constant prediction on the validation data (log C of C equal classes, the
        variance of a regression's targets, the error of the mean image).
      chance_accuracy: the accuracy of always naming the most frequent class, in [0, 1].
      floor: the least loss there can be (the entropy of soft targets under cross-entropy).
      regularized: whether dropout, weight decay, l1, l2, label smoothing or augmentation act in training only.
      num_validation: how many validation examples there are.
      batch_size: examples of a step.
      shuffled: whether the examples come in a new order in every epoch.
      learning_rate, stable_rate: the rate (its peak), and the largest at which steps of gradient descent are stable:
        2/λmax, 2 (1 + β)/λmax with a momentum β.
      curvature: λmax, the largest eigenvalue of the Hessian of the loss, at the weights before it diverged.
      input_size, target_size: the largest root mean square of a column of the inputs, and of numbers to predict.
      infinite_at: an output at which the loss is not finite, as -log(p) at 0.
      schedule_epochs: the epoch at which the learning rate's schedule has come down to (nearly) 0: from there on more
        epochs gain nothing.
    """

    mean_predictor: float | None = None
    chance_accuracy: float | None = None
    floor: float | None = None
    regularized: bool | None = None
    num_validation: int | None = None
    batch_size: int | None = None
    shuffled: bool | None = None
    schedule_epochs: int | None = None
    learning_rate: float | None = None
    stable_rate: float | None = None
    curvature: float | None = None
    input_size: float | None = None
    target_size: float | None = None
    infinite_at: float | None = None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One finding on a trial's curves."""

    code: str  # one of `nnjax.diagnosis.verdicts.CODES`
    sentence: str  # in plain words, with the numbers that matter
    evidence: Mapping[str, float] = dataclasses.field(default_factory=dict)  # numbers by name, as they entered the rule
    # where to look, by what is there ("minimum", "from", "to", "diverged"…), counted from 1
    epochs: Mapping[str, int] = dataclasses.field(default_factory=dict)
    confidence: float = 1.0  # in [0, 1]
    next: str = ""  # what to try, in a sentence; "" where nothing needs to change

    def as_json(self) -> dict[str, Any]:
        """Return a tree for JSON; numbers that are not finite become None."""
        evidence = {name: float(x) if math.isfinite(x) else None for name, x in self.evidence.items()}
        epochs = {name: int(epoch) for name, epoch in self.epochs.items()}
        return dataclasses.asdict(self) | {"evidence": evidence, "epochs": epochs}


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """The verdicts on a trial, the most important first; as text where it is printed."""

    primary: Verdict  # what to know first
    others: tuple[Verdict, ...] = ()  # further verdicts, by importance
    trial: str = ""  # the trial's name in the file that it was read from; "" where it has none
    # what was read, in one line: format, which column is which curve, epochs; "" of arrays and own runs
    source: str = dataclasses.field(default="", compare=False)

    def __str__(self) -> str:
        first, name = self.primary, f"{self.trial}: " if self.trial else ""
        lines = [f"{name}{first.code} (confidence {first.confidence:.0%})", f"  {first.sentence}"]
        if first.next:
            lines.append(f"  next: {first.next}")
        evidence = [f"{key} {value:.4g}" for key, value in first.evidence.items()]
        evidence += [f"{key}: epoch {value}" for key, value in first.epochs.items()]
        if evidence:
            lines.append(f"  evidence: {', '.join(evidence)}")
        lines += [f"  also {other.code} ({other.confidence:.0%}): {other.sentence}" for other in self.others]
        lines += [f"  read: {self.source}"] * bool(self.source)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        head, *lines = str(self).split("\n")
        parts = [line.strip().partition(": ") for line in lines[1:]]
        rows = {"": self.primary.sentence} | {name: text for name, _, text in parts}
        return notebook_cards.card(head.replace("_", " "), rows)

    def as_json(self) -> dict[str, Any]:
        """Return a tree for JSON; numbers that are not finite become None."""
        first, *others = [verdict.as_json() for verdict in (self.primary, *self.others)]
        return {"trial": self.trial, "primary": first, "others": others, "source": self.source}
