"""How much memory trials need, computed from shapes, and how much a device has."""

from __future__ import annotations

import pathlib
import resource
import sys
from typing import Any

import jax
import numpy as np

from nnjax.config import Experiment
from nnjax.models.census import census
from nnjax.train.batches import DeviceData, Shapes
from nnjax.train.windows import Stream
from nnjax.types import Prepared, UserError

BUDGET = 0.8  # share of the free memory that arrays may take; the rest is for the compiler and the host's copies
COPIES = 6  # of the weights: themselves, the best so far, the gradient, the update, and two of the optimizer
PASSES = 3  # of the activations of a batch: before and after the activation function, and the gradient


def lane_bytes(experiment: Experiment, shapes: Shapes) -> int:
    """Estimate the bytes of one trial under way: weights in all their copies, and the activations of a batch."""
    count = census(experiment, shapes.num_inputs, shapes.num_outputs)
    itemsize = 8 if experiment.model.dtype == "float64" else 4
    units = shapes.num_inputs + sum(layer.outputs for layer in count.layers)
    batch = max(PASSES * experiment.batch_size, experiment.eval_batch_size)
    return itemsize * (COPIES * count.parameters + batch * units)


def data_bytes(data: DeviceData, stream: Stream | None = None) -> int:
    """Count the bytes of a data set, of which every device has a copy; of a stream, the present window and the next."""
    windows = 0 if stream is None else stream.nbytes() * min(2, stream.num_windows)
    return windows + sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(data))


def refuse_too_large(experiment: Experiment, prepared: Prepared) -> None:
    """Refuse examples that are to stay on the device, but cannot, before they are fetched from where they lie.

    Raises:
      UserError: they are too many.
    """
    x, kept, window = prepared.dataset.x, len(prepared.dataset.x), experiment.data.window
    if window is not None:
        subset = experiment.train_eval_size
        again = len(prepared.train) if subset is None else min(subset, len(prepared.train))
        kept = again + len(prepared.validation) + len(prepared.test)
    size = kept * x.shape[1] * (1 if x.dtype == np.uint8 else 8 if experiment.model.dtype == "float64" else 4)
    if size > BUDGET * free_bytes():
        which, remedy = "", f"set data.window to the examples that fit, such as {_fitting(size // kept):,}"
        if window is not None:
            which, remedy = " that are evaluated", "make train_eval_size, validation and test smaller"
        raise UserError(
            f"The {kept:,} examples of {prepared.dataset.name}{which} take {size_text(size)}, but a device has "
            f"{size_text(free_bytes())} left, of which nnjax takes {BUDGET:.0%}: {remedy}."
        )


def _fitting(each: int) -> int:
    """Count examples of so many bytes such that two windows of them take a tenth of a device: a power of two."""
    return 2 ** max(0, int(np.log2(max(1, free_bytes() / 20 / each))))


def free_bytes() -> int:
    """Find the memory that one device has left; CPU devices share what the machine, or its container, has."""
    device = jax.local_devices()[0]
    stats: dict[str, Any] = device.memory_stats() or {}
    if device.platform != "cpu" and "bytes_limit" in stats:
        return int(stats["bytes_limit"] - stats.get("bytes_in_use", 0))
    return _host_bytes() // jax.local_device_count()


def peak_bytes() -> int:
    """Find the most memory that was used so far: of a device, or on a CPU of the process."""
    stats: dict[str, Any] = jax.local_devices()[0].memory_stats() or {}
    process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return int(stats.get("peak_bytes_in_use", process))


def _host_bytes() -> int:
    """Read what the machine says is available, or less where a control group allows less."""
    found = []
    meminfo = pathlib.Path("/proc/meminfo")
    if meminfo.exists():
        lines = (line.split() for line in meminfo.read_text().splitlines())
        found += [1024 * int(words[1]) for words in lines if words[0] == "MemAvailable:"]
    limit, used = (pathlib.Path(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit.exists() and used.exists() and limit.read_text().strip().isdecimal():
        found.append(int(limit.read_text()) - int(used.read_text()))
    return max(0, min(found, default=2**33))


def most_lanes(experiment: Experiment, shapes: Shapes, data: DeviceData, stream: Stream | None = None) -> int:
    """Count the trials that fit one device together, beside the data.

    Raises:
      UserError: not even one fits.
    """
    size, each = data_bytes(data, stream), lane_bytes(experiment, shapes)
    free = int(BUDGET * free_bytes()) - size
    if each > free:
        raise UserError(
            f"One trial needs about {size_text(each)} of memory and the data {size_text(size)}, but a "
            f"device has {size_text(free_bytes())} left, of which nnjax takes {BUDGET:.0%}: take smaller widths or "
            f"{'batches' if stream is None else 'batches, a smaller data.window'}, or a larger device."
        )
    return free // each


def size_text(size: float) -> str:
    """Write a number of bytes as people do: "12 MB"."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
