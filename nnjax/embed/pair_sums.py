"""Sum over all pairs of points, a few rows at a time, in memory O(n · rows)."""

import math
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

ROWS = 10  # XLA unrolls so short a sum and fuses all of them into one vectorized pass; 16 are five times slower

Terms = Callable[[Array, Array, Array], tuple[Array, ...]]


def sum_pairs(terms: Terms, num_terms: int, y: Array) -> tuple[Array, ...]:
    """Sum functions of pairs (i, j) over i.

    Args:
      terms: gives `num_terms` arrays [rows, n] from dx, dy [rows, n] (y_j - y_i), the coordinates' differences, and
        from the indices i [rows], which are consecutive.
      y: [2, n].

    Returns:
      `num_terms` arrays [n], over j.
    """
    return _fold(terms, (0.0,) * num_terms, y, jnp.add)


def least_over_pairs(terms: Terms, y: Array) -> Array:
    """Compute the least value [n] over i of one function of pairs; arguments as for `sum_pairs`."""
    return _fold(terms, (math.inf,), y, jnp.minimum)[0]


def rows_of(matrix: Array, rows: Array) -> Array:
    """Take consecutive rows [rows, n] of a matrix [n, n]."""
    return lax.dynamic_slice_in_dim(matrix, rows[0], rows.shape[0], 0)


def same(rows: Array, y: Array) -> Array:
    """Mark the pairs [rows, n] of a point with itself."""
    return rows[:, None] == jnp.arange(y.shape[1], dtype=rows.dtype)[None, :]


def _fold(terms: Terms, initial: tuple[float, ...], y: Array, operation: Callable) -> tuple[Array, ...]:
    """Fold the terms of all pairs, a few rows at a time."""
    n = y.shape[1]
    neutral = tuple(jnp.asarray(value, y.dtype) for value in initial)

    def combine(left: tuple[Array, ...], right: tuple[Array, ...]) -> tuple[Array, ...]:
        return tuple(operation(a, b) for a, b in zip(left, right, strict=True))

    def block(start: Array | int, size: int) -> tuple[Array, ...]:
        # Each coordinate is sliced by itself: one slice of both keeps XLA from vectorizing (five times slower).
        dx, dy = (one[None, :] - lax.dynamic_slice_in_dim(one, start, size, 0)[:, None] for one in y)
        rows = start + jnp.arange(size, dtype=jnp.int32)
        return lax.reduce(terms(dx, dy, rows), neutral, combine, (0,))

    full = tuple(jnp.full(n, value, y.dtype) for value in initial)
    found = lax.fori_loop(0, n // ROWS, lambda k, found: combine(found, block(k * ROWS, ROWS)), full)
    return combine(found, block(n - n % ROWS, n % ROWS)) if n % ROWS else found
