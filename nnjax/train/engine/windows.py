"""Train on more examples than a device holds: read them window by window, in an order that is a pure function.

The training examples, in the order of the data, are cut into blocks. In every epoch the blocks are put in a new order,
drawn with (split_seed, epoch), and that row of examples is cut into windows: all trials see the same windows. Within a
window each trial's seed draws the order, as it does for a whole epoch where there is one window: that case equals
training with all examples in memory, bit for bit. A window is read in the order of the data.
"""

import dataclasses
import functools
from typing import Any, NamedTuple, cast

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.types import Prepared
from nnjax.train.engine.device_data import HostExamples, Indices, Window, examples, float_type, largest
from nnjax.train.engine.programs import TRIALS

BLOCKS = 64  # in a window: so many places in the data does it come from


class Place(NamedTuple):
    """A window: its epoch and its number in the epoch, both from 0. A single window is that of epoch 0 always."""

    epoch: int
    number: int


@dataclasses.dataclass(frozen=True, eq=False)
class Stream:
    """The windows of a group of trials."""

    prepared: Prepared  # the data; of x only what is asked for is read
    size: int  # examples of a window, a multiple of the batch size; the last window of an epoch may hold fewer
    batch_size: int  # examples of a step
    shuffle: bool  # whether blocks are put in a new order
    seed: int  # draws it
    dtype: type  # of inputs and targets that are no whole numbers

    @property
    def num_examples(self) -> int:
        """How many there are to train on."""
        return len(self.prepared.train)

    @property
    def num_windows(self) -> int:
        """How many an epoch has."""
        return -(-self.num_examples // self.size)

    @property
    def steps(self) -> int:
        """How many steps a full window takes."""
        return self.size // self.batch_size

    @property
    def steps_per_epoch(self) -> int:
        """How many steps an epoch takes."""
        return -(-self.num_examples // self.batch_size)

    def place(self, step: int) -> Place:
        """Find the window that a step (from 0) is taken in."""
        epoch, inside = divmod(step, self.steps_per_epoch)
        return Place(epoch if self.num_windows > 1 else 0, inside // self.steps)

    def after(self, place: Place) -> Place:
        """Find the next window."""
        if self.num_windows == 1:
            return place
        last = place.number == self.num_windows - 1
        return Place(place.epoch + 1, 0) if last else place._replace(number=place.number + 1)

    def left(self, step: int) -> int:
        """Count the steps from a step to the end of its window."""
        inside = step % self.steps_per_epoch
        return min((inside // self.steps + 1) * self.steps, self.steps_per_epoch) - inside

    def rows(self, place: Place) -> Indices:
        """List the examples of a window, int32 indices into the data set, ascending."""
        block = max(1, self.size // BLOCKS)
        order = np.arange(-(-self.num_examples // block))
        if self.shuffle:  # raw output: the same in all versions of NumPy
            order = np.argsort(np.random.PCG64([self.seed, place.epoch, BLOCKS]).random_raw(len(order)), kind="stable")
        ends = np.cumsum(np.minimum(block, self.num_examples - block * order))
        begin = place.number * self.size
        end = min(begin + self.size, self.num_examples)
        first, last = np.searchsorted(ends, begin, side="right"), np.searchsorted(ends, end)
        chosen = order[first : last + 1, None] * block + np.arange(block)
        chosen = chosen[chosen < self.num_examples]
        start = begin - (ends[first - 1] if first else 0)
        return self.prepared.train[np.sort(chosen[start : start + end - begin])]

    def read(self, place: Place) -> HostExamples:
        """Fetch a window, filled up with zeros: x [size, d], y [size, ...], weights; UserError if its file changed."""
        found = examples(self.prepared, self.rows(place), self.dtype)
        return cast(HostExamples, tuple(None if a is None else _filled(a, self.size) for a in found))

    def shapes(self) -> tuple[jax.ShapeDtypeStruct | None, ...]:
        """Return the shapes of a window's x, y and weights."""
        found = examples(self.prepared, self.prepared.train[:1], self.dtype)
        return tuple(None if a is None else jax.ShapeDtypeStruct((self.size, *a.shape[1:]), a.dtype) for a in found)


def make_stream(experiment: Experiment, prepared: Prepared) -> Stream | None:
    """Return the windows that an experiment trains on; None for all examples. UserError if one holds no batch."""
    window, batch_size = experiment.data.window, experiment.batch_size
    if window is None:
        return None
    most, _ = largest(prepared, experiment.data.folds)
    size = min(window // batch_size, -(-most // batch_size)) * batch_size
    if not size:
        raise UserError(
            f"data.window is {window:,} examples, fewer than a batch of {batch_size:,}: make it a batch or more."
        )
    data = experiment.data
    return Stream(prepared, size, batch_size, experiment.shuffle, data.split_seed, float_type(experiment))


def place_windows(stream: Stream, places: tuple[Place, ...], mesh: Mesh) -> Window:
    """Read windows and put them on the devices, each process those of its own devices.

    Args:
      stream: of the group.
      places: of each device (or row of devices that share batches); the same window is read once.
      mesh: the devices.
    """
    read = functools.cache(stream.read)
    sharding = by_row(mesh)

    def array(which: int, shape: jax.ShapeDtypeStruct | None) -> Any:
        def own(index: Any) -> Any:
            found: Any = read(places[index[0].start or 0])[which]
            return found[None]

        return None if shape is None else jax.make_array_from_callback((len(places), *shape.shape), sharding, own)

    def numbers(values: list[int]) -> jax.Array:
        host = np.array(values, np.int32)
        return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])

    x, y, weights = (array(which, shape) for which, shape in enumerate(stream.shapes()))
    begins = [place.number * stream.size for place in places]
    return Window(
        x=x,
        y=y,
        count=numbers([min(stream.size, stream.num_examples - begin) for begin in begins]),
        number=numbers([place.number for place in places]),
        of=numbers([stream.num_windows] * len(places)),
        weights=weights,
    )


def by_row(mesh: Mesh) -> NamedSharding:
    """Lay windows out, each on its device (or row of devices)."""
    return NamedSharding(mesh, PartitionSpec(TRIALS))


def window_shapes(stream: Stream, rows: int = 1, sharding: NamedSharding | None = None) -> Window:
    """Return the shapes of the windows of so many devices (or rows of devices that share batches)."""

    def like(shape: tuple[int, ...], dtype: Any) -> Any:
        return jax.ShapeDtypeStruct((rows, *shape), dtype, sharding=sharding)

    x, y, weights = (cast(Any, None if one is None else like(one.shape, one.dtype)) for one in stream.shapes())
    number = like((), np.int32)
    return Window(x=x, y=y, count=number, number=number, of=number, weights=weights)


def _filled(array: np.ndarray, size: int) -> np.ndarray:
    if len(array) == size:
        return array
    return np.concatenate([array, np.zeros((size - len(array), *array.shape[1:]), array.dtype)])
