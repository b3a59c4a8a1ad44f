"""The axes of a search space: intervals of numbers and typed lists of values, and designs that draw points."""

import dataclasses
import math
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

import numpy as np

from nnjax.core.coercion import coerce, coerce_own_fields
from nnjax.core.errors import UserError
from nnjax.core.fields import type_of
from nnjax.core.text import represent


@dataclasses.dataclass(frozen=True)
class Range:
    """An interval of numbers.

    Attributes:
      low, high: its ends, low < high; both included.
      num: how many evenly spaced points a grid takes; drawn settings lie anywhere in the interval.
      log: evenly spaced, and uniform, in the logarithm.
    """

    low: float
    high: float
    num: int = 8
    log: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible ends and numbers of points."""
        coerce_own_fields(self)
        if not math.isfinite(self.high - self.low):
            raise UserError(f"The range {self.low:g} to {self.high:g} is not finite; two numbers were expected.")
        if not self.low < self.high:
            raise UserError(f"The range {self.low:g} to {self.high:g} is empty; the smaller end comes first.")
        if self.log and self.low <= 0:
            raise UserError(f"A logarithmic range cannot begin at {self.low:g}; begin it above 0.")
        if self.num < 1:
            raise UserError(f"The range {self.low:g} to {self.high:g} has {self.num} points; give it at least 1.")

    def points(self) -> list[float]:
        """Space `num` points evenly."""
        space = np.geomspace if self.log else np.linspace
        return [float(point) for point in space(self.low, self.high, self.num)]

    def __len__(self) -> int:
        """Count the points of a grid."""
        return self.num

    def at(self, u: float) -> float:
        """The number at a share u in [0, 1) of the interval."""
        if self.log:
            return float(np.exp(np.log(self.low) + u * (np.log(self.high) - np.log(self.low))))
        return float(self.low + u * (self.high - self.low))


Axis: TypeAlias = Sequence[Any] | Range  # the values of a field, listed or as an interval


def typed(path: str, values: Axis) -> Axis:
    """Coerce the listed values of an axis to its field's type; a range stays one. UserError if that fails."""
    if isinstance(values, Range):
        return values
    if isinstance(values, str | bytes | Mapping | set | frozenset) or not isinstance(values, Iterable):
        _refuse(path, values)
    try:
        coerced = [coerce(value, type_of(path), path) for value in values]
    except TypeError:  # an array without axes
        _refuse(path, values)
    if not coerced:
        raise UserError(f"The axis {path} of the search space is empty; give it at least one value.")
    return coerced


def _refuse(path: str, values: Any) -> NoReturn:
    found = represent(values)
    raise UserError(f"The axis {path} of the search space is {found}, but a list of values was expected.") from None


def number(path: str, value: float) -> Any:
    """Coerce a number of a range to its field's type, rounded for a field of whole numbers."""
    return coerce(round(value) if is_whole(path) else value, type_of(path), path)


def is_whole(path: str) -> bool:
    """Whether a field holds whole numbers."""
    hint = type_of(path)
    options = typing.get_args(hint) or (hint,)
    return int in options and float not in options


def random(num: int, dimensions: int, seed: int) -> np.ndarray:
    """Draw independent points, [num, dimensions] in [0, 1)."""
    return np.random.default_rng(seed).random((num, dimensions))


def sobol(num: int, dimensions: int, seed: int) -> np.ndarray:
    """Draw the first points of a scrambled Sobol sequence (Owen 1998), [num, dimensions] in [0, 1).

    Raises:
      UserError: more dimensions than SciPy has Sobol directions for.
    """
    from scipy.stats import qmc

    if dimensions > qmc.Sobol.MAXDIM:
        raise UserError(f"Mode sobol takes at most {qmc.Sobol.MAXDIM} axes, but there are {dimensions}; use random.")
    sequence = qmc.Sobol(dimensions, rng=np.random.default_rng(seed))
    return sequence.random_base2((num - 1).bit_length())[:num]


def halton(num: int, dimensions: int, seed: int) -> np.ndarray:
    """Draw the first points of a scrambled Halton sequence (Halton 1960), [num, dimensions] in [0, 1)."""
    from scipy.stats import qmc

    return qmc.Halton(dimensions, rng=np.random.default_rng(seed)).random(num)


DESIGNS = {"random": random, "sobol": sobol, "halton": halton}
