"""What the machine can do: its cores, and the peak of float32 matrix products."""

import importlib.util
import os
import time
from typing import Any

import numpy as np

from nnjax.environment import processor


def describe() -> dict[str, float | int | str]:
    """Cores, model, load and the best GEMM peak of NumPy and PyTorch on all threads, in GFLOP/s (1024 × 784 × 256)."""
    return {
        "cores": os.cpu_count() or 1,
        "model": processor(),
        "load before": round(os.getloadavg()[0], 2),
        "GEMM GFLOP/s": round(gemm_peak()),
    }


def gemm_peak(repeats: int = 200) -> float:
    """The best of some products by any library, in GFLOP/s."""
    rng = np.random.default_rng(0)
    a, b = rng.random((1024, 784), np.float32), rng.random((784, 256), np.float32)
    pairs: list[tuple[Any, Any]] = [(a, b)]
    if importlib.util.find_spec("torch"):
        import torch

        pairs.append((torch.from_numpy(a), torch.from_numpy(b)))
    best = float("inf")
    for left, right in pairs * repeats:
        begin = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - begin)
    return 2 * 1024 * 784 * 256 / best / 1e9
