"""Clip gradients before an optimizer sees them, each way by a hyperparameter of its own."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import optax

from nnjax.core.types import Array, Params, Scalar


def clip_each_by_norm(largest: Scalar) -> optax.GradientTransformation:
    """Scale the gradient of each array of weights down to a norm, for itself (Keras's clipnorm)."""

    def clipped(gradient: Array) -> Array:
        norm = jnp.sqrt(jnp.sum(jnp.square(gradient)))
        return gradient * (largest / jnp.maximum(norm, largest))

    def update(grads: Params, state: optax.EmptyState, params: Params = None) -> tuple[Params, optax.OptState]:
        return jax.tree.map(clipped, grads), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


CLIPS: Mapping[str, Callable[[Scalar], optax.GradientTransformation]] = {  # by hyperparameter
    "clip_norm": optax.clip_by_global_norm,
    "clip_norm_each": clip_each_by_norm,
    "clip_value": optax.clip,  # each number to [-c, c]
}
