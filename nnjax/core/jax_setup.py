"""Give JAX nnjax's own settings before it starts: one CPU device per core, the persistent cache of compiled programs.

Without importing JAX: it reads these settings from the environment when it is imported, and has them as its own after
that. What the environment or the program has set is kept.
"""

import contextlib
import importlib
import os
import pathlib
import sys
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.files import expand_home

DEVICES, CACHE = "jax_num_cpu_devices", "jax_compilation_cache_dir"
SLOWEST, SMALLEST = "jax_persistent_cache_min_compile_time_secs", "jax_persistent_cache_min_entry_size_bytes"
DEFAULTS = {DEVICES: -1, CACHE: None, SLOWEST: 1.0, SMALLEST: 0}  # JAX's own
DEVICES_FLAG = "xla_force_host_platform_device_count"  # the older way to ask for CPU devices


def num_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def backend_runs() -> bool:
    """Whether JAX's backend has started, after which the number of CPU devices is fixed."""
    bridge = sys.modules.get("jax._src.xla_bridge")  # there is no public name in jax 0.10 to 0.12
    return bridge is not None and bool(bridge.backends_are_initialized())


def devices_are_chosen() -> bool:
    """Whether the environment or the program says how many CPU devices there are."""
    return DEVICES_FLAG in os.environ.get("XLA_FLAGS", "") or _is_set(DEVICES)


def configure(num_devices: int | None = None) -> None:
    """Set JAX up, on a CPU with a device per core or `num_devices`; what is set, or comes too late, stays so."""
    for name, value in _wanted(num_devices or num_cores()).items():
        if "jax" not in sys.modules:
            os.environ.setdefault(name.upper(), str(value))
        elif not _is_set(name) and not (name == DEVICES and backend_runs()):
            sys.modules["jax"].config.update(name, value)
            if name == CACHE and backend_runs():  # its first compilation has decided that there is no cache
                importlib.import_module("jax.experimental.compilation_cache.compilation_cache").reset_cache()


def cache_folder() -> pathlib.Path | None:
    """Return the folder of compiled programs that JAX uses, or will use; None if there is none."""
    jax = sys.modules.get("jax")
    found = os.environ.get(CACHE.upper()) if jax is None else jax.config.values[CACHE]
    return pathlib.Path(found) if found else None


def _wanted(num_devices: int) -> dict[str, Any]:
    settings: dict[str, Any] = {} if DEVICES_FLAG in os.environ.get("XLA_FLAGS", "") else {DEVICES: num_devices}
    with contextlib.suppress(OSError, UserError):  # no home, or a read-only one, only costs compile time
        cache = pathlib.Path(expand_home(os.environ.get("NNJAX_CACHE") or "~/.cache/nnjax/xla"))
        cache.mkdir(parents=True, exist_ok=True)
        settings |= {CACHE: str(cache), SLOWEST: 0.0, SMALLEST: 0}
    return settings


def _is_set(name: str) -> bool:
    """Whether the environment or the program has given JAX a setting."""
    if name.upper() in os.environ or "jax" not in sys.modules:
        return name.upper() in os.environ
    return bool(sys.modules["jax"].config.values[name] != DEFAULTS[name])
