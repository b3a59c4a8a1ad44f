"""Lower bounds of DTW, by which a search for neighbors skips most pairs."""

import dataclasses
import functools
from typing import ClassVar

import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.distances import checking
from nnjax.distances.metric_record import Metric


def _cost(apart: Array, cost: str) -> Array:
    return apart * apart if cost == "squared" else jnp.abs(apart)


@dataclasses.dataclass(frozen=True)
class LBKim(Metric):
    """The largest difference of first, last, smallest and largest points: ≤ DTW with any window, any lengths.

    Of several variables the first and last points count whole, the extremes variable by variable. Source: Kim, Park &
    Chu 2001, "An index-based approach for similarity search supporting time warping in large sequence databases".

    Attributes:
      cost, root: as for DTW.
    """

    cost: str = "squared"
    root: bool = True

    def __post_init__(self) -> None:
        checking.check_cost(self.cost)

    def __call__(self, x: Array, y: Array) -> Array:
        """Bound for x [n, d, *lanes] and y [m, d, *lanes]: [*lanes]."""
        ends = [jnp.sum(_cost(x[at] - y[at], self.cost), axis=0) for at in (0, -1)]
        extremes = [jnp.max(_cost(f(x, axis=0) - f(y, axis=0), self.cost), axis=0) for f in (jnp.min, jnp.max)]
        largest = functools.reduce(jnp.maximum, [*ends, *extremes])
        return jnp.sqrt(largest) if self.root else largest


@dataclasses.dataclass(frozen=True)
class LBKeogh(Metric):
    """The part of x outside the envelope of y: ≤ DTW with the same window and cost; equal lengths; not symmetric.

    The envelope is the largest and the smallest y_j with |i − j| ≤ window. Source: Keogh & Ratanamahatana 2005, "Exact
    indexing of dynamic time warping".

    Attributes:
      window, cost, root: as for DTW.
    """

    window: int | float | None = None
    cost: str = "squared"
    root: bool = True
    symmetric: ClassVar[bool] = False

    def __post_init__(self) -> None:
        checking.check_window(self.window)
        checking.check_cost(self.cost)

    def __call__(self, x: Array, y: Array) -> Array:
        """Bound for x [n, d, *lanes] and y [n, d, *lanes]: [*lanes].

        Raises:
          UserError: the lengths differ.
        """
        if len(x) != len(y):
            lengths = f"{len(x)} and {len(y)} points"
            raise UserError(f"LB_Keogh bounds series of equal length, but they have {lengths}; LB_Kim takes both.")
        upper, lower = envelope(y, checking.in_points(self.window, len(y), len(y)))
        outside = jnp.maximum(jnp.maximum(x - upper, lower - x), 0)
        total = jnp.sum(_cost(outside, self.cost), axis=(0, 1))
        return jnp.sqrt(total) if self.root else total


def envelope(y: Array, window: int) -> tuple[Array, Array]:
    """Compute the largest and smallest values within `window` points: y [n, …] -> two arrays [n, …]."""
    shape = (2 * min(window, len(y) - 1) + 1, *[1] * (y.ndim - 1))
    strides = (1,) * y.ndim
    upper = jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, shape, strides, "SAME")
    lower = jax.lax.reduce_window(y, jnp.inf, jax.lax.min, shape, strides, "SAME")
    return upper, lower
