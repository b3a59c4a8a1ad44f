"""How much memory a device has, and how many trials fit it."""

from __future__ import annotations

import pathlib
import resource
import sys
from typing import Any

import jax

from nnjax.config import Experiment
from nnjax.train.batches import DeviceData, Shapes
from nnjax.train.footprint import data_bytes, lane_bytes
from nnjax.types import UserError

BUDGET = 0.8  # share of the free memory that arrays may take; the rest is for the compiler and the host's copies


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


def most_lanes(experiment: Experiment, shapes: Shapes, data: DeviceData) -> int:
    """Count the trials that fit one device together.

    Raises:
      UserError: not even one fits.
    """
    free, each = int(BUDGET * free_bytes()) - data_bytes(data), lane_bytes(experiment, shapes, data)
    if each > free:
        raise UserError(
            f"One trial needs about {size_text(each)} of memory and the data {size_text(data_bytes(data))}, but a "
            f"device has {size_text(free_bytes())} left, of which nnjax takes {BUDGET:.0%}: take smaller widths or "
            "batches, or a larger device."
        )
    return free // each


def size_text(size: float) -> str:
    """Write a number of bytes as people do: "12 MB"."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
