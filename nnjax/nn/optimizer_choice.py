"""One of several optimizers and schedules for each lane, chosen by traced numbers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from nnjax.core.types import Array, Bool, Count, Params, Scalar
from nnjax.nn.optimizers import make_optimizer
from nnjax.nn.schedules import Schedule, make_schedule

AROUND = ("clip_norm", "weight_decay")  # what acts before and after any rule


class ChoiceState(NamedTuple):
    """Steps taken, int32 [], and the state of each optimizer; those that are not chosen are never looked at."""

    count: Count  # type: ignore[assignment]  # hides a method of tuples
    states: tuple[Any, ...]


def choose_optimizer(
    options: Sequence[tuple[str, str]],
    chosen: Scalar | None,
    hyper: Mapping[str, Scalar],
    has: Callable[[str], Bool[Array, ""] | bool],
    schedule: Schedule,
) -> optax.GradientTransformationExtraArgs:
    """Build an optimizer that is one of several, as `make_optimizer` builds it.

    Args:
      options: (name, preset) of ours.
      chosen: the place of the one to use, []; None where there is only one.
      hyper: float [], of the params' dtype, all that any of them reads.
      has: whether the trial has a hyperparameter, a Python bool or bool [].
      schedule: optimizer step -> learning rate [].

    Returns:
      Whose numbers are those of the chosen one alone: nothing of the others is multiplied in.
    """
    bare = {name: value for name, value in hyper.items() if name not in AROUND}
    rules = [make_optimizer(name, preset, bare, schedule) for name, preset in options]

    def init(params: Params) -> ChoiceState:
        return ChoiceState(jnp.int32(0), tuple(rule.init(params) for rule in rules))

    def update(grads: Params, state: ChoiceState, params: Params = None, **_: Any) -> tuple[Params, ChoiceState]:
        """Update by every rule, and keep what the chosen one says."""
        if "clip_norm" in hyper:
            clipped, _state = optax.clip_by_global_norm(hyper["clip_norm"]).update(grads, optax.EmptyState())
            grads = _where(has("clip_norm"), clipped, grads)
        found = [rule.update(grads, own, params) for rule, own in zip(rules, state.states, strict=True)]
        updates = found[0][0]
        for place, (other, _own) in enumerate(found[1:], 1):
            assert chosen is not None
            updates = _where(chosen == place, other, updates)
        if "weight_decay" in hyper:
            factor = -schedule(state.count) * hyper["weight_decay"]
            decayed = jax.tree.map(lambda u, w: u + factor * w, updates, params)
            updates = _where(has("weight_decay"), decayed, updates)
        return updates, ChoiceState(optax.safe_increment(state.count), tuple(own for _, own in found))

    return optax.GradientTransformationExtraArgs(init, update)


def choose_schedule(
    options: Sequence[str], chosen: Scalar | None, hyper: Mapping[str, Scalar], total_steps: Count
) -> Schedule:
    """Make one of several schedules, by its place, as `make_schedule` makes it."""
    schedules = [make_schedule(name, hyper, total_steps) for name in options]

    def rate(step: Count) -> Scalar:
        value = schedules[0](step)
        for place, other in enumerate(schedules[1:], 1):
            assert chosen is not None
            value = jnp.where(chosen == place, other(step), value)
        return value

    return rate


def _where(condition: Bool[Array, ""] | bool, this: Params, other: Params) -> Params:
    if isinstance(condition, bool):
        return this if condition else other
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), this, other)
