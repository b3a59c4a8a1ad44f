"""Metrics reported beside the loss, one record each: every loss, and what is computed from counts.

A metric is a statistic of each example, the sums of the statistics over a part, and a value from these sums: the mean
of a number (`accuracy`), or more (`f1`). One of the user's is a function with a direction, `Metric(function,
maximized=True)`; see `metric_of`.
"""

import dataclasses
import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.object_refs import NamedMetric, ObjectRef, is_path
from nnjax.core.types import Array, Float, Int, Num, Scalar
from nnjax.nn import metric_statistics as counting
from nnjax.nn.losses import LOSSES, Loss, loss_of
from nnjax.nn.user_functions import call, shapes, without_object

Classes = Int[np.ndarray, " n"]
Targets = Num[Array, "b ..."]
Examples = Float[Array, "b ..."]
Statistics = Float[Array, "b ..."]
Directions = Mapping[str, bool]  # metric -> whether the highest value is the best
OF_CLASS = re.compile(r"(f1|precision|recall)_(\d+)")


@dataclasses.dataclass(frozen=True, eq=False)
class Metric:
    """A metric: statistics of each example, and a value from their sums over a part of the data.

    Attributes:
      statistics: (y, p) -> [b, ...] floats, p [b, k] after the output activation; y as `takes_raw` says.
      maximized: the highest value is the best; else the lowest. Required.
      value: (sums [...], total weight []) -> []; None for sums / total, where statistics are [b].
      short, words: its name as the head of a column, and in words; "" for its name.
      complement: what 1 - value is called, for those that are shown so, in per cent; "" for the others.
      takes_logarithms: one for each output, so that it is left out at epochs' ends unless it is asked for.
      takes_raw: y comes as the data hold it (class indices int32 [b], or targets [b, ...]); else as p, [b, k], one-hot
        for classes.
      label: its name, where it is not the function's.
      range: the smallest and the largest value that there can be.
      shifts: the value stays the same where one number is added to all of a target's y and p, and is the more precise
        the nearer they are to 0, so that a target's value in the part is subtracted from both first.
    """

    statistics: Callable[..., Statistics]
    maximized: bool | None = None
    value: Callable[..., Scalar] | None = None
    short: str = ""
    words: str = ""
    complement: str = ""
    takes_logarithms: bool = False
    takes_raw: bool = True
    label: str = ""
    shifts: bool = False
    range: tuple[float, float] = (-math.inf, math.inf)

    @property
    def name(self) -> str:
        """As in `Experiment.metrics`."""
        return self.label or ObjectRef(self.statistics).label

    @property
    def ref_name(self) -> str:
        """Tell it from others in a run folder, where no module has it under a name."""
        return self.name

    @property
    def head(self) -> str:
        """Name its column in a table: "MSE", or the complement where that is shown."""
        return self.complement or self.short or self.name

    def __call__(self, y: Targets, p: Examples) -> Statistics:
        """Return the statistics of each example."""
        return self.statistics(y, p)

    def of_sums(self, sums: Float[Array, "..."], total: Scalar) -> Scalar:
        """Return the value from the sums of the statistics and the sum of the examples' weights."""
        return sums / total if self.value is None else self.value(sums, total)

    def of_examples(self, y: Targets, p: Examples) -> Scalar:
        """Return the value over some examples, each of weight 1."""
        if self.shifts:
            y, p = y - y[:1], p - y[:1]
        statistics = self.statistics(y, p)
        return self.of_sums(jnp.sum(statistics, axis=0), jnp.asarray(statistics.shape[0], statistics.dtype))


def weighted_sum(statistics: Statistics, w: Float[Array, " b"]) -> Float[Array, "..."]:
    """Sum statistics [b, ...] with the weights of the examples; those of weight 0 count nothing, even where NaN."""
    w = w.reshape(w.shape + (1,) * (statistics.ndim - 1)).astype(statistics.dtype)
    return jnp.sum(jnp.where(w > 0, statistics * w, 0), axis=0)


def _of_class(
    by_class: Callable[[Array], Array], mean: Callable[[Array, Array], Scalar] | None = None, index: int = 0
) -> Callable[[Array, Scalar], Scalar]:
    """Make the value of counts by class: the mean over classes, or that of one."""

    def value(sums: Array, total: Scalar) -> Scalar:
        if mean is not None:
            return mean(by_class(sums), sums)
        if index >= sums.shape[-2]:
            raise UserError(f"A metric of class {index} was asked for, but the classes are 0 to {sums.shape[-2] - 1}.")
        return by_class(sums)[..., index]

    return value


