"""Learning-rate schedules, one record each, of traced values and a traced number of steps (Optax's need a Python int).

The convention is Optax's: step t counts from 0, T is the number of all steps, W = warmup · T. A rise is at its peak at
t = W and a decay at its end at t = T, one step after the last one taken. (PyTorch's OneCycleLR arrives a step earlier
at both: on T + 1 steps with pct_start (W + 1) / (T + 1) it equals `onecycle`.)
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef, is_path
from nnjax.core.text import represent
from nnjax.core.types import Count, Scalar
from nnjax.nn.user_functions import call, reads_of, without_object

Schedule = Callable[[Count], Scalar]  # optimizer step -> learning rate
Shape = Callable[[Mapping[str, Scalar], Scalar, Scalar], Scalar]  # (hyper, t, T) -> rate / peak, of its dtype

ONECYCLE_START = 1 / 25  # PyTorch's div_factor: the rate at step 0 over its peak


def _rise(hyper: Mapping[str, Scalar], t: Scalar, total: Scalar) -> Scalar:
    """Rise linearly from 0 to 1 in the first W steps; 1 at once where W = 0."""
    warmup = hyper["warmup"] * total
    return jnp.where(t < warmup, t / jnp.maximum(warmup, 1), 1)


def _cosine(start: Scalar | float, end: Scalar, share: Scalar) -> Scalar:
    """Go from start to end on half a cosine while share goes from 0 to 1."""
    return end + (start - end) * 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip(share, 0, 1)))


def _constant(hyper: Mapping[str, Scalar], t: Scalar, total: Scalar) -> Scalar:
    return jnp.ones_like(t)


def _cosine_decay(hyper: Mapping[str, Scalar], t: Scalar, total: Scalar) -> Scalar:
    return _cosine(1, hyper["final_factor"], t / total)


def _warmup_cosine(hyper: Mapping[str, Scalar], t: Scalar, total: Scalar) -> Scalar:
    warmup = hyper["warmup"] * total
    decay = _cosine(1, hyper["final_factor"], (t - warmup) / jnp.maximum(total - warmup, 1))
    return jnp.where(t < warmup, _rise(hyper, t, total), decay)


def _onecycle(hyper: Mapping[str, Scalar], t: Scalar, total: Scalar) -> Scalar:
    """Smith & Topin 2017 as PyTorch and fastai do it: two half cosines, up from 1/25 and down."""
    warmup = hyper["warmup"] * total
    up = _cosine(ONECYCLE_START, jnp.ones_like(t), t / jnp.maximum(warmup, 1))
    down = _cosine(1, hyper["final_factor"], (t - warmup) / jnp.maximum(total - warmup, 1))
    return jnp.where(t < warmup, up, down)


def _exponential(hyper: Mapping[str, Scalar], t: Scalar, total: Scalar) -> Scalar:
    return hyper["final_factor"] ** (t / total)


def _steps(hyper: Mapping[str, Scalar], t: Scalar, total: Scalar) -> Scalar:
    """Drop at the t nearest to i · decay_every · T, i = 1, 2, …, the earlier of two; the half forgives rounding."""
    drops = jnp.floor((t + 0.5) / jnp.maximum(hyper["decay_every"] * total, 1))
    return hyper["decay_factor"] ** drops


@dataclasses.dataclass(frozen=True, eq=False)
class ScheduleRule:
    """A learning-rate schedule."""

    name: str  # as in `OptimizerConfig.schedule`
    shape: Shape  # (hyper, t, T) -> rate / peak
    defaults: Mapping[str, float]  # of the hyperparameters that it reads beside learning_rate
    needs_positive_end: bool = False  # it never reaches 0, so that final_factor may not be 0
    parameters: tuple[str, ...] = ()  # parameters, required: what one of the user's reads, and what of it must be set
    required: tuple[str, ...] = ()
    absolute: bool = False  # its shape is the rate itself, so that learning_rate is not read

    @property
    def reads(self) -> tuple[str, ...]:
        """Name the hyperparameters that it reads beside learning_rate."""
        return (*self.defaults, *self.parameters)


_ALL = (
    ScheduleRule("constant", _constant, {}),
    ScheduleRule("cosine", _cosine_decay, {"final_factor": 0.0}),
    ScheduleRule("warmup", _rise, {"warmup": 0.1}),
    ScheduleRule("warmup_cosine", _warmup_cosine, {"warmup": 0.1, "final_factor": 0.0}),
    ScheduleRule("exponential", _exponential, {"final_factor": 0.01}, needs_positive_end=True),
    ScheduleRule("step", _steps, {"decay_factor": 0.5, "decay_every": 0.25}),
    ScheduleRule(
        "onecycle", _onecycle, {"warmup": 0.3, "final_factor": 4e-6}
    ),  # PyTorch: pct_start .3, 1 / (25 · 10^4)
)
SCHEDULES: dict[str, ScheduleRule] = {rule.name: rule for rule in _ALL}


def make_schedule(name: str, hyper: Mapping[str, Scalar], total_steps: Count) -> Schedule:
    """Make the learning rate as a function of the optimizer step.

    Args:
      name: a key of SCHEDULES.
      hyper: learning_rate (the peak) and what its record has defaults for, scalars of one float dtype, traced or not.
      total_steps: T, int [], traced or not.

    Returns:
      step (int [], from 0) -> rate [] in the dtype of learning_rate.
    """
    rule = schedule_of(name)

    def rate(step: Count) -> Scalar:
        if rule.absolute:
            return rule.shape(hyper, step, total_steps)
        peak = jnp.asarray(hyper["learning_rate"])
        total = jnp.maximum(jnp.asarray(total_steps, peak.dtype), 1)
        return peak * rule.shape(hyper, jnp.asarray(step, peak.dtype), total)

    return rate


def schedule_of(name: str) -> ScheduleRule:
    """Return the record of a schedule: ours by name, or that of a function.

    A function of three arguments (hyper, t, T) gives the rate over its peak, as ours; one of a single argument, such as
    a schedule of Optax's, the rate itself at a step. A path that was not imported gives a record that has a name and
    cannot be called.

    Raises:
      KeyError: an unknown name (`invalid_values.validate` says so). UserError: an object that is neither.
    """
    if isinstance(name, ObjectRef):
        return name.object if isinstance(name.object, ScheduleRule) else _own(name)
    if name not in SCHEDULES and is_path(name):
        return ScheduleRule(name.rpartition(":")[2], without_object("schedule", name, "schedule"), {})
    return SCHEDULES[name]


@functools.lru_cache(maxsize=256)
def _own(ref: ObjectRef) -> ScheduleRule:
    """Make the record of the user's schedule."""
    function, label = ref.object, ref.label
    what = f"The schedule {label}"
    try:
        parameters = inspect.signature(function).parameters.values() if callable(function) else ()
    except ValueError:
        parameters = ()
    count = sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    if count == 1:

        def rate(hyper: Mapping[str, Scalar], t: Scalar, total: Scalar) -> Scalar:
            return _number(what, call(what, function, step=t))

        jax.eval_shape(lambda t: rate({}, t, t), jax.ShapeDtypeStruct((), jnp.int32))
        return ScheduleRule(label, rate, {}, absolute=True)
    if count != 3:
        raise UserError(
            f"The schedule is {represent(function)}, but a function (hyper, step, total) -> rate over its peak, a "
            "schedule of Optax's (step -> rate) or a name was expected."
        )

    def shape(hyper: Mapping[str, Scalar], t: Scalar, total: Scalar) -> Scalar:
        share = call(what, lambda t, total: function(hyper, t, total), t=t, total=total)
        return _number(what, share).astype(t.dtype)

    reads, required = reads_of(what, lambda hyper, x: shape(hyper, x, x))
    read, must = (tuple(key for key in keys if key != "learning_rate") for keys in (reads, required))
    return ScheduleRule(label, shape, {}, parameters=read, required=must)


def _number(what: str, value: Any) -> Scalar:
    if jnp.shape(value) != ():
        raise UserError(f"{what} gave shape {list(jnp.shape(value))}, but one number was expected.")
    return jnp.asarray(value, jnp.promote_types(jnp.result_type(value), jnp.float32))
