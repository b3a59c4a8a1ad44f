"""Draw the order of the training examples, and gather batches, inside the program."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nnjax.core.types import Array, Bool, Count, Float, Int, Key, Num, UInt
from nnjax.train.engine.device_data import DeviceData, Part, Shapes

ORDER = 1  # what a trial's seed is folded with for the order of the examples
Index = Int[Array, " b"]
Mask = Bool[Array, " b"]  # False for padding
PLACE_BITS = (16, 21, 24, 28)  # of a word of the sort below; few choices, so that padding hardly ever changes them


class EpochPart(NamedTuple):
    """The examples that a program trains on until the end of an epoch, or of a window."""

    data: DeviceData  # whose x and y hold it
    part: Part  # its examples
    begin: Count  # int32 [], the step of the epoch with which it begins
    turn: Count  # int32 [], the number of its order: that of the epoch, or of the window, counted on through all epochs


def epoch_part(data: DeviceData, batch_size: int, epoch: Count) -> EpochPart:
    """Return what an epoch (int32 []) trains on: all that trains, or the window."""
    window = data.window
    if window is None:
        return EpochPart(data, data.train, jnp.int32(0), epoch)
    size = window.x.shape[0]
    part = Part(jnp.arange(size, dtype=jnp.int32), window.count)
    begin, turn = window.number * (size // batch_size), epoch * window.of + window.number
    return EpochPart(data._replace(x=window.x, y=window.y, weights=window.weights), part, begin, turn)


def epoch_rows(shuffle: bool, part: Part, seed: UInt[Array, ""], turn: Count) -> Int[Array, " n"]:
    """The training rows in the order of one epoch, or window, int32 [padded n]; the real ones first.

    A pure function of (seed, turn) and of the training part; turns count the epochs, or the windows of all epochs.
    """
    if not shuffle:
        return part.index
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), ORDER), turn)
    return part.index[random_order(key, part.index.shape[0], part.count)]


def random_order(key: Key, n: int, count: Count) -> UInt[Array, " n"]:
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


class Batch(NamedTuple):
    """One batch of examples."""

    x: Float[Array, "b d"]  # inputs [b, d], scaled
    # targets [b, k], as our losses take them: the input, scaled numbers, or classes as one column or one-hot rows
    y: Float[Array, "b k"]
    w: Float[Array, " b"]  # weights [b], 0 for padding
    # classes int32 [b], for losses and metrics of the user's; None where y is what the data hold
    raw: Int[Array, " b"] | None = None

    @property
    def held(self) -> Num[Array, "b ..."]:
        """The targets as the data hold them."""
        return self.y if self.raw is None else self.raw


def gather(data: DeviceData, shapes: Shapes, index: Index, weight: Mask) -> Batch:
    """Fetch examples by index [b], scale them, and make their targets."""
    dtype = data.x_scale.dtype
    x = (data.x[index].astype(dtype) - data.x_mean) * data.x_scale
    raw = data.y[index] if shapes.goal == "classification" else None
    w = weight.astype(dtype) if data.weights is None else weight.astype(dtype) * data.weights[index]
    return Batch(x, _target(data, shapes, index, x), w, raw)


def _target(data: DeviceData, shapes: Shapes, index: Array, x: Array) -> Array:
    """Targets [b, k]: the input itself, scaled numbers, or classes as one column (k = 1) or one-hot rows."""
    if shapes.goal == "reconstruction":
        return x
    y = data.y[index]
    if shapes.goal == "regression":
        return (y - data.y_mean) * data.y_scale
    if shapes.num_outputs == 1:
        return y[:, None].astype(x.dtype)
    return jax.nn.one_hot(y, shapes.num_outputs, dtype=x.dtype)


def split_batch(index: Index, weight: Mask, axis: str) -> tuple[Index, Mask]:
    """This device's share of a batch that is split over a mesh axis; the batch is padded to divide evenly."""
    share = jax.lax.axis_size(axis)
    pad = -index.shape[0] % share
    size = (index.shape[0] + pad) // share
    start = jax.lax.axis_index(axis) * size
    index, weight = jnp.pad(index, (0, pad)), jnp.pad(weight, (0, pad))
    return jax.lax.dynamic_slice_in_dim(index, start, size), jax.lax.dynamic_slice_in_dim(weight, start, size)
