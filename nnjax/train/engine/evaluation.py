"""Evaluate one trial on a part of the data, and close its epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from nnjax.core.types import Array, Count, Float, Metrics, TrialState
from nnjax.models.envelope import has
from nnjax.models.model import Variables
from nnjax.nn.metrics import weighted_sum
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.curve_names import curve_name, watched_curve
from nnjax.train.engine.device_data import DeviceData, Part, even_batches

if TYPE_CHECKING:
    from nnjax.train.engine.trial import Hyper, Trial

TOTAL = "weights"  # the sum of the examples' weights, among the sums of their statistics


def evaluate(
    trial: Trial, data: DeviceData, part: Part, hyper: Hyper, variables: Variables, *, final: bool = False
) -> Metrics:
    """Compute loss and metrics over a part in evaluation mode, every example once; NaN for an empty part."""
    metrics = trial.final_metrics if final else trial.epoch_metrics
    size = part.index.shape[0] // max(even_batches(part.index.shape[0], trial.experiment.eval_batch_size), 1)
    if not size:
        return dict.fromkeys(("loss", *metrics, *trial.objective_metrics), jnp.full((), jnp.nan, trial.dtype))
    origin = trial.batch(data, part.index[:1], jnp.ones(1, bool)) if any(m.shifts for m in metrics.values()) else None

    def statistics(batch: Batch) -> dict[str, Float[Array, "b ..."]]:
        """Return the statistics of a batch, and where examples have weights these."""
        found: dict[str, Float[Array, "b ..."]] = trial.statistics[final](hyper, variables, batch, origin)
        return found if data.weights is None else found | {TOTAL: jnp.ones_like(batch.w)}

    def body(t: Array, sums: Metrics) -> Metrics:
        """Add the statistics of one batch to the sums."""
        index = jax.lax.dynamic_slice_in_dim(part.index, t * size, size)
        batch = trial.batch(data, index, t * size + jnp.arange(size) < part.count)
        return {name: sums[name] + weighted_sum(value, batch.w) for name, value in statistics(batch).items()}

    blank = jax.eval_shape(lambda: statistics(trial.batch(data, part.index[:size], jnp.ones(size, bool))))
    sums = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape[1:], leaf.dtype), blank)
    sums = jax.tree.map(trial.total, jax.lax.fori_loop(0, -(-part.count // size), body, sums))
    total = sums.pop(TOTAL, part.count.astype(trial.dtype))
    values = {name: sums[name] / total for name in ("loss", *trial.objective_metrics)}
    return values | {name: m.of_sums(sums[name], total) for name, m in metrics.items()}


def finish_epoch(
    trial: Trial, hyper: Hyper, data: DeviceData, state: TrialState, epoch: Count
) -> tuple[TrialState, Metrics]:
    """Close an epoch (counted from 1): both train losses, the validation metrics, and the best weights so far.

    Epochs after a trial's patience has ended, which it takes until its lane is freed, find no better weights.
    """
    values, now = {"train_loss": state.loss_sum / state.weight_sum}, trial.evaluated(state)
    for part in trial.parts:
        for name, value in evaluate(trial, data, getattr(data, part), hyper, now).items():
            values[curve_name(part, name)] = value
    watched = values[watched_curve(values)]
    lowest = state.best_value - hyper["min_delta"] if "min_delta" in hyper else state.best_value
    better = watched < lowest
    if "patience" in hyper:
        patient = (epoch - state.best_epoch).astype(trial.dtype) <= hyper["patience"]
        there = has(hyper, "patience")
        better &= patient if there is True else patient | ~there
    best = Variables(state.best_params, state.best_model_state)
    best_params, best_model_state = jax.tree.map(lambda new, old: jnp.where(better, new, old), now, best)
    state = state._replace(
        loss_sum=jnp.zeros_like(state.loss_sum),
        weight_sum=jnp.zeros_like(state.weight_sum),
        best_params=best_params,
        best_model_state=best_model_state,
        best_value=jnp.where(better, watched, state.best_value),
        best_epoch=jnp.where(better, epoch, state.best_epoch),
    )
    return state, values
