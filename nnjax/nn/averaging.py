"""Averaged weights for evaluation: an exponential moving average, or schedule-free's average."""

import sys
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from nnjax.core.types import Count, Params, Scalar
from nnjax.nn.user_functions import standard_rules


class WeightEmaState(NamedTuple):
    """The state of `weight_ema`: steps taken int32 [], the sum of weights by decay, and the sum of the factors []."""

    count: Count  # type: ignore[assignment]  # hides a method of tuples
    total: Params
    share: Scalar


def weight_ema(decay: Scalar) -> optax.GradientTransformation:
    """Average the weights after each step, exponentially; put it last in a chain, whose updates stay as they are.

    The average of the weights w_1 ... w_t is Σ (1 - d) d^(t - i) w_i / (1 - d^t): it begins at the first step, not at
    the initial weights.
    """

    def init(params: Params) -> WeightEmaState:
        zero = jnp.zeros_like(decay)
        return WeightEmaState(jnp.int32(0), jax.tree.map(jnp.zeros_like, params), zero)

    def update(updates: Params, state: WeightEmaState, params: Params = None) -> tuple[Params, WeightEmaState]:
        total = jax.tree.map(
            lambda s, w, u: (decay * s + (1 - decay) * (w + u)).astype(s.dtype), state.total, params, updates
        )
        share = decay * state.share + (1 - decay)
        return updates, WeightEmaState(optax.safe_increment(state.count), total, share)

    return optax.GradientTransformation(init, update)


def eval_params(opt_state: Any, params: Params) -> Params:
    """Return the weights to evaluate at: averages in the optimizer state, or else the weights themselves."""
    kinds: tuple[type, ...] = (WeightEmaState,)
    if "optax.contrib" in sys.modules:  # else none is in use
        from optax.contrib import ScheduleFreeState

        kinds = (WeightEmaState, ScheduleFreeState)
    nodes = jax.tree.leaves(opt_state, is_leaf=lambda node: isinstance(node, kinds))
    found = [node for node in nodes if isinstance(node, kinds)]
    if not found:
        return params
    last = found[-1]
    if isinstance(last, WeightEmaState):
        begun = last.count > 0
        share = jnp.where(begun, last.share, 1)
        return jax.tree.map(lambda s, w: jnp.where(begun, (s / share).astype(w.dtype), w), last.total, params)
    import optax.contrib

    with standard_rules():
        found = optax.contrib.schedule_free_eval_params(last, params)
        return jax.tree.map(lambda w, old: jnp.asarray(w, old.dtype), found, params)
