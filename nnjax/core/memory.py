"""Ask the system for the memory of this machine and of this process, on Linux, macOS and Windows."""

import ctypes
import os
import pathlib
import sys
from typing import Any

UNKNOWN = 2**33  # bytes that a machine is taken to have where the system does not say


def total_memory() -> int:
    """Count the bytes of this machine's memory."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _windows_memory()[0] or UNKNOWN


def available_memory() -> int:
    """Count the bytes that this process may still take; half of all where the system (macOS) does not say."""
    found = []
    meminfo = pathlib.Path("/proc/meminfo")
    if meminfo.exists():
        lines = (line.split() for line in meminfo.read_text("utf-8").splitlines())
        found += [1024 * int(words[1]) for words in lines if words[0] == "MemAvailable:"]
    limit, used = (pathlib.Path(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit.exists() and used.exists() and limit.read_text("utf-8").strip().isdecimal():
        found.append(int(limit.read_text("utf-8")) - int(used.read_text("utf-8")))
    return max(0, min(found, default=_windows_memory()[1] or total_memory() // 2))


def peak_memory() -> int:
    """Find the most bytes that this process has used so far; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return _windows_peak()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("length", "load")),
        *((name, ctypes.c_uint64) for name in ("total", "available", "pages", "free", "virtual", "unused", "extended")),
    )


class _ProcessMemory(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of the Windows API; sizes in bytes."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("length", "faults")),
        *((name, ctypes.c_size_t) for name in ("peak", *(f"other{i}" for i in range(7)))),
    )


def _windows_memory() -> tuple[int, int]:
    """Ask Windows for all and for the available memory; zeros elsewhere."""
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    kernel = _kernel()
    known = kernel is not None and kernel.GlobalMemoryStatusEx(ctypes.byref(status))
    return (status.total, status.available) if known else (0, 0)


def _windows_peak() -> int:
    counters = _ProcessMemory(length=ctypes.sizeof(_ProcessMemory))
    kernel, this = _kernel(), ctypes.c_void_p(-1)  # what GetCurrentProcess returns
    known = kernel is not None and kernel.K32GetProcessMemoryInfo(this, ctypes.byref(counters), counters.length)
    return counters.peak if known else 0


def _kernel() -> Any:
    """Return kernel32.dll; None but on Windows."""
    windll = getattr(ctypes, "windll", None)
    return None if windll is None else windll.kernel32