_BY_CLASS = {"f1": counting.f1_by_class, "precision": counting.precision_by_class, "recall": counting.recall_by_class}
_ours = functools.partial(Metric, takes_raw=False)
_share = functools.partial(_ours, range=(0.0, 1.0))


def _of_loss(loss: Loss) -> Metric:
    return _ours(
        loss.definition,
        False,
        short=loss.short,
        words=loss.words,
        takes_logarithms=loss.takes_logarithms,
        label=loss.label,
        range=(loss.lowest, math.inf),
    )


_known, _present = counting.mean_of_known, counting.mean_of_present
_ALL = (
    *map(_of_loss, LOSSES.values()),
    _share(counting.accuracy, True, short="accuracy", complement="wrong answers"),
    _ours(
        counting.squared_error,
        False,
        counting.root_of_mean,
        "RMSE",
        "root mean squared error",
        label="root_mean_squared_error",
        range=(0.0, math.inf),
    ),
    _ours(counting.moments, True, counting.explained, "R²", "R²", label="r2", shifts=True, range=(-math.inf, 1.0)),
    *(
        _share(counting.class_counts, True, _of_class(by_class, _known), name, f"{name} over classes", label=name)
        for name, by_class in _BY_CLASS.items()
    ),
    _share(
        counting.class_counts,
        True,
        _of_class(counting.recall_by_class, _present),
        "balanced accuracy",
        label="balanced_accuracy",
    ),
    _share(counting.ranks, True, counting.area_under_curve, "ROC AUC", "area under the ROC curve", label="roc_auc"),
    _share(counting.confidence_gaps, False, counting.calibration_error, "ECE", label="expected_calibration_error"),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}

_USUAL = {
    "classification": ("accuracy",),
    "regression": ("mean_squared_error", "mean_absolute_error"),
    "reconstruction": ("mean_squared_error", "binary_crossentropy"),  # both always, so that losses can be compared
}


def metric_of(name: str) -> Metric:
    """Return the record of a metric: ours by name, that of one class ("f1_3", "recall_0"), or that of an object.

    An object is `Metric(function, maximized=...)`, with y as the data hold it and p after the output activation. A path
    that was not imported gives a record that has a name and cannot be called.

    Raises:
      KeyError: an unknown name (`invalid_values.validate` says so). UserError: an object without a direction.
    """
    if isinstance(name, ObjectRef):
        return _own(name)
    if isinstance(name, NamedMetric):
        return Metric(without_object("metric", name, "metrics"), name.maximized, label=name.name)
    if name not in METRICS and (parts := OF_CLASS.fullmatch(name)):
        value = _of_class(_BY_CLASS[parts[1]], index=int(parts[2]))
        return _share(counting.class_counts, True, value, f"{parts[1]} of {parts[2]}", label=name)
    if name not in METRICS and is_path(name):
        return Metric(without_object("metric", name, "metrics"), label=name.rpartition(":")[2])
    return METRICS[name]


def known_metric(name: str) -> Metric | None:
    """Return the record of a metric, None where a name is none: that of another quantity, such as a loss."""
    try:
        return metric_of(name)
    except (KeyError, UserError):
        return None


def complement_of(name: str) -> str:
    """Name what is shown of a metric instead of it, in per cent (`Metric.complement`); "" for most, and for losses."""
    metric = known_metric(name)
    return "" if metric is None else metric.complement


def _own(ref: ObjectRef) -> Metric:
    """Make the record of the user's metric."""
    found = _of_loss(ref.object) if isinstance(ref.object, Loss) else ref.object
    if not isinstance(found, Metric) or found.maximized is None:
        what = found.name if isinstance(found, Metric) else ref.label
        function = ObjectRef(found.statistics).label if isinstance(found, Metric) else ref.label
        raise UserError(
            f"The metric {what} has no direction: write nnjax.Metric({function}, maximized=True), or False, so that it "
            "is known which value is the best."
        )
    if not found.name.isidentifier():
        raise UserError(f"The metric {found.name} needs a name for its curve: write label='name' into its record.")
    if not found.takes_raw:
        return found

    def statistics(y: Array, p: Array) -> Array:
        values = call(f"The metric {found.name}", found.statistics, y=y, p=p)
        _require_per_example(found, values, y, p)
        return jnp.asarray(values, p.dtype)

    return dataclasses.replace(found, statistics=statistics, label=found.name)


