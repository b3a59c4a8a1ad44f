"""Affinities of SNE and t-SNE: Gaussians whose widths are bisected until they have the perplexity."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

BLOCK = 128  # points calibrated at a time: a block of distances stays in a core's cache
HALVINGS = 32
LOG_PRECISION = 25.0  # log β is sought within ± this of log (1 / mean squared distance)


def squared_distances(x: np.ndarray, rows: slice) -> np.ndarray:
    """Squared Euclidean distances [n, b] float64 of all points x [n, d] to those of `rows`."""
    x = np.asarray(x, np.float64)
    norms = np.einsum("nd,nd->n", x, x)
    return np.maximum(norms[:, None] + norms[None, rows] - 2 * (x @ x[rows].T), 0)


@jax.jit
def calibrate(distances: Array, own: Array, perplexities: Array) -> Array:
    """Conditional affinities p_{j|i} of a block of points i, for several perplexities.

    The precision β_i = 1 / 2σ_i² is bisected until the entropy of p_{·|i} is log(perplexity). Where more points lie at
    one distance than the perplexity asks for, they share the affinity equally.

    Args:
      distances: [n, b] float32, squared, of the points j to the points i.
      own: [b] int32, the index of each point i, which is no neighbor of itself; -1 where it is not there.
      perplexities: [g] float32.

    Returns:
      [g, n, b] float32; columns sum to 1.
    """
    n, b = distances.shape
    is_self = lax.broadcasted_iota(jnp.int32, (n, b), 0) == own[None, :]
    nearest = jnp.min(jnp.where(is_self, jnp.inf, distances), axis=0, keepdims=True)
    shifted = jnp.where(is_self, 0.0, distances - nearest)  # the nearest has exponent 0: nothing underflows
    scale = jnp.maximum(jnp.sum(shifted, axis=0, keepdims=True) / (n - 1), jnp.finfo(jnp.float32).tiny)
    shifted = shifted / scale
    wanted = jnp.log(perplexities)[:, None, None]

    def weights(log_precision: Array) -> Array:
        return jnp.where(is_self[None], 0.0, jnp.exp(-jnp.exp(log_precision) * shifted[None]))

    def halve(_: Array, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        """Halve the interval of each log precision."""
        low, high = bounds
        middle = (low + high) / 2
        e = weights(middle)
        total = jnp.sum(e, axis=1, keepdims=True)
        mean = jnp.sum(e * shifted[None], axis=1, keepdims=True) / total
        too_wide = jnp.log(total) + jnp.exp(middle) * mean > wanted
        return jnp.where(too_wide, middle, low), jnp.where(too_wide, high, middle)

    ends = jnp.full((perplexities.shape[0], 1, b), LOG_PRECISION, jnp.float32)
    low, high = lax.fori_loop(0, HALVINGS, halve, (-ends, ends))
    found = weights((low + high) / 2)
    return found / jnp.sum(found, axis=1, keepdims=True)


class Affinities(NamedTuple):
    """Of one data set, for g perplexities."""

    joint: np.ndarray  # [g, n, n] float32, p_ij = (p_{j|i} + p_{i|j}) / 2n; symmetric, each sums to 1
    joint_entropy: np.ndarray  # [g] float32, Σ p_ij log p_ij: the part of t-SNE's divergence that no layout changes
    conditional_entropy: np.ndarray  # [g] float32, Σ_i Σ_j p_{j|i} log p_{j|i}, the same of SNE's


def affinities(x: np.ndarray, perplexities: Sequence[float]) -> Affinities:
    """Compute affinities of x [n, d] for g perplexities, from 1 to below n / 3, in blocks that devices take in turn."""
    x = np.asarray(x, np.float64)
    x = x - x.mean(axis=0)
    conditional = np.empty((len(perplexities), len(x), len(x)), np.float32)
    for rows, block in _blocks(x, perplexities):
        conditional[:, :, rows] = block
    joint = (conditional + conditional.swapaxes(1, 2)) / np.float32(2 * len(x))
    return Affinities(joint, _entropies(joint), _entropies(conditional))


def _blocks(x: np.ndarray, perplexities: Sequence[float]) -> list[tuple[slice, Array]]:
    """Start the calibration of all points: each block [g, n, b] is on its way when this returns."""
    devices = jax.devices()
    wanted = np.asarray(perplexities, np.float32)
    started = []
    for number, start in enumerate(range(0, len(x), BLOCK)):
        rows = slice(start, min(start + BLOCK, len(x)))
        own = np.arange(rows.start, rows.stop, dtype=np.int32)
        arguments = squared_distances(x, rows).astype(np.float32), own, wanted
        started.append((rows, calibrate(*jax.device_put(arguments, devices[number % len(devices)]))))
    return started


def _entropies(p: np.ndarray) -> np.ndarray:
    """Σ p log p [g] of [g, n, n]."""
    tiny = np.finfo(np.float32).tiny
    return np.array(
        [np.einsum("ij,ij->", one, np.log(np.maximum(one, tiny)), dtype=np.float64) for one in p], np.float32
    )
