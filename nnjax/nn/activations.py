"""Activation functions by name (deck section 3)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nnjax.core.types import Array

Activation = Callable[[Array], Array]


def _leaky_relu(x: Array) -> Array:
    return jnp.maximum(0.1 * x, x)  # the deck's slope (cs231n), not Keras's .3 nor Flax's .01


def _squash(x: Array) -> Array:
    return 1.7159 * jnp.tanh(x * (2 / 3))  # LeCun et al. 1998, appendix A: f(1) = 1, f(-1) = -1


def _step(x: Array) -> Array:
    return (x >= 0).astype(x.dtype)  # forward only: its gradient is zero everywhere


ACTIVATIONS: dict[str, Activation] = {
    "linear": lambda x: x,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "squash": _squash,
    "relu": jax.nn.relu,
    "leaky_relu": _leaky_relu,
    "elu": jax.nn.elu,
    "softplus": jax.nn.softplus,
    "gelu": jax.nn.gelu,
    "softmax": jax.nn.softmax,
    "step": _step,
}
