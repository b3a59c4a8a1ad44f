"""Measure why a trial diverged: the curvature of its loss, the sizes of its inputs and targets, a log of 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from nnjax.core.types import Array, Params, Scalar, TrialState, UInt
from nnjax.models.model import Variables
from nnjax.train.engine import probe, training_step
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.device_data import DeviceData

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnjax.train.engine.trial import Hyper, Trial

ITERATIONS = 20  # of the power method, for each of its two runs
EXTREMES = (0.0, 1.0, -100.0, 100.0)  # outputs at which a loss should be finite


def measure(
    trial: Trial, hyper: Hyper, seed: UInt[Array, ""], variables: Variables, data: DeviceData
) -> dict[str, Scalar]:
    """Measure one trial at some weights, on the probe examples (`nnjax.train.engine.probe`), without dropout.

    Args:
      trial: its functions, not on a batch axis.
      hyper, seed, data: of the trial.
      variables: where to look.

    Returns:
      curvature: the largest eigenvalue of the Hessian of the training loss; input_size, target_size: the largest root
      mean square of a column of the scaled inputs and, of a regression, targets (else NaN); infinite_at: the first of
      the outputs 0, 1, -100, 100 at which the loss is not finite, NaN where it is finite at all.
    """
    state, batch = trial.start(hyper, seed, variables), probe.batch_of(trial, data)
    without_dropout = {name: value for name, value in hyper.items() if name != "dropout"}
    loss = training_step.batch_loss(trial, without_dropout, state, batch, jnp.sum(batch.w))
    frozen = trial.frozen(state.params)
    largest = largest_eigenvalue(lambda params: loss(params)[0], state.params, frozen)
    regression = trial.shapes.goal == "regression"
    return {
        "curvature": largest,
        "input_size": _size(batch.x, batch.w),
        "target_size": _size(batch.y, batch.w) if regression else jnp.full((), jnp.nan, trial.dtype),
        "infinite_at": infinite_at(trial, without_dropout, state, batch),
    }


def largest_eigenvalue(loss: Callable[[Params], Scalar], params: Params, frozen: Params | None = None) -> Scalar:
    """Return the largest eigenvalue of the Hessian of a loss at some weights, without those that are frozen -> [].

    By the power method, from a random start, with products of the Hessian and a vector (Pearlmutter 1994). It finds
    the eigenvalue of largest size; where that is negative, a second run on the shifted matrix finds the largest one.
    """

    def product(v: Params) -> Params:
        return _masked(jax.grad(lambda w: _dot(jax.grad(loss)(w), v))(params), frozen)

    def iterate(i: Array, carry: tuple[Params, Scalar, Scalar]) -> tuple[Params, Scalar, Scalar]:
        v, found, shift = carry
        second = i == ITERATIONS
        shift = jnp.where(second, jnp.minimum(found, 0), shift)
        v = jax.tree.map(lambda first, last: jnp.where(second & (shift < 0), first, last), start, v)
        hv = product(v)
        moved = jax.tree.map(lambda a, b: a - shift * b, hv, v)
        return _unit(moved), _dot(v, hv), shift

    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(0), len(leaves))
    drawn = [jax.random.normal(key, leaf.shape, leaf.dtype) for key, leaf in zip(keys, leaves, strict=True)]
    start = _unit(_masked(jax.tree.unflatten(tree, drawn), frozen))
    zero = jnp.zeros((), leaves[0].dtype)
    found: Scalar = jax.lax.fori_loop(0, 2 * ITERATIONS, iterate, (start, zero, zero))[1]
    return found


def _masked(tree: Params, frozen: Params | None) -> Params:
    if frozen is None:
        return tree
    return jax.tree.map(lambda stay, leaf: jnp.zeros_like(leaf) if stay else leaf, frozen, tree)


def _dot(a: Params, b: Params) -> Scalar:
    products: Any = jax.tree.map(lambda x, y: jnp.sum(x * y), a, b)
    return sum(jax.tree.leaves(products), jnp.zeros((), jax.tree.leaves(a)[0].dtype))


def _unit(tree: Params) -> Params:
    norm = probe.norm(tree)
    return jax.tree.map(lambda leaf: leaf / jnp.where(norm > 0, norm, 1), tree)


def _size(values: Array, w: Array) -> Scalar:
    """Return the largest root mean square of a column of [b, d] -> []."""
    rows = values.reshape(len(w), -1)
    there = (w > 0).astype(rows.dtype)[:, None]
    return jnp.max(jnp.sqrt(jnp.sum(jnp.square(rows) * there, axis=0) / jnp.maximum(jnp.sum(there), 1)))


def infinite_at(trial: Trial, hyper: Hyper, state: TrialState, batch: Batch) -> Scalar:
    """Return the first of some outputs at which the loss of an example is not finite -> []; NaN if there is none."""
    none = jnp.full((), jnp.nan, trial.dtype)
    if trial.by_own is not None:  # an objective runs the model itself
        return none
    z = trial.logits(trial.evaluated(state), batch.x, hyper)
    y, found = training_step.smooth_labels(trial, hyper, batch.y), none
    for value in reversed(EXTREMES):
        losses = trial.losses(batch, y, jnp.full_like(z, value))
        found = jnp.where(jnp.all(jnp.isfinite(losses) | (batch.w == 0)), found, value)
    return found
