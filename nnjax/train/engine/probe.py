"""Measure a network layer by layer while it trains: gradients, updates, dead and saturated units.

Measured at epochs' ends, with the weights as they are then, on a few training examples that stay the same, in
evaluation mode: one more forward and backward pass, whose result is thrown away. Nothing that trains depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from nnjax.core.layer_statistics import LAYER_STATISTICS
from nnjax.core.types import Array, Bool, Count, Float, Metrics, Params, Scalar, TrialState
from nnjax.models.layer_outputs import capture_layer_outputs
from nnjax.models.summary import trained_layers
from nnjax.nn.activations import ACTIVATIONS
from nnjax.train.engine import training_step
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.device_data import DeviceData

if TYPE_CHECKING:
    from nnjax.train.engine.trial import Hyper, Trial

SHARE = 40  # steps, or their examples, between two measurements, for each that one costs
EDGE = 0.02  # of its range: an output this near an end is saturated (tanh: beyond ±0.96, where the slope is below .08)


def due(size: int, count: Count, batch_size: int, epoch: Count) -> Bool[Array, ""]:
    """Whether to measure on `size` of `count` examples at the end of an epoch (int32 [], counted from 1): bool [].

    At the first one, then so rarely that it costs about a fortieth: it takes as long as a step at least, however
    few the examples, for the optimizer passes over all weights. At every epoch from 40 steps and 1,280 examples on.
    """
    cost = jnp.minimum(max(size, batch_size), count)
    every = -((count - 10 * SHARE * cost) // (10 * count))  # ⌈40 cost / count - 0.1⌉: examples count the part's padding
    return (epoch - 1) % every == 0


def batch_of(trial: Trial, data: DeviceData) -> Batch:
    """Fetch the probe examples, evenly spaced among those that train."""
    size, count = data.probe_indices.shape[0], data.train.count
    return trial.training_batch(data, data.probe_indices, jnp.arange(size) * jnp.maximum(count // size, 1) < count)


def measure(trial: Trial, hyper: Hyper, state: TrialState, batch: Batch, total_steps: Count) -> Metrics:
    """Measure one trial's network, layer by layer.

    Args:
      trial: its functions.
      hyper, state: its hyperparameters and its state, which stays as it is.
      batch: of `batch_of`.
      total_steps: the schedule's horizon.

    Returns:
      {statistic: [p]} for the p layers with weights, input first (see `nnjax.core.layer_statistics`). Gradients
      are those of the loss with its penalties, without dropout; the update is what the optimizer would do with them.
    """
    layers = trained_layers(trial.experiment.model)
    without_dropout = {name: value for name, value in hyper.items() if name != "dropout"}
    objective = training_step.batch_loss(trial, without_dropout, state, batch, _size(trial, batch))

    def watched(params: Params) -> tuple[Array, dict[str, Array]]:
        with capture_layer_outputs(layers) as outputs:
            return objective(params)[0], outputs

    grads, outputs = jax.grad(watched, has_aux=True)(state.params)
    grads = jax.tree.map(trial.total, grads)
    updates, _ = trial.optimizer(hyper, total_steps).update(grads, state.opt_state, state.params)
    rows = [
        {
            "gradient_norm": norm(grads[name]),
            "update_ratio": _ratio(norm(updates[name]), norm(state.params[name])),
            **of_units(trial, activation, outputs[name], batch.w),
        }
        for name, activation in layers.items()
    ]
    return {name: jnp.stack([row[name] for row in rows]) for name in LAYER_STATISTICS}


def norm(tree: Params) -> Scalar:
    """Return the Euclidean norm of all numbers of a pytree together -> []."""
    return jnp.sqrt(sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(tree)))


def _ratio(update: Scalar, weights: Scalar) -> Scalar:
    return jnp.where(weights > 0, update / jnp.where(weights > 0, weights, 1), jnp.nan)


def _size(trial: Trial, batch: Batch) -> Scalar:
    return trial.total(jnp.sum(batch.w))


def of_units(trial: Trial, activation: str, z: Float[Array, "b *places units"], w: Float[Array, " b"]) -> Metrics:
    """Measure one layer's outputs.

    Args:
      trial: sums over the devices that share a batch.
      activation: the layer's.
      z: [b, ..., units], before it; of a convolution [b, h, w, maps], where a map is a unit that may be dead.
      w: [b], 0 for padding.

    Returns:
      dead_share, saturated_share, activation_variance, each []; NaN where the activation has no such thing.
    """
    f = ACTIVATIONS[activation]
    h = f(z).astype(w.dtype)
    weight = w.reshape(-1, *(1,) * (h.ndim - 1))
    count, nowhere = _size(trial, Batch(z, z, w)), jnp.full((), jnp.nan, w.dtype)
    mean = trial.total(jnp.sum(h * weight, axis=0, keepdims=True)) / count
    variance = jnp.mean(trial.total(jnp.sum(jnp.square(h - mean) * weight, axis=0)) / count)
    dead = saturated = nowhere
    if f.dies:
        active = trial.total(jnp.sum(jnp.where(h > 0, weight, 0), axis=tuple(range(h.ndim - 1))))
        dead = jnp.mean((active == 0).astype(w.dtype))
    if f.saturates:
        low, high = f.range
        edge = EDGE * (high - low)
        at_end = jnp.where((h < low + edge) | (h > high - edge), weight, 0)
        saturated = jnp.mean(trial.total(jnp.sum(at_end, axis=0)) / count)
    return {"dead_share": dead, "saturated_share": saturated, "activation_variance": variance}
