"""Gather a batch from several smaller ones (gradient accumulation), so that trials of several batch sizes are in step.

The gradient of a batch's mean loss is the mean of those of its parts, weighted by their examples. A step of the program
is one of the smallest batch; an epoch has as many for all trials, and its last batch may be of fewer.
"""

import jax
import jax.numpy as jnp

from nnjax.core.types import Array, Bool, Count, Gathered, Params, Scalar


def nothing_yet(params: Params, dtype: jnp.dtype) -> Gathered:
    """Return what is gathered before a batch begins."""
    return Gathered(jax.tree.map(jnp.zeros_like, params), jnp.zeros((), dtype))


def gather(before: Gathered, grads: Params, weight: Scalar) -> Gathered:
    """Add a part's mean gradients, of examples whose weights sum up to `weight`; a part of none adds nothing."""

    def added(total: Array, g: Array) -> Array:
        return jnp.where(weight > 0, total + g * weight, total)

    return Gathered(jax.tree.map(added, before.grads, grads), before.weight + weight)


def mean(gathered: Gathered) -> Params:
    """Return the mean gradients of what was gathered."""
    weight = jnp.where(gathered.weight > 0, gathered.weight, 1)
    return jax.tree.map(lambda total: total / weight, gathered.grads)


def is_whole(step: Count, batches: Scalar, per_epoch: Count) -> Bool[Array, ""]:
    """Whether a batch of so many of the program's ends with a step of it, counted from 0; an epoch ends one."""
    in_epoch = step % per_epoch
    return ((in_epoch + 1) % batches.astype(jnp.int32) == 0) | (in_epoch + 1 == per_epoch)


def own_steps(steps: Count, batches: Scalar, per_epoch: Count) -> tuple[Count, Count]:
    """Count a trial's whole steps in so many of the program's, and the parts of the next one's batch that are done."""
    size, (epochs, rest) = batches.astype(jnp.int32), jnp.divmod(steps, per_epoch)
    return epochs * -(-per_epoch // size) + rest // size, rest % size
