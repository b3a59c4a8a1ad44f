"""The dynamic program of all elastic distances, computed along the anti-diagonals of its table.

Cell (i, j) of the table lies on the diagonal k = i + j at the offset i − j. All cells of a diagonal depend on the two
diagonals before it only, so a diagonal is a plain vector operation; trailing axes ("lanes") are pairs of series that go
through the table side by side. Only cells inside the band |i − j| ≤ window are stored and computed.

Offsets on diagonals of the window's parity run from −window to window (the *band* array); those of the other parity lie
between them, and get one guard cell at each end that is never reached (the *guard* array, one cell longer):

    band    −w      −w+2     …      w
    guard      −w+1      …      w−1         and guards at −w−1, w+1
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array

UNREACHED = 1e38  # of a cell that no path reaches: finite, so that gradients of soft minima are 0 and not NaN
DIAGONALS = 32  # per loop; between loops the stored cells are cut to what the next diagonals need


class Cells(NamedTuple):
    """The cells (i, j) of one diagonal, with what their values are computed from."""

    corner: Array  # corner, above, beside: [cells, *lanes], D[i−1, j−1], D[i−1, j] and D[i, j−1]
    above: Array
    beside: Array
    x: Array  # x, y: [cells, d, *lanes], the points x_i and y_j
    y: Array
    offsets: np.ndarray  # [cells], i − j

    def least(self) -> Array:
        """The least of the three earlier cells."""
        return jnp.minimum(jnp.minimum(self.above, self.beside), self.corner)

    def edited(self, replace: Array, delete: Array | int, insert: Array | int) -> Array:
        """The least cost over the last edit, whose costs are given."""
        costs = self.corner + replace, self.above + delete, self.beside + insert
        return self._replace(corner=costs[0], above=costs[1], beside=costs[2]).least()


class _Wave(NamedTuple):
    """Two neighboring diagonals: values [cells, *lanes] at the offsets low, low + 2, …, high and one further out."""

    band: Array
    guard: Array
    low: int
    high: int


def wavefront(x: Array, y: Array, step: Callable[[Cells], Array], origin: Array, window: int) -> Array:
    """Compute the last cell of a table that is filled from the three earlier neighbors of each cell.

    Args:
      x: [n, d, *lanes], what belongs to the table's rows.
      y: [m, d, *lanes], what belongs to its columns; the dtype of x.
      step: computes D[i, j] [cells, *lanes] of one diagonal.
      origin: [*lanes], D[0, 0].
      window: only cells with |i − j| ≤ window are on a path; at least |n − m|.

    Returns:
      D[n−1, m−1], [*lanes].

    Raises:
      ValueError: the window is smaller than |n − m|, so that no path reaches the last cell.
    """
    n, m = len(x), len(y)
    if window < abs(n - m):
        raise ValueError(f"A window of {window} joins no corners of a table of {n} × {m}; {abs(n - m)} was expected.")
    w, last = min(window, max(n, m) - 1), n + m - 2
    margin = [(w + 2, w + 2), *[(0, 0)] * (x.ndim - 1)]
    rows, columns = jnp.pad(x, margin), jnp.pad(y[::-1], margin)  # what lies outside never reaches the last cell

    def filled(k: Array | int, low: int, cells: int, corner: Array, above: Array, beside: Array) -> Array:
        """The cells at the offsets low, low + 2, … of diagonal k."""
        first_row, first_column = (k + low) // 2 + w + 2, m - 1 - (k - low) // 2 + w + 2
        x_i = jax.lax.dynamic_slice_in_dim(rows, first_row, cells)
        y_j = jax.lax.dynamic_slice_in_dim(columns, first_column, cells)
        return step(Cells(corner, above, beside, x_i, y_j, low + 2 * np.arange(cells)))

    def next_guard(k: Array | int, wave: _Wave) -> _Wave:
        band, guard = wave.band, wave.guard
        inner = filled(k, wave.low + 1, len(band) - 1, guard[1:-1], band[:-1], band[1:])
        return wave._replace(guard=jax.lax.dynamic_update_slice_in_dim(guard, inner, 1, 0))

    def next_band(k: Array | int, wave: _Wave) -> _Wave:
        band, guard = wave.band, wave.guard
        return wave._replace(band=filled(k, wave.low, len(band), band, guard[:-1], guard[1:]))

    wave, k = _start(origin, w), 0
    if w % 2 and last:
        wave, k = next_band(1, wave), 1
    for end, low, high in _spans(n, m, w, k):
        wave = _resized(wave, low, high)

        def two(turn: Array, arrays: tuple[Array, Array], begin: int = k, wave: _Wave = wave) -> tuple[Array, Array]:
            wave = next_guard(begin + 2 * turn + 1, wave._replace(band=arrays[0], guard=arrays[1]))
            wave = next_band(begin + 2 * turn + 2, wave)
            return wave.band, wave.guard

        band, guard = jax.lax.fori_loop(0, (end - k) // 2, two, (wave.band, wave.guard))
        wave, k = wave._replace(band=band, guard=guard), end
    if k < last:
        return next_guard(last, wave).guard[(n - m - wave.low + 1) // 2]
    return wave.band[(n - m - wave.low) // 2]


def _start(origin: Array, window: int) -> _Wave:
    """The diagonal 0 and the one before it."""
    far = jnp.full_like(origin, UNREACHED)
    if window % 2:
        return _Wave(jnp.stack([far, far]), jnp.stack([far, origin, far]), -1, 1)
    return _Wave(origin[None], jnp.stack([far, far]), 0, 0)


def _spans(n: int, m: int, window: int, begin: int) -> Iterator[tuple[int, int, int]]:
    """Pairs of diagonals after `begin` in runs: the last diagonal of a run, and its lowest and highest offset."""
    last = n + m - 2
    last_pair = last - (last - begin) % 2
    while begin < last_pair:
        end = min(begin + DIAGONALS, last_pair)
        k = np.arange(max(begin - 1, 0), min(end + 1, last) + 1)
        low = int(np.maximum(np.maximum(-k, k - 2 * (m - 1)), -window).min())
        high = int(np.minimum(np.minimum(k, 2 * (n - 1) - k), window).max())
        yield end, low - (low - window) % 2, high + (window - high) % 2
        begin = end


def _resized(wave: _Wave, low: int, high: int) -> _Wave:
    """The same diagonals with more or fewer cells at each end."""
    left, right = (wave.low - low) // 2, (high - wave.high) // 2

    def resized(values: Array) -> Array:
        kept = values[max(-left, 0) : len(values) - max(-right, 0)]
        margin = [(max(left, 0), max(right, 0)), *[(0, 0)] * (values.ndim - 1)]
        return jnp.pad(kept, margin, constant_values=UNREACHED)

    return _Wave(resized(wave.band), resized(wave.guard), low, high)
