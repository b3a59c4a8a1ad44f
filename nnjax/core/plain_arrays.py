"""Give arrays of Python objects, as pandas and lists make them, the plain type of what they hold."""

from __future__ import annotations

import decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.text import represent

if TYPE_CHECKING:
    from jaxtyping import Shaped

NUMBERS = (int, float, np.integer, np.floating, decimal.Decimal)
TRUTH = (bool, np.bool_)


def as_plain(
    array: Shaped[np.ndarray, "..."], what: str, words: str = "numbers", columns: Any = None
) -> Shaped[np.ndarray, "..."]:
    """Convert an array of objects to texts, truth values, whole numbers or floats (NaN for missing numbers).

    Args:
      array: it.
      what: its name in messages.
      words: for what is accepted.
      columns: the names of its columns, where it was a DataFrame.

    Raises:
      UserError: texts with missing ones among them, or things of several kinds.
    """
    missing = np.asarray(np.frompyfunc(_is_missing, 1, 1)(array)).astype(bool)  # a single thing gives no array
    there = list(array[~missing])
    if there and all(isinstance(value, str) for value in there):
        if missing.any():
            first = f"the first in example {np.argwhere(missing)[0][0]} (counted from 0)"
            raise UserError(f"{what} has {missing.sum()} missing values among texts, {first}: remove or name them.")
        return array.astype(str)
    if there and len(there) == array.size and all(isinstance(value, TRUTH) for value in there):
        return array.astype(bool)
    numbers = [isinstance(value, NUMBERS) and not isinstance(value, TRUTH) for value in there]
    if not all(numbers):
        _refuse(array, tuple(np.argwhere(~missing)[numbers.index(False)]), what, words, columns)
    whole = len(there) == array.size and all(isinstance(value, int | np.integer) for value in there)
    if whole and all(-(2**63) <= value < 2**63 for value in there):
        return array.astype(np.int64)
    return np.where(missing, np.nan, array).astype(np.float64)


def _refuse(array: Shaped[np.ndarray, "..."], place: tuple[int, ...], what: str, words: str, columns: Any) -> None:
    where, advice = f"example {place[0]} (counted from 0)" if place else "it", "."
    if columns is not None:
        where = f"column {str(columns[place[-1]])!r} of {where}"
        advice = "; a table with texts goes in as it is, data=frame, target=…."
    found = f"{represent(array[place])} (of the type {type(array[place]).__name__})"
    raise UserError(f"{what} has {found} in {where}, but {words} were expected{advice}")


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and value != value)
