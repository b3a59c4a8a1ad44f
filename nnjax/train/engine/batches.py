"""The data as the program sees it: on the device once, shared by all trials, batches gathered inside the program."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.core.types import Array, DataFacts, Key, Prepared
from nnjax.models.registry import traits_of
from nnjax.nn.activations import ACTIVATIONS

ORDER = 1  # what a trial's seed is folded with for the order of the examples


class Part(NamedTuple):
    """Indices of one part of the data: index int32 [padded n], count int32 [] (how many of them are real)."""

    index: Array
    count: Array


class Window(NamedTuple):
    """The training examples that are on the device for now (see `nnjax.train.engine.windows`).

    Outside the program every field has a leading axis, one window for each device (or row that shares batches).

    Attributes:
      x, y: [w, d] and [w, ...], as in `DeviceData`; zeros after the last example.
      count: int32 [], how many examples it holds.
      number, of: int32 [], its place in the epoch, from 0, and how many windows the epoch has.
    """

    x: Array
    y: Array
    count: Array
    number: Array
    of: Array


class DeviceData(NamedTuple):
    """A prepared data set on the device, once for all trials.

    Attributes:
      x: [n, d] uint8 or float; with windows only the examples that are evaluated.
      y: [n] int32 classes, [n, k] float targets, or [n, 0] where the input is the target.
      train, train_eval, validation, test: the parts; train_eval is the fixed subset re-evaluated at epochs' ends. With
        windows train has a count only.
      probe_indices: int32 [s], training examples on which `nnjax.train.engine.probe` measures the networks.
      x_mean, x_scale, y_mean, y_scale: the scalers, [1, 1], [1, d] or [1, k].
      window: what is trained on; None for all of x.
    """

    x: Array
    y: Array
    train: Part
    train_eval: Part
    validation: Part
    test: Part
    probe_indices: Array
    x_mean: Array
    x_scale: Array
    y_mean: Array
    y_scale: Array
    window: Window | None = None


@dataclasses.dataclass(frozen=True)
class Shapes:
    """The static facts about the data that a program is compiled for.

    Attributes:
      num_inputs, num_outputs: d and k.
      task: of the data set; "reconstruction" for an autoencoder.
      has_validation, has_train_eval: whether those parts hold any example.
      image_shape: (height, width) of inputs that are images.
      augment: of the data's configuration: what happens to training images.
    """

    num_inputs: int
    num_outputs: int
    task: str
    has_validation: bool
    has_train_eval: bool
    image_shape: tuple[int, int] | None = None
    augment: str = "none"


def output_width(model: ModelConfig, facts: DataFacts) -> int:
    """k: the input's width for an autoencoder, else the number of targets or classes (1 for two and no softmax)."""
    if traits_of(model).reconstructs or facts.task == "none":
        return facts.num_inputs
    if facts.task == "regression":
        return facts.num_targets
    distribution = ACTIVATIONS[model.output_activation].distribution
    return 1 if len(facts.classes) == 2 and not distribution else len(facts.classes)


def make_shapes(experiment: Experiment, prepared: Prepared) -> Shapes:
    """Read the static facts off a prepared data set."""
    facts = prepared.facts()
    return Shapes(
        num_inputs=facts.num_inputs,
        num_outputs=output_width(experiment.model, facts),
        task="reconstruction" if traits_of(experiment.model).reconstructs else prepared.dataset.task,
        has_validation=len(prepared.validation) > 0,
        has_train_eval=experiment.train_eval_size != 0,
        image_shape=facts.image_shape,
        augment=experiment.data.augment,
    )


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
    x, y = examples(prepared, rows, dtype)
    most_train_eval = most_train if experiment.train_eval_size is None else min(most_train, experiment.train_eval_size)
    most_evaluated = max(most_train_eval, most_validation, len(prepared.test))  # equal shapes are compiled once
    batches = even_batches(most_evaluated, experiment.eval_batch_size)
    evaluated = batches * -(-most_evaluated // max(batches, 1))
    return DeviceData(
        x=x,
        y=y,
        train=_pad(train, padded) if rows is None else Part(np.zeros(0, np.int32), np.int32(len(train))),
        train_eval=_pad(parts[1], evaluated),
        validation=_pad(parts[2], evaluated),
        test=_pad(parts[3], evaluated),
        probe_indices=parts[4],
        x_mean=_row(prepared.x_scaler.mean, dtype),
        x_scale=_row(prepared.x_scaler.scale, dtype),
        y_mean=_row(prepared.y_scaler.mean, dtype),
        y_scale=_row(prepared.y_scaler.scale, dtype),
    )


def float_type(experiment: Experiment) -> type:
    """Give the type of inputs and targets that are no whole numbers."""
    return np.float64 if experiment.model.dtype == "float64" else np.float32


def examples(prepared: Prepared, rows: np.ndarray | None, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """Fetch examples by index, None for all, as the device holds them: x [rows, d], y [rows], [rows, k] or [rows, 0].

    Raises:
      UserError: they lie in a file that has changed.
    """
    dataset, chosen = prepared.dataset, slice(None) if rows is None else rows
    x = dataset.x[chosen]
    y = np.zeros((len(x), 0), dtype) if dataset.y is None else dataset.y[chosen]
    return x if x.dtype == np.uint8 else x.astype(dtype), y if y.dtype == np.int32 else y.astype(dtype)


def largest(prepared: Prepared, folds: int | None) -> tuple[int, int]:
    """Give the sizes of the largest training and validation parts, so that one program serves all folds."""
    train, validation = len(prepared.train), len(prepared.validation)
    if folds is None:
        return train, validation
    pool = train + validation
    return pool - pool // folds, -(-pool // folds)


def _row(values: np.ndarray, dtype: type) -> np.ndarray:
    """Shape a scaler's values [] or [d] as [1, 1] or [1, d], so that nothing is broadcast between ranks."""
    return np.atleast_2d(np.asarray(values, dtype))


def fixed_subset(train: np.ndarray, size: int) -> np.ndarray:
    """At most `size` of the training indices, evenly spaced, so the same for every trial."""
    if size >= len(train):
        return train
    return train[np.linspace(0, len(train) - 1, size).round().astype(np.int64)] if size else train[:0]


def even_batches(examples: int, most: int) -> int:
    """Count the batches of equal size, of at most so many examples each, that hold so many."""
    return -(-examples // most)


def _pad(index: np.ndarray, size: int) -> Part:
    """Pad a part to a size; an empty part stays empty."""
    padded = np.zeros(size if len(index) else 0, np.int32)
    padded[: len(index)] = index
    return Part(padded, np.int32(len(index)))


def epoch_rows(shuffle: bool, part: Part, seed: Array, turn: Array) -> Array:
    """The training rows in the order of one epoch, or window, int32 [padded n]; the real ones first.

    A pure function of (seed, turn) and of the training part; turns count the epochs, or the windows of all epochs.
    """
    if not shuffle:
        return part.index
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), ORDER), turn)
    return part.index[random_order(key, part.index.shape[0], part.count)]


