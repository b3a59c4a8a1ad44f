"""What the machine can do: its cores, and the peak of float32 matrix products."""

import os
import pathlib
import platform
import time

import numpy as np


def describe() -> dict[str, float | int | str]:
    """Cores, model, load and GEMM peak of NumPy on all its threads, in GFLOP/s (1024 × 784 × 256)."""
    return {
        "cores": os.cpu_count() or 1,
        "model": model(),
        "load before": round(os.getloadavg()[0], 2),
        "GEMM GFLOP/s": round(gemm_peak()),
    }


def model() -> str:
    """The processor's name."""
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor()


def gemm_peak(repeats: int = 200) -> float:
    """The best of some products, in GFLOP/s."""
    rng = np.random.default_rng(0)
    a, b = rng.random((1024, 784), np.float32), rng.random((784, 256), np.float32)
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - begin)
    return 2 * 1024 * 784 * 256 / best / 1e9
