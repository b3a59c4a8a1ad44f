"""Elastic distances of time series by their original definitions, each a step of the one `engine.wavefront`.

Series of one variable have d = 1.
"""

import dataclasses
import functools
import math

import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.distances import checking
from nnjax.distances.dynamic_program import Cells, wavefront
from nnjax.distances.metric_record import Metric


def _differences(x: Array, y: Array, cost: str) -> Array:
    """Cost of aligned points: Σ_d |x − y| or Σ_d (x − y)²; x, y [cells, d, *lanes] -> [cells, *lanes]."""
    apart = x - y
    return jnp.sum(apart * apart if cost == "squared" else jnp.abs(apart), axis=1)


def _bordered(x: Array) -> Array:
    """The series after a point 0, which stands for the empty beginning: [n, …] -> [n + 1, …]."""
    return jnp.pad(x, [(1, 0), *[(0, 0)] * (x.ndim - 1)])


@dataclasses.dataclass(frozen=True)
class DTW(Metric):
    """Dynamic time warping: D[i, j] = c(x_i, y_j) + min(D[i−1, j−1], D[i−1, j], D[i, j−1]), and D[n, m] of it.

    Not a metric: the triangle inequality fails. Source: Sakoe & Chiba 1978, "Dynamic programming algorithm optimization
    for spoken word recognition" (step weights 1).

    Attributes:
      window: the Sakoe-Chiba band |i − j| ≤ max(window, |n − m|): a whole number of points, or a share (.1) of the
        longer series, rounded down; None for no band. It is widened, not refused, where the lengths ask for more.
      cost: "absolute", Σ_d |x − y|, or "squared", Σ_d (x − y)².
      root: whether the square root of the sum is taken.
    """

    window: int | float | None = None
    cost: str = "squared"
    root: bool = True

    def __post_init__(self) -> None:
        checking.check_window(self.window)
        checking.check_cost(self.cost)

    def __call__(self, x: Array, y: Array) -> Array:
        """Compute the distance [*lanes]."""

        def step(cells: Cells) -> Array:
            return _differences(cells.x, cells.y, self.cost) + cells.least()

        origin = _differences(x[:1], y[:1], self.cost)[0]
        total = wavefront(x, y, step, origin, checking.widened(self.window, len(x), len(y)))
        return jnp.sqrt(total) if self.root else total


@dataclasses.dataclass(frozen=True)
class SoftDTW(Metric):
    """DTW of squared costs with the smooth minimum −γ log Σ exp(−·/γ): differentiable everywhere; may be negative.

    Tends to DTW (squared, no root) for γ → 0. Source: Cuturi & Blondel 2017, "Soft-DTW".

    Attributes:
      gamma: γ > 0.
    """

    gamma: float = 1.0

    def __post_init__(self) -> None:
        checking.check_positive("gamma", self.gamma, "DTW itself is its limit at 0")

    def __call__(self, x: Array, y: Array) -> Array:
        """Compute the distance [*lanes]."""

        def step(cells: Cells) -> Array:
            least = cells.least()
            terms = [jnp.exp((least - value) / self.gamma) for value in (cells.corner, cells.above, cells.beside)]
            cost = _differences(cells.x, cells.y, "squared")
            return cost + least - self.gamma * jnp.log(functools.reduce(jnp.add, terms))

        origin = _differences(x[:1], y[:1], "squared")[0]
        return wavefront(x, y, step, origin, max(len(x), len(y)))


@dataclasses.dataclass(frozen=True)
class LCSS(Metric):
    """1 − LCSS(x, y) / min(n, m): the share of the shorter series that has no match in a longest common subsequence.

    Points match when they differ by less than epsilon in every dimension and |i − j| ≤ window. Not a metric. Source:
    Vlachos, Kollios & Gunopulos 2002, "Discovering similar multidimensional trajectories" (its S1 and D1).

    Attributes:
      epsilon: ε > 0, in units of the series; the default is for series of unit variance.
      window: δ, as for DTW, but of matches only: it is not widened.
    """

    epsilon: float = 0.25
    window: int | float | None = None

    def __post_init__(self) -> None:
        checking.check_positive("epsilon", self.epsilon, "points match when they differ by less")
        checking.check_window(self.window)

    def __call__(self, x: Array, y: Array) -> Array:
        """Compute the distance [*lanes]."""
        n, m = len(x), len(y)
        reach = checking.in_points(self.window, n, m)

        def step(cells: Cells) -> Array:
            near = jnp.all(jnp.abs(cells.x - cells.y) < self.epsilon, axis=1)
            inside = (np.abs(cells.offsets) <= reach).reshape(-1, *[1] * (near.ndim - 1))
            common = (near & inside).astype(cells.corner.dtype)
            return cells._replace(corner=cells.corner - common).least()  # minus the common length

        width = max(reach, abs(n - m))  # matches within δ are joined by steps within δ, so no cell beyond it is needed
        least = wavefront(_bordered(x), _bordered(y), step, jnp.zeros_like(x[0, 0]), width)
        return (min(n, m) + least) / min(n, m)


@dataclasses.dataclass(frozen=True)
class EDR(Metric):
    """Edit distance on real sequences: how many points must be replaced, inserted or deleted; not a metric.

    D[i, 0] = i, D[0, j] = j, D[i, j] = min(D[i−1, j−1] + [no match], D[i−1, j] + 1, D[i, j−1] + 1); points match when
    they differ by at most epsilon in every dimension. The count is not divided by the length. Source: Chen, Özsu & Oria
    2005, "Robust and fast similarity search for moving object trajectories".

    Attributes:
      epsilon: ε > 0, in units of the series; the default is the paper's quarter of the standard deviation, for series
        of unit variance.
    """

    epsilon: float = 0.25

    def __post_init__(self) -> None:
        checking.check_positive("epsilon", self.epsilon, "points match when they differ by at most that")

    def __call__(self, x: Array, y: Array) -> Array:
        """Compute the distance [*lanes]."""

        def step(cells: Cells) -> Array:
            apart = jnp.any(jnp.abs(cells.x - cells.y) > self.epsilon, axis=1)
            return cells.edited(apart.astype(cells.corner.dtype), 1, 1)

        origin = jnp.zeros_like(x[0, 0])
        return wavefront(_bordered(x), _bordered(y), step, origin, max(len(x), len(y)))


@dataclasses.dataclass(frozen=True)
class ERP(Metric):
    """Edit distance with real penalty: an edit distance whose gaps cost the distance to a constant; a metric.

    D[i, j] = min(D[i−1, j−1] + |x_i − y_j|, D[i−1, j] + |x_i − g|, D[i, j−1] + |y_j − g|), L1 norms where d > 1.
    Source: Chen & Ng 2004, "On the marriage of Lp-norms and edit distance".

    Attributes:
      gap: g, the value that a gap stands for.
    """

    gap: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.gap):
            raise UserError(f"gap must be a finite number, but gap={self.gap!r} was given.")

    def __call__(self, x: Array, y: Array) -> Array:
        """Compute the distance [*lanes]."""

        def step(cells: Cells) -> Array:
            delete, insert = (jnp.sum(jnp.abs(value - self.gap), axis=1) for value in (cells.x, cells.y))
            return cells.edited(_differences(cells.x, cells.y, "absolute"), delete, insert)

        origin = jnp.zeros_like(x[0, 0])
        return wavefront(_bordered(x), _bordered(y), step, origin, max(len(x), len(y)))