MOST_PROBED, FEWEST_PROBED = 256, 32  # examples on which the networks' insides are measured
PROBE_SHARE = 40  # of so many training examples, one is


def num_probe_examples(most: int) -> int:
    """Count the probe examples: a fortieth of the training part, but 32 to 256, and not more than there are."""
    return min(most, max(FEWEST_PROBED, min(MOST_PROBED, most // PROBE_SHARE)))


PLACE_BITS = (16, 21, 24, 28)  # of a word of the sort below; few choices, so that padding hardly ever changes them


def random_order(key: Key, n: int, count: Array) -> Array:
    """Draw a random order of 0 … n - 1 in which those from `count` (int32 []) on come last: uint32 [n].

    A radix sort of 31-bit random keys whose passes sort one array of words, some bits of the keys above and the places
    below: in XLA:CPU three times as fast as one sort of keys with their places beside them. The order of the first
    `count` does not depend on n while PLACE_BITS are the same.
    """
    width = next(bits for bits in PLACE_BITS if n <= 2**bits)
    place = jnp.arange(n, dtype=jnp.uint32)
    order, last = place, -(-32 // (32 - width)) - 1
    for number in range(last + 1):
        bits = jax.random.bits(jax.random.fold_in(key, number), (n,), jnp.uint32)[order]
        if number == last:
            bits = jnp.where(order < count.astype(jnp.uint32), bits >> 1, jnp.uint32(2**32 - 1))
        words = jax.lax.sort((bits >> width) << width | place)
        order = order[words & jnp.uint32(2**width - 1)]
    return order


class Stage(NamedTuple):
    """What is trained on for now.

    Attributes:
      data: whose x and y hold it.
      part: its examples.
      begin: int32 [], the step of the epoch with which it begins.
      turn: int32 [], the number of its order: that of the epoch, or of the window, counted on through all epochs.
    """

    data: DeviceData
    part: Part
    begin: Array
    turn: Array


def stage_of(data: DeviceData, batch_size: int, epoch: Array) -> Stage:
    """Give what an epoch (int32 []) trains on: all that trains, or the window."""
    window = data.window
    if window is None:
        return Stage(data, data.train, jnp.int32(0), epoch)
    size = window.x.shape[0]
    part = Part(jnp.arange(size, dtype=jnp.int32), window.count)
    begin, turn = window.number * (size // batch_size), epoch * window.of + window.number
    return Stage(data._replace(x=window.x, y=window.y), part, begin, turn)


class Batch(NamedTuple):
    """One batch: inputs x [b, d], targets y [b, k], weights w [b] (0 for padding)."""

    x: Array
    y: Array
    w: Array


def gather(data: DeviceData, shapes: Shapes, index: Array, weight: Array) -> Batch:
    """Fetch examples by index [b], scale them, and make their targets."""
    dtype = data.x_scale.dtype
    x = (data.x[index].astype(dtype) - data.x_mean) * data.x_scale
    return Batch(x, _target(data, shapes, index, x), weight.astype(dtype))


def _target(data: DeviceData, shapes: Shapes, index: Array, x: Array) -> Array:
    """Targets [b, k]: the input itself, scaled numbers, or classes as one column (k = 1) or one-hot rows."""
    if shapes.task in ("reconstruction", "none"):
        return x
    y = data.y[index]
    if shapes.task == "regression":
        return (y - data.y_mean) * data.y_scale
    if shapes.num_outputs == 1:
        return y[:, None].astype(x.dtype)
    return jax.nn.one_hot(y, shapes.num_outputs, dtype=x.dtype)


def split_batch(index: Array, weight: Array, axis: str) -> tuple[Array, Array]:
    """This device's share of a batch that is split over a mesh axis; the batch is padded to divide evenly."""
    share = jax.lax.axis_size(axis)
    pad = -index.shape[0] % share
    size = (index.shape[0] + pad) // share
    start = jax.lax.axis_index(axis) * size
    index, weight = jnp.pad(index, (0, pad)), jnp.pad(weight, (0, pad))
    return jax.lax.dynamic_slice_in_dim(index, start, size), jax.lax.dynamic_slice_in_dim(weight, start, size)
