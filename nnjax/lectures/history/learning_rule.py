"""What all learning rules share: examples, a state, and a step for one presentation."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key


class Examples(NamedTuple):
    """Inputs x [..., d], the bias (if there is one) last, and targets [...]; also presentations, in their order."""

    x: Array
    targets: Array


class Rule(NamedTuple):
    """A learning rule as two pure functions."""

    init: Callable[..., Any]  # gives the state before the first presentation
    # (state, presentation) -> (state, info), for one presentation: a tree of arrays without a leading axis
    step: Callable[[Any, Any], tuple[Any, Any]]


def examples(x: Array, targets: Array) -> Examples:
    """Check examples of two classes, x [n, d] and targets [n] of −1 and +1: arrays of JAX's default float.

    Raises:
      UserError: wrong shapes, values that are not finite, other targets.
    """
    dtype = jax.dtypes.canonicalize_dtype(float)
    inputs, wanted = np.asarray(x, dtype), np.asarray(targets, dtype)
    if inputs.ndim != 2 or wanted.shape != inputs.shape[:1] or not inputs.size:
        raise UserError(
            f"Examples are inputs [n, d] and targets [n], but the shapes are {inputs.shape} and {wanted.shape}."
        )
    if not np.isfinite(inputs).all():
        raise UserError("The inputs hold numbers that are not finite; leave those examples out.")
    if not np.isin(wanted, (-1, 1)).all():
        found = ", ".join(f"{value:g}" for value in np.unique(wanted)[:5])
        raise UserError(f"Targets of −1 and +1 were expected, but they have {found}; write 2 t − 1 for t of 0 and 1.")
    return Examples(inputs, wanted)


def present(rule: Rule, state: Any, presentations: Any) -> tuple[Any, Any]:
    """Make presentations, a tree of arrays [t, ...], in their order: the state after the last, and the infos."""
    return jax.lax.scan(rule.step, state, presentations)


def cycle(data: Any, epochs: int) -> Any:
    """Repeat examples (a tree of arrays [n, ...]) in their order: arrays [epochs · n, ...]."""
    return jax.tree.map(lambda array: jnp.tile(array, (epochs,) + (1,) * (array.ndim - 1)), data)


def drawn(key: Key, data: Examples, num: int) -> Examples:
    """Draw presentations with replacement: arrays [num, ...]."""
    chosen = jax.random.randint(key, (num,), 0, data.x.shape[0])
    return jax.tree.map(lambda array: jnp.asarray(array)[chosen], data)


def with_bias(x: Array) -> Array:
    """Add an input that is always 1, as the last one: [..., d] -> [..., d + 1]."""
    return jnp.concatenate([x, jnp.ones_like(x[..., :1])], axis=-1)
