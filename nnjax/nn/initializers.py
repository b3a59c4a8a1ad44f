"""Initial kernels by name."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from nnjax.core.types import Array, Float, Key


def _lecun_1998(key: Key, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32) -> Array:
    bound = 2.4 / math.prod(shape[:-1])  # LeCun et al. 1998, appendix A: uniform on ±2.4 / fan-in
    return jax.random.uniform(key, shape, dtype, -bound, bound)


_SCALING = jax.nn.initializers.variance_scaling
Initializer = Callable[..., Float[Array, "..."]]  # (key, shape, dtype) -> kernel of that shape
KERNEL_INITS: dict[str, Initializer] = {
    "glorot_uniform": _SCALING(1.0, "fan_avg", "uniform"),
    "glorot_normal": _SCALING(1.0, "fan_avg", "truncated_normal"),
    "he_uniform": _SCALING(2.0, "fan_in", "uniform"),
    "he_normal": _SCALING(2.0, "fan_in", "truncated_normal"),
    "lecun_uniform": _SCALING(1.0, "fan_in", "uniform"),
    "lecun_normal": _SCALING(1.0, "fan_in", "truncated_normal"),
    "lecun_1998": _lecun_1998,
    "zeros": jax.nn.initializers.zeros,
}
