"""What the perceptron, the Adaline and the Madaline minimize, so that a gradient step on one example is their rule.

Each is an objective (docs/extending/objective.md) of sums z [b, k], one for two classes, else one a class against the
others; d = ±1 are the answers that are wanted. Steps are of one example, whose weight multiplies its step.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from nnjax.core.types import Array, Key
from nnjax.models.model import Variables


def perceptron(apply: Callable[..., Any], variables: Any, batch: Any, *, key: Key, hyper: Any) -> Any:
    """Rosenblatt 1958: on a wrong answer w ← w + η d x; a sum of 0 is wrong.

    The values are numbers of wrong answers, with the gradient of −d z.
    """
    z, state = apply(variables, batch.x, key=key, hyper=hyper)
    d = wanted(batch.y, z.shape[-1], z.dtype)
    mistakes = jnp.where(d * z <= 0, 1 - d * (z - jax.lax.stop_gradient(z)), jnp.zeros_like(z))
    return batch.w * mistakes.sum(axis=-1), state, {}


perceptron.lowest = 0.0  # type: ignore[attr-defined]  # an epoch without mistakes ends the training


def alpha_lms(apply: Callable[..., Any], variables: Any, batch: Any, *, key: Key, hyper: Any) -> Any:
    """Widrow & Hoff 1960, α-LMS: w ← w + α ε x / ‖x‖² with ε = d − w·x, the bias's input 1 being part of x."""
    z, state = apply(variables, batch.x, key=key, hyper=hyper)
    d = wanted(batch.y, z.shape[-1], z.dtype)
    return _share(batch, hyper) * jnp.sum(jnp.square(d - z), axis=-1), state, {}


@functools.lru_cache(maxsize=64)
def minimal_disturbance(units: int) -> Callable[..., Any]:
    """Return the rule MRI of Madalines of so many units (Ridgway 1962; Widrow & Lehr 1990).

    Where the majority of a class's units answers wrongly, just as many of those that do as have to change theirs, the
    ones whose sums are the nearest to 0, learn by α-LMS.
    """

    def objective(apply: Callable[..., Any], variables: Any, batch: Any, *, key: Key, hyper: Any) -> Any:
        """Return half the squared linear errors of the units that have to change."""
        z, state = apply(variables, batch.x, key=key, hyper=hyper)
        z = z.reshape(len(z), -1, units)  # [b, k, units]
        d = wanted(batch.y, z.shape[1], z.dtype)[:, :, None]
        wrong = votes(z) != d
        missing = wrong.sum(axis=-1, keepdims=True) - units // 2  # at most so many may be wrong
        distance = jnp.where(wrong, jnp.abs(z), jnp.full_like(z, jnp.inf))
        rank = jnp.argsort(jnp.argsort(distance, axis=-1), axis=-1)
        chosen = wrong & (rank < missing)
        errors = jnp.where(chosen, jnp.square(d - z), jnp.zeros_like(z)).sum(axis=(1, 2))
        return _share(batch, hyper) * errors, state, {}

    objective.lowest = 0.0  # type: ignore[attr-defined]  # an epoch without mistakes ends the training
    return objective


@dataclasses.dataclass(frozen=True)
class Units:
    """Linear units side by side, as a model (init, apply) that pickles."""

    count: int  # how many

    def init(self, key: Key, example: Array, hyper: Any) -> Variables:
        """Draw weights of variance 1 / d."""
        inputs, dtype = example.shape[-1], example.dtype
        kernel = jax.random.normal(key, (inputs, self.count), dtype) / jnp.sqrt(jnp.array(inputs, dtype))
        return Variables({"layer_0": {"kernel": kernel, "bias": jnp.zeros(self.count, dtype)}}, {})

    def apply(self, variables: Variables, x: Array, *, train: bool, key: Key | None, hyper: Any) -> tuple[Array, Any]:
        """Return the sums [b, count] of inputs [b, d]."""
        layer = variables.params["layer_0"]
        return x @ layer["kernel"] + layer["bias"][None, :], variables.state


@functools.lru_cache(maxsize=64)
def layer_of_units(count: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the model of so many units, one object for all, so that it is compiled once."""
    units = Units(count)
    return units.init, units.apply


def wanted(y: Array, num_outputs: int, dtype: Any) -> Array:
    """Return the answers ±1 [b, k] that class indices [b] want."""
    if num_outputs == 1:
        return (2 * y[:, None] - 1).astype(dtype)
    return 2 * jax.nn.one_hot(y, num_outputs, dtype=dtype) - 1


def votes(z: Any) -> Any:
    """Return the answers ±1 of sums, +1 for a sum of 0."""
    return 2 * (z >= 0).astype(z.dtype) - 1


def _share(batch: Any, hyper: Any) -> Array:
    """Return what makes a step of the gradient of ε² one of α-LMS: w / (2 ‖x‖²) [b].

    No weight makes a step take off more than the whole error, unless α itself does.
    """
    largest = jnp.maximum(jnp.ones_like(hyper["learning_rate"]), 1 / hyper["learning_rate"])
    return jnp.minimum(batch.w, largest) / (2 * (1 + jnp.sum(jnp.square(batch.x), axis=-1)))