def _require_per_example(metric: Metric, values: Any, y: Array, p: Array) -> None:
    found, count = getattr(values, "shape", None), p.shape[0]
    if found is not None and found[:1] == (count,) and (metric.value is not None or len(found) == 1):
        return
    what = f"{values.dtype}{list(found)}" if found is not None else f"a {type(values).__name__}"
    expected = f"[{count}]" if metric.value is None else f"[{count}, ...]"
    raise UserError(
        f"The metric {metric.name} returned {what} for {shapes({'y': y, 'p': p})}, but one value for each example, "
        f"{expected}, was expected: leave the mean over the examples to nnjax."
    )


def trace_metric(name: str, y: jax.ShapeDtypeStruct, p: jax.ShapeDtypeStruct) -> None:
    """Trace a metric on shapes alone; UserError if it fails, or its statistics or value are of other shapes."""
    metric = metric_of(name)
    found = jax.eval_shape(metric.of_examples, y, p)
    if found.shape != ():
        raise UserError(
            f"The metric {metric.name} has values of shape {list(found.shape)}, but one number was expected."
        )


def usual_metrics(goal: str) -> tuple[str, ...]:
    """Name the usual metrics of a goal, the main one first; other than of two known goals those of a reconstruction."""
    return _USUAL.get(goal, _USUAL["reconstruction"])


def directions_of(metrics: Iterable[str]) -> dict[str, bool]:
    """Say of metrics of the user's, by name, whether the highest value is the best, where that is known."""
    records = [metric_of(metric) for metric in metrics if is_path(metric)]
    return {record.name: record.maximized for record in records if record.maximized is not None}


def direction_of(score: str, directions: Directions = MappingProxyType({})) -> bool | None:
    """Say whether the highest value of a score is the best, by its metric; None where it ends as no metric's name.

    Args:
      score: the name of a metric, a curve or a final value: accuracy, val_accuracy, train_accuracy_eval.
      directions: of further metrics, by name.
    """
    name = _named(score, directions)
    return directions[name] if name in directions else bool(metric_of(name).maximized) if name else None


def _named(score: str, others: Iterable[str] = ()) -> str:
    """Return the name of the metric, ours or another, that a score ends as: accuracy of val_accuracy; "" for none."""
    stem = f"_{score.removesuffix('_eval')}"
    of_class = re.search(f"_{OF_CLASS.pattern}$", stem)
    names = [*METRICS, *others, *([of_class[0][1:]] if of_class else [])]
    return max((name for name in names if stem.endswith(f"_{name}")), key=len, default="")


def range_of(score: str, loss: str, metrics: Iterable[str] = ()) -> tuple[float, float]:
    """Return the smallest and the largest value that a score can have, infinite where that is not known.

    Args:
      score: the name of a metric, a curve or a final value; "loss" and what ends so is the loss.
      loss, metrics: of the experiment, as `Experiment` has them.
    """
    records = [metric_of(metric) for metric in metrics if is_path(metric)]
    own = {record.name: record.range for record in records} | {"loss": (loss_of(loss).lowest, math.inf)}
    name = _named(score, own)
    return own[name] if name in own else metric_of(name).range if name else (-math.inf, math.inf)


def is_maximized(score: str, directions: Directions = MappingProxyType({})) -> bool:
    """Whether the highest value of a score is the best; "loss" and what is unknown are minimized."""
    return bool(direction_of(score, directions))


def confusion_matrix(labels: Classes, predictions: Classes, num_classes: int) -> Int[np.ndarray, "classes classes"]:
    """Count examples by true (rows) and predicted class: [n], [n] -> int64 [k, k]; UserError for what is no class."""
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise UserError(f"Labels are {labels.shape} and predictions {predictions.shape}; both must be [n].")
    both = np.concatenate([labels, predictions])
    if both.size and (both.min() < 0 or both.max() >= num_classes):
        raise UserError(f"Class indices {both.min()} to {both.max()} were found, but 0 to {num_classes - 1} expected.")
    cells = labels.astype(np.int64) * num_classes + predictions
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)
