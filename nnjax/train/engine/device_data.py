"""Lay a prepared data set out for the devices: once for all trials, its parts as indices."""

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import Array, Count, DataFacts, Float, Int, Num, Prepared, Scaler
from nnjax.data.class_weights import class_weights
from nnjax.models.envelope import Envelope
from nnjax.models.registry import own_output_shape, sees_batch, traits_of
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.losses import loss_of

Indices = Int[np.ndarray, " rows"]
Weights = Float[np.ndarray, " rows"]
HostExamples = tuple[Num[np.ndarray, "rows d"], Num[np.ndarray, "rows ..."], Weights | None]  # x, y and weights


class Part(NamedTuple):
    """Indices of one part of the data: index int32 [padded n], count int32 [] (how many of them are real)."""

    index: Int[Array, " n"]  # type: ignore[assignment]  # hides a method of tuples
    count: Count  # type: ignore[assignment]  # likewise


class Window(NamedTuple):
    """The training examples that are on the device for now (see `nnjax.train.engine.windows`).

    Outside the program every field has a leading axis, one window for each device (or row that shares batches).

    Attributes:
      x, y: [w, d] and [w, ...], as in `DeviceData`; zeros after the last example.
      count: int32 [], how many examples it holds.
      number, of: int32 [], its place in the epoch, from 0, and how many windows the epoch has.
      weights: [w], as in `DeviceData`.
    """

    x: Num[Array, "... w d"]
    y: Num[Array, "..."]
    count: Int[Array, "..."]  # type: ignore[assignment]  # hides a method of tuples
    number: Int[Array, "..."]
    of: Int[Array, "..."]
    weights: Float[Array, "... w"] | None = None


class DeviceData(NamedTuple):
    """A prepared data set on the device, once for all trials."""

    x: Num[Array, "n d"]  # [n, d] uint8 or float; with windows only the examples that are evaluated
    y: Num[Array, "n ..."]  # [n] int32 classes, [n, k] float targets, or [n, 0] where the input is the target
    # train, train_eval, validation, test: the parts; train_eval is the fixed subset re-evaluated at epochs' ends. With
    # windows train has a count only.
    train: Part
    train_eval: Part
    validation: Part
    test: Part
    # int32 [s], training examples on which `nnjax.train.engine.probe` measures the networks
    probe_indices: Int[Array, " s"]
    x_mean: Float[Array, "1 #d"]  # x_mean, x_scale, y_mean, y_scale: the scalers, [1, 1], [1, d] or [1, k]
    x_scale: Float[Array, "1 #d"]
    y_mean: Float[Array, "1 #k"]
    y_scale: Float[Array, "1 #k"]
    window: Window | None = None  # what is trained on; None for all of x
    weights: Float[Array, " n"] | None = None  # [n], with which examples count; None where all count alike
    # [classes], with which classes count in training; None likewise
    class_weights: Float[Array, " classes"] | None = None


@dataclasses.dataclass(frozen=True)
class Shapes:
    """The static facts about the data that a program is compiled for."""

    shape: tuple[int, ...]  # of one example, (d,) where the model reads it flat
    num_outputs: int  # k
    goal: str  # "classification", "regression" or "reconstruction"
    has_validation: bool  # has_validation, has_train_eval: whether those parts hold any example
    has_train_eval: bool
    image_shape: tuple[int, int] | None = None  # (height, width) of inputs that are images
    augment: str = "none"  # of the data's configuration: what happens to training images
    # examples of an epoch's last, smaller batch, for models and objectives that may compute something of a whole batch,
    # which padding would change; 0 where there is none, or where padding changes nothing
    last_batch: int = 0
    # of the program of a user's model, loss or optimizer, so that a redefined one is compiled anew
    fingerprint: str = ""
    num_targets: int = 0  # columns of a regression's targets, as many as outputs but for losses of the user's; else 0
    envelope: Envelope | None = None  # of trials whose architectures differ; None where they are alike

    @property
    def num_inputs(self) -> int:
        """Numbers d of one example."""
        return math.prod(self.shape)

    @property
    def outputs_are_targets(self) -> bool:
        """Whether there are as many outputs as targets, so that they can be compared."""
        targets = {"regression": self.num_targets, "reconstruction": self.num_inputs}.get(self.goal)
        return not targets or self.num_outputs == targets


def output_width(model: ModelConfig, facts: DataFacts) -> int:
    """k: the input's width for an autoencoder, else the number of targets or classes (1 for two and no softmax)."""
    traits = traits_of(model)
    goal = traits.goal(facts.task)
    if traits.own and isinstance(model.kind, ObjectRef):
        return math.prod(own_output_shape(model, facts.example_shape)) or 1
    if goal == "reconstruction":
        return facts.num_inputs
    if goal == "regression":
        return facts.num_targets
    distribution = ACTIVATIONS[model.output_activation].distribution
    return 1 if len(facts.classes) == 2 and not distribution else len(facts.classes)


def make_shapes(experiment: Experiment, prepared: Prepared) -> Shapes:
    """Read the static facts off a prepared data set."""
    facts, traits = prepared.facts(), traits_of(experiment.model)
    whole = loss_of(experiment.loss).objective is not None or sees_batch(experiment.model, facts.example_shape)
    return Shapes(
        shape=facts.example_shape if traits.own else (facts.num_inputs,),
        num_outputs=output_width(experiment.model, facts),
        goal=traits.goal(facts.task),
        has_validation=len(prepared.validation) > 0,
        has_train_eval=experiment.train_eval_size != 0,
        image_shape=facts.image_shape,
        augment=experiment.data.augment,
        last_batch=len(prepared.train) % experiment.batch_size if whole else 0,
        num_targets=facts.num_targets if traits.goal(facts.task) == "regression" else 0,
    )


