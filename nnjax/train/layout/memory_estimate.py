"""Estimate the device memory that trials take, from shapes, before anything is compiled.

It is held against the compilers' own counts: tests/train/test_footprint.py for CPUs, docs/tpu.md for a TPU slice.
"""

import itertools
import math
from typing import Any, NamedTuple

import jax
import numpy as np

from nnjax.core.experiment import Experiment
from nnjax.models.registry import traits_of
from nnjax.models.summary import summarize_model
from nnjax.models.user_models import held_numbers
from nnjax.nn.losses import loss_of
from nnjax.train.engine.device_data import DeviceData, Shapes
from nnjax.train.engine.state_shapes import blank_state

CONVOLVED = 3.5  # times the units of a batch: images, patches and phases that training convolutions holds
SORTED = 6  # words that an example takes while the order of an epoch is drawn (`batches.random_order`)


class Compiler(NamedTuple):
    """What a backend's compiler makes of arrays."""

    tile: tuple[int, int] = (1, 1)  # two axes of an array are padded to whole multiples of these
    gradients: bool = True  # whether gradients come to lie in memory, or are used up where they arise
    logarithms: bool = True  # whether the terms of a loss of logarithms do
    relaid: bool = False  # whether the examples are laid out again, in whole tiles, for batches to be gathered
    beside: int = 0  # bytes of temporaries that find place in memory of the processor's own


COMPILERS = {  # of a v5e's 128 MiB beside its units, about half
    "tpu": Compiler((8, 128), gradients=False, logarithms=False, relaid=True, beside=2**26)
}


def device_bytes(
    experiment: Experiment,
    shapes: Shapes,
    data: DeviceData,
    lanes: int,
    shared: bool = False,
    platform: str | None = None,
) -> int:
    """Estimate the most bytes that a device needs for the data and trials under way on it; arguments as for `parts`."""
    state, passing = parts(experiment, shapes, data, shared, platform)
    compiler, (rows, columns) = _compiler(platform), data.x.shape
    relaid = rows * _up(columns, compiler.tile[1]) * data.x.dtype.itemsize if compiler.relaid else 0
    return data_bytes(data) + relaid + lanes * state + max(0, lanes * passing - compiler.beside)


def lane_bytes(
    experiment: Experiment, shapes: Shapes, data: DeviceData, shared: bool = False, platform: str | None = None
) -> int:
    """Estimate the most bytes of one of many trials under way; arguments as for `parts`."""
    return sum(parts(experiment, shapes, data, shared, platform))


def parts(
    experiment: Experiment, shapes: Shapes, data: DeviceData, shared: bool = False, platform: str | None = None
) -> tuple[int, int]:
    """Estimate the bytes of a trial's state, and the most of what comes and goes beside it.

    That is a gradient with the activations of a batch, the activations of an evaluation, or an epoch's order.

    Args:
      experiment, shapes, data: of the trial; of the data the shapes suffice.
      shared: lanes have one order, which then is none of the trial's own.
      platform: of the devices; by default the one in use.
    """
    compiler, state = _compiler(platform), blank_state(experiment, shapes)
    itemsize = 8 if experiment.model.dtype == "float64" else 4
    train, evaluation = _activations(experiment, shapes, data, compiler)
    gradient = _array_bytes(state.params, compiler) if compiler.gradients else 0
    ordered = data.train.index.shape[0] if data.window is None else data.window.x.shape[1]
    order = 0 if shared else 4 * SORTED * ordered
    return _array_bytes(state, compiler), int(max(gradient + itemsize * train, itemsize * evaluation, order))


def data_bytes(data: DeviceData) -> int:
    """Count the bytes of a data set, of which every device has a copy; of windows, the present one and the next."""
    twice = jax.tree.leaves((data, data.window))
    return sum(math.prod(np.shape(leaf)) * leaf.dtype.itemsize for leaf in twice)


def padded_size(shape: tuple[int, ...], tile: tuple[int, int]) -> int:
    """Count the elements of an array with its padding, in the layout that pads least."""
    rows, columns = tile
    if 0 in shape:
        return 0
    if len(shape) < 2:
        return math.prod(_up(side, columns) for side in shape)
    sizes = math.prod(shape)
    return min(
        sizes // (shape[i] * shape[j]) * _up(shape[i], rows) * _up(shape[j], columns)
        for i, j in itertools.permutations(range(len(shape)), 2)
    )


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _compiler(platform: str | None) -> Compiler:
    return COMPILERS.get(platform or jax.default_backend(), Compiler())


def _array_bytes(tree: Any, compiler: Compiler) -> int:
    return sum(padded_size(leaf.shape, compiler.tile) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def _activations(experiment: Experiment, shapes: Shapes, data: DeviceData, compiler: Compiler) -> tuple[float, float]:
    """Count the numbers that a step holds beside weights and gradient, and those that an evaluation holds.

    A step of dense layers holds the units of all, and the gradient of the widest; an evaluation two layers. A loss of
    logarithms takes the last layer twice more, and once more. Convolutions are counted as measured, of a user's
    model whatever its forward pass makes.
    """
    longest = max(part.index.shape[0] for part in (data.train_eval, data.validation, data.test))

    if traits_of(experiment.model).own:
        sizes = experiment.batch_size, min(experiment.eval_batch_size, longest)
        own = [held_numbers(experiment.model, shapes.shape, size) if size else 0 for size in sizes]
        return own[0], own[1]
    layers = summarize_model(experiment, shapes.shape, shapes.num_outputs).layers

    def batch(size: int) -> list[int]:
        units = (shapes.num_inputs, *(layer.outputs for layer in layers))
        return [padded_size((size, number), compiler.tile) for number in units]

    train, evaluation = batch(experiment.batch_size), batch(min(experiment.eval_batch_size, longest))
    if not traits_of(experiment.model).is_dense:
        return CONVOLVED * sum(train), sum(evaluation)
    values = compiler.logarithms and loss_of(experiment.loss).takes_logarithms
    held = max(map(sum, itertools.pairwise([0, *evaluation[1:]])))
    return sum(train) + max(train[1:]) + 2 * values * train[-1], held + values * evaluation[-1]
