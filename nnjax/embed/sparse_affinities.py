"""t-SNE with affinities of near neighbors only (van der Maaten 2014): memory O(n · perplexity), exact repulsion."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from nnjax.embed.affinities import BLOCK, calibrate
from nnjax.embed.pair_sums import sum_pairs
from nnjax.embed.quality import block, nearest

WIDTH = 32  # neighbors in a row of the table


class Edges(NamedTuple):
    """Sparse symmetric affinities as a table: a point with many neighbors has several rows; unused places weigh 0.

    Attributes (NumPy's or JAX's arrays):
      point: [r] int32, whose row it is.
      neighbor: [r, 32] int32.
      weight: [r, 32] float32, p_ij.
    """

    point: Any
    neighbor: Any
    weight: Any


def gradient(y: Array, p: Edges, exaggeration: Array) -> Array:
    """As `tsne_objective.gradient`, with attraction along edges."""

    def terms(dx: Array, dy: Array, rows: Array) -> tuple[Array, ...]:
        w = 1 / (1 + dx * dx + dy * dy)
        push = w * w
        return push * dx, push * dy, w

    push_x, push_y, w = sum_pairs(terms, 3, y)
    towards, squared = _along(y, p)
    pulls = jnp.sum((p.weight / (1 + squared))[None] * towards, axis=2)
    pull = jnp.zeros_like(y).at[:, p.point].add(pulls)
    return 4 * (exaggeration * pull - jnp.stack([push_x, push_y]) / jnp.sum(w - 1))


def divergence(y: Array, p: Edges, entropy: Array) -> Array:
    """As `tsne_objective.divergence`, of these affinities."""

    def terms(dx: Array, dy: Array, rows: Array) -> tuple[Array, ...]:
        return (1 / (1 + dx * dx + dy * dy),)

    (w,) = sum_pairs(terms, 1, y)
    _, squared = _along(y, p)
    return entropy + jnp.sum(p.weight * jnp.log1p(squared)) + jnp.log(jnp.sum(w - 1))


def _along(y: Array, p: Edges) -> tuple[Array, Array]:
    """y_i - y_j [2, r, 32] along the edges, and its square [r, 32]."""
    towards = y[:, p.point][:, :, None] - y[:, p.neighbor]
    return towards, towards[0] * towards[0] + towards[1] * towards[1]


def edges(x: np.ndarray, perplexities: Sequence[float]) -> tuple[Edges, np.ndarray]:
    """Compute sparse affinities, and Σ p log p of each.

    Args:
      x: [n, d] numbers.
      perplexities: g of them; each point has affinities to its nearest 3 × perplexity + 1 points, and they to it.

    Returns:
      Tables with leading axis g, and [g] float32.
    """
    centered = np.asarray(x, np.float64) - np.mean(x, axis=0, dtype=np.float64)
    found = [_joint(centered, value) for value in perplexities]
    tables = [_table(p) for p in found]
    longest = max(len(table.point) for table in tables)
    padded = [Edges(*(np.pad(a, [(0, longest - len(a))] + [(0, 0)] * (a.ndim - 1)) for a in table)) for table in tables]
    entropies = [float(p.data @ np.log(np.maximum(p.data, np.finfo(np.float32).tiny))) for p in found]
    return Edges(*(np.stack(part) for part in zip(*padded, strict=True))), np.array(entropies, np.float32)


def _joint(x: np.ndarray, perplexity: float) -> Any:
    """Joint affinities as a SciPy array in rows, float64."""
    from scipy.sparse import csr_array

    n = len(x)
    k = min(int(3 * perplexity + 1), n - 1)
    indices, values = np.empty((n, k), np.int64), np.empty((n, k))
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        distances = block(x, rows)
        indices[rows] = nearest(distances, k)
        near = np.take_along_axis(distances, indices[rows], axis=1).T.astype(np.float32)
        nobody = np.full(len(distances), -1, np.int32)
        values[rows] = np.asarray(calibrate(near, nobody, np.array([perplexity], np.float32)))[0].T
    conditional = csr_array((values.ravel(), indices.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    return csr_array((conditional + conditional.T) / (2 * n))


def _table(p: Any) -> Edges:
    """Write a SciPy array in rows of 32."""
    degrees = np.diff(p.indptr)
    rows = -(-degrees // WIDTH)
    first = np.cumsum(rows) - rows
    point = np.repeat(np.arange(len(degrees)), rows)
    place = np.arange(p.nnz) - np.repeat(p.indptr[:-1], degrees)  # of an edge among those of its point
    row = np.repeat(first, degrees) + place // WIDTH
    neighbor, weight = np.zeros((len(point), WIDTH), np.int32), np.zeros((len(point), WIDTH), np.float32)
    neighbor[row, place % WIDTH] = p.indices
    weight[row, place % WIDTH] = p.data
    return Edges(point.astype(np.int32), neighbor, weight)
