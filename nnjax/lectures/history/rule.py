"""What all learning rules have in common: a state, and a step for one presentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from nnjax.core.types import Array


class Rule(NamedTuple):
    """A learning rule as two pure functions.

    Attributes:
      init: gives the state before the first presentation.
      step: (state, presentation) -> (state, what happened), for one presentation: a tree of arrays without a leading
        axis.
    """

    init: Callable[..., Any]
    step: Callable[[Any, Any], tuple[Any, Any]]


def present(rule: Rule, state: Any, presentations: Any) -> tuple[Any, Any]:
    """Make presentations one after the other.

    Args:
      rule: the rule.
      state: to begin with.
      presentations: a tree of arrays [t, ...], in their order.

    Returns:
      The state after the last of them, and what happened at each: arrays [t, ...].
    """
    return jax.lax.scan(rule.step, state, presentations)


def cycle(examples: Any, epochs: int) -> Any:
    """Repeat examples (a tree of arrays [n, ...]) in their order: arrays [epochs · n, ...]."""
    return jax.tree.map(lambda array: jax.numpy.tile(array, (epochs,) + (1,) * (array.ndim - 1)), examples)


def with_bias(x: Array) -> Array:
    """Add an input that is always 1, as the last one: [..., d] -> [..., d + 1]."""
    return jax.numpy.concatenate([x, jax.numpy.ones_like(x[..., :1])], axis=-1)
