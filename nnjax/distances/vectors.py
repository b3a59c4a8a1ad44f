"""Distances of vectors: frozen dataclasses, called with x [d, *lanes] and y [d, *lanes], giving [*lanes]."""

import dataclasses
import math
from collections.abc import Collection, Hashable
from typing import ClassVar

import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.distances.metric_record import Metric


@dataclasses.dataclass(frozen=True)
class Minkowski(Metric):
    """d_p(x, y) = (Σ |x − y|^p)^(1/p); for p = ∞ the largest |x − y|.

    A metric for p ≥ 1. For p < 1 the triangle inequality fails: d_½ from (0, 0) to (1, 1) is 4, over (1, 0) only 2.

    Attributes:
      p: p > 0, `math.inf` included.
    """

    p: float = 2.0
    of_series: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.p > 0:
            raise UserError(f"A Minkowski distance needs p > 0 (∞ is allowed), but p={self.p!r} was given.")

    def __call__(self, x: Array, y: Array) -> Array:
        """Compute the distance [*lanes]."""
        apart = jnp.abs(x - y)
        if self.p == 1:
            return jnp.sum(apart, axis=0)
        if self.p == 2:
            return jnp.sqrt(jnp.sum(apart * apart, axis=0))
        largest = jnp.max(apart, axis=0, keepdims=True)
        if math.isinf(self.p):
            return largest[0]
        scale = jnp.where(largest > 0, largest, 1)  # keeps large powers from overflow, and small ones from 0
        return scale[0] * jnp.sum((apart / scale) ** self.p, axis=0) ** (1 / self.p)


@dataclasses.dataclass(frozen=True)
class Jaccard(Metric):
    """1 − |A ∩ B| / |A ∪ B| of vectors of 0 and 1 (what is not 0 is in the set); of two empty sets 0. A metric."""

    of_series: ClassVar[bool] = False

    def __call__(self, x: Array, y: Array) -> Array:
        """Compute the distance [*lanes]."""
        a, b = x != 0, y != 0
        union, common = jnp.sum(a | b, axis=0), jnp.sum(a & b, axis=0)
        return ((union - common) / jnp.maximum(union, 1)).astype(x.dtype)


def jaccard_of_sets(a: Collection[Hashable], b: Collection[Hashable]) -> float:
    """1 − |A ∩ B| / |A ∪ B| of two sets of anything; of two empty sets 0, as of any two equal ones."""
    first, second = set(a), set(b)
    union = first | second
    return 1 - len(first & second) / len(union) if union else 0.0
