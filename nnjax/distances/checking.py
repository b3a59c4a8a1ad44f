"""Check examples and options of the distances; each failure is one sentence."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.numeric import as_numbers

COSTS = ("absolute", "squared")
LARGEST = 1e15  # sums of squares stay far below what float32 holds, and below `engine.UNREACHED`


def check_positive(name: str, value: float, why: str) -> None:
    """Refuse a number that is not above 0, or not finite."""
    if not 0 < value < math.inf:
        raise UserError(f"{name} must be a number above 0 ({why}), but {name}={value!r} was given.")


def check_cost(cost: str) -> None:
    """Refuse an unknown cost of aligned points."""
    if cost not in COSTS:
        raise UserError(f"The cost {cost!r} of aligned points is unknown: choose {' or '.join(COSTS)}.")


def check_window(window: int | float | None) -> None:
    """Refuse a band that is neither None, nor a number of points from 0 on, nor a share from 0 to 1."""
    if window is None or (isinstance(window, (int, np.integer)) and not isinstance(window, bool) and window >= 0):
        return
    if not isinstance(window, float) or not 0 <= window <= 1:
        raise UserError(
            f"window={window!r} is not a band: None, a whole number of points from 0 on, or a share from 0.0 to 1.0 of "
            "the longer series was expected."
        )


def in_points(window: int | float | None, n: int, m: int) -> int:
    """Convert a window to points, for series of n and m points; none is the whole longer series."""
    if window is None:
        return max(n, m)
    return int(window * max(n, m)) if isinstance(window, float) else int(window)


def widened(window: int | float | None, n: int, m: int) -> int:
    """Convert a window to points, wide enough to join the ends of series of n and m points: max(w, |n − m|)."""
    return max(in_points(window, n, m), abs(n - m))


class Group(NamedTuple):
    """Examples of one shape.

    Attributes:
      places: [g] their indices among all.
      values: [g, d] vectors or [g, t, d] series, float32 (float64 where JAX is set to it), finite.
    """

    places: np.ndarray
    values: np.ndarray


def vectors(x: Any, name: str) -> list[Group]:
    """Read vectors [n, d] as one group; UserError for other shapes, no rows, or what is no finite number."""
    values = as_numbers(x, name)
    if values.ndim != 2 or values.size == 0:
        raise UserError(
            f"{name} has the shape {values.shape}, but vectors [n, d] with at least one of each were expected."
        )
    return [Group(np.arange(len(values)), _finite(values, name))]


def series(x: Any, name: str) -> list[Group]:
    """Read series in groups of equal length: [n, t], [n, t, d], or a sequence of n series [t] or [t, d].

    Raises:
      UserError: no series, an empty one, unlike numbers of variables, or values that are not finite.
    """
    if isinstance(x, (list, tuple)) and len({np.shape(one) for one in x}) > 1:
        return _ragged(x, name)
    values = as_numbers(x, name)
    has = f"{name} has the shape {values.shape}"
    if values.ndim not in (2, 3):
        raise UserError(f"{has}, but series [n, t] or [n, t, d] were expected.")
    if values.size == 0:
        raise UserError(f"{has}: a series needs at least one point; leave empty ones out.")
    return [Group(np.arange(len(values)), _finite(values.reshape(*values.shape[:2], -1), name))]


def _ragged(x: Sequence[Any], name: str) -> list[Group]:
    """Check series of different lengths, and group those of one length."""
    each = [as_numbers(one, f"series {i} of {name}") for i, one in enumerate(x)]
    for i, one in enumerate(each):
        if one.ndim not in (1, 2) or one.size == 0:
            raise UserError(
                f"Series {i} of {name} has the shape {one.shape}, but [t] or [t, d] with t ≥ 1 was expected."
            )
    each = [_finite(one.reshape(len(one), -1), f"series {i} of {name}") for i, one in enumerate(each)]
    widths = sorted({one.shape[1] for one in each})
    if len(widths) > 1:
        raise UserError(f"The series of {name} have {widths} variables: the same number was expected of all.")
    lengths = np.array([len(one) for one in each])
    chosen = [np.flatnonzero(lengths == length) for length in np.unique(lengths)]
    return [Group(places, np.stack([each[i] for i in places])) for places in chosen]


def check_alike(x: Sequence[Group], y: Sequence[Group]) -> None:
    """Refuse two sets whose examples have different numbers of inputs or variables."""
    first, second = x[0].values.shape[-1], y[0].values.shape[-1]
    if first != second:
        raise UserError(f"x has {first} values a point and y has {second}: the same number was expected of both.")


def _finite(values: np.ndarray, name: str) -> np.ndarray:
    """Values in JAX's floating type."""
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise UserError(
            f"{name} holds {values[tuple(bad[0])]} at {bad[0].tolist()}: fill or leave out what is missing."
        )
    largest = float(np.max(values) if values.dtype.kind == "b" else np.abs(values).max())
    if largest > LARGEST:
        raise UserError(
            f"{name} holds numbers up to {largest:.3g}, but at most {LARGEST:g} can be squared: scale them."
        )
    return values.astype(jax.dtypes.canonicalize_dtype(float))
