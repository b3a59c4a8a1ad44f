"""Adam's kin in the form in which users write optimizers: (hyper, schedule) -> optax.GradientTransformation."""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nnjax.core.types import Count, Params, Scalar
from nnjax.nn.schedules import Schedule


class AmsgradState(NamedTuple):
    """Steps taken int32 [], the moments, and the largest second moments so far."""

    count: Count  # type: ignore[assignment]  # hides a method of tuples
    mu: Params
    nu: Params
    largest: Params


def amsgrad(hyper: Mapping[str, Scalar], schedule: Schedule) -> optax.GradientTransformation:
    """Make Adam divide by the largest second moment so far (Reddi et al. 2018, algorithm 2), as Keras 3 does.

    ε is added to the bare root. Optax's takes the largest of the corrected moments instead.
    """
    b1, b2, epsilon = hyper["b1"], hyper["b2"], hyper["epsilon"]

    def init(params: Params) -> AmsgradState:
        mu, nu, largest = (jax.tree.map(jnp.zeros_like, params) for _ in range(3))
        return AmsgradState(jnp.int32(0), mu, nu, largest)

    def update(grads: Params, state: AmsgradState, params: Params = None) -> tuple[Params, AmsgradState]:
        """Update the moments, and divide by the largest second one so far."""
        mu = optax.tree.update_moment(grads, state.mu, b1, 1)
        nu = optax.tree.update_moment(grads, state.nu, b2, 2)
        largest = jax.tree.map(jnp.maximum, state.largest, nu)
        count = optax.safe_increment(state.count)
        t = count.astype(jnp.result_type(b1))
        scale = jnp.sqrt(1 - b2**t) / (1 - b1**t)
        updates = jax.tree.map(lambda m, v: scale * m / (jnp.sqrt(v) + epsilon), mu, largest)
        return updates, AmsgradState(count, mu, nu, largest)

    return optax.chain(optax.GradientTransformation(init, update), optax.scale_by_learning_rate(schedule))
