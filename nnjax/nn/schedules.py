"""Learning-rate schedules of traced values, the number of steps among them (Optax's need that as a Python int).

The convention is Optax's: step t counts from 0, T is the number of all steps, W = warmup · T. A rise is at its peak at
t = W and a decay at its end at t = T, one step after the last one taken. (PyTorch's OneCycleLR arrives a step earlier
at both: on T + 1 steps with pct_start (W + 1) / (T + 1) it equals `onecycle`.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax.numpy as jnp

from nnjax.core.types import Array

Schedule = Callable[[Array], Array]  # optimizer step, int32 [] -> learning rate []
Shape = Callable[[Mapping[str, Array], Array, Array], Array]  # (hyper, t, T) -> rate / peak, all of the rate's dtype

ONECYCLE_START = 1 / 25  # PyTorch's div_factor: the rate at step 0 over its peak


def _rise(hyper: Mapping[str, Array], t: Array, total: Array) -> Array:
    """Rise linearly from 0 to 1 in the first W steps; 1 at once where W = 0."""
    warmup = hyper["warmup"] * total
    return jnp.where(t < warmup, t / jnp.maximum(warmup, 1), 1)


def _cosine(start: Array | float, end: Array, share: Array) -> Array:
    """Go from start to end on half a cosine while share goes from 0 to 1."""
    return end + (start - end) * 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip(share, 0, 1)))


def _constant(hyper: Mapping[str, Array], t: Array, total: Array) -> Array:
    return jnp.ones_like(t)


def _cosine_decay(hyper: Mapping[str, Array], t: Array, total: Array) -> Array:
    return _cosine(1, hyper["final_factor"], t / total)


def _warmup_cosine(hyper: Mapping[str, Array], t: Array, total: Array) -> Array:
    warmup = hyper["warmup"] * total
    decay = _cosine(1, hyper["final_factor"], (t - warmup) / jnp.maximum(total - warmup, 1))
    return jnp.where(t < warmup, _rise(hyper, t, total), decay)


def _onecycle(hyper: Mapping[str, Array], t: Array, total: Array) -> Array:
    """Smith & Topin 2017 as PyTorch and fastai do it: two half cosines, up from 1/25 and down."""
    warmup = hyper["warmup"] * total
    up = _cosine(ONECYCLE_START, jnp.ones_like(t), t / jnp.maximum(warmup, 1))
    down = _cosine(1, hyper["final_factor"], (t - warmup) / jnp.maximum(total - warmup, 1))
    return jnp.where(t < warmup, up, down)


def _exponential(hyper: Mapping[str, Array], t: Array, total: Array) -> Array:
    return hyper["final_factor"] ** (t / total)


def _steps(hyper: Mapping[str, Array], t: Array, total: Array) -> Array:
    """Drop at the t nearest to i · decay_every · T, i = 1, 2, …, the earlier of two; the half forgives rounding."""
    drops = jnp.floor((t + 0.5) / jnp.maximum(hyper["decay_every"] * total, 1))
    return hyper["decay_factor"] ** drops


_SHAPES: dict[str, Shape] = {
    "constant": _constant,
    "cosine": _cosine_decay,
    "warmup": _rise,
    "warmup_cosine": _warmup_cosine,
    "exponential": _exponential,
    "step": _steps,
    "onecycle": _onecycle,
}

SCHEDULES: dict[str, dict[str, float]] = {  # the hyperparameters that each schedule reads, with their defaults
    "constant": {},
    "cosine": {"final_factor": 0.0},
    "warmup": {"warmup": 0.1},
    "warmup_cosine": {"warmup": 0.1, "final_factor": 0.0},
    "exponential": {"final_factor": 0.01},
    "step": {"decay_factor": 0.5, "decay_every": 0.25},
    "onecycle": {"warmup": 0.3, "final_factor": 4e-6},  # PyTorch: pct_start .3, 1 / (25 · 10^4)
}


def schedule_defaults(name: str) -> dict[str, float]:
    """Name the hyperparameters that a schedule reads beside learning_rate, with their defaults.

    Raises:
      KeyError: an unknown name (`checks.validate` says it as a sentence).
    """
    return dict(SCHEDULES[name])


def make_schedule(name: str, hyper: Mapping[str, Array], total_steps: Array) -> Schedule:
    """Make the learning rate as a function of the optimizer step.

    Args:
      name: a key of SCHEDULES.
      hyper: learning_rate (the peak) and what `schedule_defaults` names, scalars of one float dtype, traced or not.
      total_steps: T, int [], traced or not.

    Returns:
      step (int [], from 0) -> rate [] in the dtype of learning_rate.
    """
    shape = _SHAPES[name]
    peak = jnp.asarray(hyper["learning_rate"])
    total = jnp.maximum(jnp.asarray(total_steps, peak.dtype), 1)
    return lambda step: peak * shape(hyper, jnp.asarray(step, peak.dtype), total)
