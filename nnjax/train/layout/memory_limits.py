"""Find the free memory of a device, and how many trials fit it."""

from typing import Any

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.memory import available_memory, peak_memory
from nnjax.core.types import Prepared
from nnjax.train.engine.device_data import DeviceData, Shapes
from nnjax.train.layout.memory_estimate import data_bytes, lane_bytes

BUDGET = 0.8  # share of the free memory that arrays may take; the rest is for the compiler and the host's copies


def refuse_oversized_data(experiment: Experiment, prepared: Prepared) -> None:
    """Refuse examples that are to stay on the device, but cannot, before they are fetched from where they lie."""
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
    return 1 << max(0, int(np.log2(max(1, free_bytes() / 20 / each))))


def free_bytes() -> int:
    """Find the memory that one device has left; CPU devices share what the machine, or its container, has."""
    device = jax.local_devices()[0]
    stats: dict[str, Any] = device.memory_stats() or {}
    if device.platform != "cpu" and "bytes_limit" in stats:
        return int(stats["bytes_limit"] - stats.get("bytes_in_use", 0))
    return available_memory() // jax.local_device_count()


def peak_bytes() -> int:
    """Find the most memory that was used so far: of a device, or on a CPU of the process."""
    stats: dict[str, Any] = jax.local_devices()[0].memory_stats() or {}
    return int(stats.get("peak_bytes_in_use", peak_memory()))


def fits(experiment: Experiment, shapes: Shapes, data: DeviceData) -> bool:
    """Whether one trial fits a device, beside the data."""
    return data_bytes(data) + lane_bytes(experiment, shapes, data) <= int(BUDGET * free_bytes())


def most_lanes(experiment: Experiment, shapes: Shapes, data: DeviceData) -> int:
    """Count the trials that fit one device together, beside the data; UserError if not one fits."""
    size, each = data_bytes(data), lane_bytes(experiment, shapes, data)
    free = int(BUDGET * free_bytes()) - size
    if each > free:
        raise UserError(
            f"One trial needs about {size_text(each)} of memory and the data {size_text(size)}, but a "
            f"device has {size_text(free_bytes())} left, of which nnjax takes {BUDGET:.0%}: take smaller widths or "
            f"{'batches' if data.window is None else 'batches, a smaller data.window'}, or a larger device."
        )
    return free // each


def size_text(size: float) -> str:
    """Write a number of bytes as people do: "12 MB"."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
