"""Describe this machine."""

import pathlib
import platform


def processor() -> str:
    """Name the processor's model."""
    return _cpuinfo("model name") or platform.processor()


def instructions() -> str:
    """List the sets of instructions that the processor has, as Linux names them; "" elsewhere."""
    return _cpuinfo("flags") or _cpuinfo("Features")


def _cpuinfo(name: str) -> str:
    """Return the first value of a line of /proc/cpuinfo; "" where there is none."""
    info = pathlib.Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name), "")