SCALED = Scaler(np.zeros((), np.float32), np.ones((), np.float32))  # of what was scaled on the host


def make_device_data(experiment: Experiment, prepared: Prepared) -> DeviceData:
    """Lay a prepared data set out for the program, as numpy arrays; the population puts it on its devices."""
    dtype, train = float_type(experiment), prepared.train
    subset = train if experiment.train_eval_size is None else fixed_subset(train, experiment.train_eval_size)
    most_train, most_validation = largest(prepared, experiment.data.folds)
    padded = -(-most_train // experiment.batch_size) * experiment.batch_size
    size = num_probe_examples(padded)
    probed = train[np.minimum(np.arange(size) * max(len(train) // size, 1), len(train) - 1)]
    parts, rows = [train, subset, prepared.validation, prepared.test, probed], None
    if experiment.data.window is not None:
        rows = np.unique(np.concatenate(parts[1:]))
        parts[1:] = [np.searchsorted(rows, part).astype(np.int32) for part in parts[1:]]
    x, y, weights = examples(prepared, rows, dtype)
    if prepared.room is not None:
        x, y, weights = (_with_room(array, prepared.room[0]) for array in (x, y, weights))
    by_class = None if experiment.class_weight is None else class_weights(experiment.class_weight, prepared)
    most_train_eval = most_train if experiment.train_eval_size is None else min(most_train, experiment.train_eval_size)
    most_evaluated = max(most_train_eval, most_validation, len(prepared.test))  # equal shapes are compiled once
    batches = even_batches(most_evaluated, experiment.eval_batch_size)
    x_scaler, y_scaler = (SCALED if scaler.wide else scaler for scaler in (prepared.x_scaler, prepared.y_scaler))
    evaluated = batches * -(-most_evaluated // max(batches, 1))
    return DeviceData(
        x=x,
        y=y,
        train=_pad(train, padded) if rows is None else Part(np.zeros(0, np.int32), np.array(len(train), np.int32)),
        train_eval=_pad(parts[1], evaluated),
        validation=_pad(parts[2], evaluated),
        test=_pad(parts[3], evaluated),
        probe_indices=parts[4],
        x_mean=_row(x_scaler.mean, dtype),
        x_scale=_row(x_scaler.scale, dtype),
        y_mean=_row(y_scaler.mean, dtype),
        y_scale=_row(y_scaler.scale, dtype),
        weights=weights,
        class_weights=None if by_class is None else by_class.astype(dtype),
    )


MOST_PROBED, FEWEST_PROBED = 256, 32  # examples on which the networks' insides are measured
PROBE_SHARE = 40  # of so many training examples, one is


def num_probe_examples(most: int) -> int:
    """Count the probe examples: a fortieth of the training part, but 32 to 256, and not more than there are."""
    return min(most, max(FEWEST_PROBED, min(MOST_PROBED, most // PROBE_SHARE)))


def float_type(experiment: Experiment) -> type:
    """Return the type of inputs and targets that are no whole numbers."""
    return np.float64 if experiment.model.dtype == "float64" else np.float32


def examples(prepared: Prepared, rows: Indices | None, dtype: type) -> HostExamples:
    """Fetch examples by index, None for all, as the device holds them: x [rows, d], y [rows, ...] and weights.

    y is [rows] of classes, [rows, k] of numbers, or [rows, 0].

    Raises:
      UserError: they lie in a file that has changed.
    """
    dataset, chosen = prepared.dataset, slice(None) if rows is None else rows
    x = dataset.x[chosen]
    y = np.zeros((len(x), 0), dtype) if dataset.y is None else dataset.y[chosen]
    x = np.asarray(prepared.x_scaler(x)) if prepared.x_scaler.wide else x  # before it is cast
    y = np.asarray(prepared.y_scaler(y)) if prepared.y_scaler.wide else y
    weights: Weights | None = None if dataset.weights is None else dataset.weights[chosen].astype(dtype)
    return x if x.dtype == np.uint8 else x.astype(dtype), y if y.dtype == np.int32 else y.astype(dtype), weights


def largest(prepared: Prepared, folds: int | None) -> tuple[int, int]:
    """Return the sizes of the largest training and validation parts, so that one program serves all folds.

    Folds of whole groups are of any sizes: each has its own.
    """
    if prepared.room is not None:
        return prepared.room[1:]
    train, validation = len(prepared.train), len(prepared.validation)
    if folds is None or prepared.dataset.groups is not None:
        return train, validation
    pool = train + validation
    return pool - pool // folds, -(-pool // folds)


def _row(values: np.ndarray, dtype: type) -> np.ndarray:
    """Shape a scaler's values [] or [d] as [1, 1] or [1, d], so that nothing is broadcast between ranks."""
    return np.atleast_2d(np.asarray(values, dtype))


def fixed_subset(train: Indices, size: int) -> Indices:
    """At most `size` of the training indices, evenly spaced, so the same for every trial."""
    if size >= len(train):
        return train
    return train[np.linspace(0, len(train) - 1, size).round().astype(np.int64)] if size else train[:0]


def even_batches(examples: int, most: int) -> int:
    """Count the batches of equal size, of at most so many examples each, that hold so many."""
    return -(-examples // most)


def _with_room(array: Any, size: int) -> Any:
    """Pad an array of examples [n, ...] with zeros, which no index points to; None stays."""
    return None if array is None else np.pad(array, [(0, size - len(array))] + [(0, 0)] * (array.ndim - 1))


def _pad(index: np.ndarray, size: int) -> Part:
    """Pad a part to a size; an empty part stays empty."""
    padded = np.zeros(size if len(index) else 0, np.int32)
    padded[: len(index)] = index
    return Part(padded, np.array(len(index), np.int32))
