"""Evaluate one trial on a part of the data, and close its epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from nnjax.core.types import Array, Count, Float, Metrics, TrialState
from nnjax.models.envelope import has
from nnjax.models.model import Variables
from nnjax.nn.metrics import Metric, weighted_sum
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.curve_names import curve_name, watched_curve
from nnjax.train.engine.device_data import DeviceData, Part, even_batches

if TYPE_CHECKING:
    from nnjax.train.engine.trial import Hyper, Trial

TOTAL = "weights"  # the sum of the examples' weights, among the sums of their statistics
EVALUATION = 4  # key of the objective where it is evaluated


def evaluate(
    trial: Trial, data: DeviceData, part: Part, hyper: Hyper, variables: Variables, metrics: Mapping[str, Metric]
) -> Metrics:
    """Compute loss and metrics over a part in evaluation mode, every example once; NaN for an empty part."""
    size = part.index.shape[0] // max(even_batches(part.index.shape[0], trial.experiment.eval_batch_size), 1)
    if not size:
        return dict.fromkeys(("loss", *metrics, *trial.objective_metrics), jnp.full((), jnp.nan, trial.dtype))
    origin = trial.batch(data, part.index[:1], jnp.ones(1, bool)) if any(m.shifts for m in metrics.values()) else None

    def statistics(batch: Batch) -> dict[str, Float[Array, "b ..."]]:
        return of_outputs(batch) | ({} if data.weights is None else {TOTAL: jnp.ones_like(batch.w)})

    def of_outputs(batch: Batch) -> dict[str, Float[Array, "b ..."]]:
        """Return the statistics of each metric and the losses on a batch."""
        z = trial.logits(variables, batch.x, hyper)
        p = trial.output(z.reshape(len(z), -1))
        found = {name: _statistics(metric, batch, p, origin) for name, metric in metrics.items()}
        if trial.by_own is not None:
            key = jax.random.key(EVALUATION)
            values, _, more = trial.by_objective(variables, batch, train=False, key=key, hyper=hyper)
            return found | {"loss": values, **more}
        return found | {"loss": trial.losses(batch, batch.y, z)}

    def body(t: Array, sums: Metrics) -> Metrics:
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
        for name, value in evaluate(trial, data, getattr(data, part), hyper, now, trial.epoch_metrics).items():
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


def _statistics(metric: Metric, batch: Batch, p: Float[Array, "b k"], origin: Batch | None) -> Float[Array, "b ..."]:
    """Return a metric's statistics, of numbers beside the part's first target where that is more precise."""
    y = batch.held if metric.takes_raw else batch.y
    if metric.shifts and origin is not None:
        return metric.statistics(y - origin.y, p - origin.y)
    return metric.statistics(y, p)
