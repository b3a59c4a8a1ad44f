"""What the machine can do: its cores, and the peak of float32 matrix products."""

import importlib.util
import os
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.runs.environment import processor


def describe() -> dict[str, float | int | str]:
    """Cores, model, load, and the GEMM peak (1024 × 784 × 256, GFLOP/s) of the best of NumPy, XLA and PyTorch."""
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
    x, y, product = jnp.asarray(a), jnp.asarray(b), jax.jit(jnp.matmul)
    jax.block_until_ready(product(x, y))  # compiles
    products: list[Callable[[], Any]] = [lambda: a @ b, lambda: jax.block_until_ready(product(x, y))]
    if importlib.util.find_spec("torch"):
        import torch

        left, right = torch.from_numpy(a), torch.from_numpy(b)
        products.append(lambda: left @ right)
    best = float("inf")
    for multiply in products * repeats:
        begin = time.perf_counter()
        multiply()
        best = min(best, time.perf_counter() - begin)
    return 2 * 1024 * 784 * 256 / best / 1e9
