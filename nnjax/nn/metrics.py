"""Metrics reported beside the loss, one record each: every loss, accuracy; and the confusion matrix."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Int
from nnjax.nn.loss_functions import Function, Outputs, PerExample
from nnjax.nn.losses import LOSSES

Classes = Int[np.ndarray, " n"]


def accuracy(y: Outputs, p: Outputs) -> PerExample:
    """Compare predicted with true classes: y, p [..., k] -> 1 where right, else 0, [...] in p's dtype.

    For k > 1 the largest outputs must be at the same place (the first one counts in a tie); for k = 1 both must lie on
    the same side of .5. NaN outputs are wrong, whatever y is.

    Raises:
      UserError: unequal shapes.
    """
    if y.shape != p.shape:
        raise UserError(f"Targets are {y.shape} but outputs are {p.shape}; give both the same shape [..., k].")
    if p.shape[-1] == 1:
        right = jnp.where(y > 0.5, p > 0.5, p <= 0.5)[..., 0]
    else:
        right = (jnp.argmax(y, axis=-1) == jnp.argmax(p, axis=-1)) & ~jnp.any(jnp.isnan(p), axis=-1)
    return right.astype(p.dtype)


@dataclasses.dataclass(frozen=True, eq=False)
class Metric:
    """A metric: a value for each example, averaged over a part of the data.

    Attributes:
      values: (y, p) -> [...], for targets and outputs [..., k]; the function's name is the metric's.
      short, words: its name as the head of a column, and in words ("" for the function's).
      maximised: the highest average is the best; else the lowest.
      complement: what 1 - average is called, for those that are shown so, in per cent; "" for the others.
      takes_logarithms: one for each output, so that it is left out at epochs' ends unless it is asked for.
    """

    values: Function
    short: str
    words: str = ""
    maximised: bool = False
    complement: str = ""
    takes_logarithms: bool = False

    @property
    def name(self) -> str:
        """As in `Experiment.metrics`."""
        return self.values.__name__

    @property
    def head(self) -> str:
        """Name its column in a table: "MSE", or the complement where that is shown."""
        return self.complement or self.short

    def __call__(self, y: Outputs, p: Outputs) -> PerExample:
        """Return the value of each example: targets and outputs [..., k] -> [...]."""
        return self.values(y, p)


_ALL = (
    *(Metric(a.definition, a.short, a.words, takes_logarithms=a.takes_logarithms) for a in LOSSES.values()),
    Metric(accuracy, "accuracy", maximised=True, complement="wrong answers"),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}

_USUAL = {
    "classification": ("accuracy",),
    "regression": ("mean_squared_error", "mean_absolute_error"),
    "reconstruction": ("mean_squared_error", "binary_crossentropy"),  # both always, so that losses can be compared
}


def usual_metrics(goal: str) -> tuple[str, ...]:
    """Name the usual metrics of a goal, the main one first; other than of two known goals those of a reconstruction."""
    return _USUAL.get(goal, _USUAL["reconstruction"])


def is_maximised(score: str) -> bool:
    """Whether the highest value of a score is the best, by its metric: accuracy, val_accuracy, train_accuracy_eval."""
    stem = f"_{score.removesuffix('_eval')}"
    return any(metric.maximised and stem.endswith(f"_{metric.name}") for metric in METRICS.values())


def confusion_matrix(labels: Classes, predictions: Classes, num_classes: int) -> Int[np.ndarray, "classes classes"]:
    """Count examples by true class (rows) and predicted class (columns): [n], [n] -> int64 [classes, classes].

    Raises:
      UserError: unequal shapes, or an index that is no class.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise UserError(f"Labels are {labels.shape} and predictions {predictions.shape}; both must be [n].")
    both = np.concatenate([labels, predictions])
    if both.size and (both.min() < 0 or both.max() >= num_classes):
        raise UserError(f"Class indices {both.min()} to {both.max()} were found, but 0 to {num_classes - 1} expected.")
    cells = labels.astype(np.int64) * num_classes + predictions
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)
