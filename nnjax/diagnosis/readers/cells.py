"""Read numbers as people and programs write them: decimal commas, per cent signs, nan, null, tensor(0.5)."""

import math
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nnjax.diagnosis.columns import NOT_FINITE

ABSENT = {"", "null", "none", "na", "n/a", "<na>", "-", "--", "—", "–", "?", "nil", "missing", "no log"}
NAN, INFINITE = 1, 2  # how a number that is not finite was written
_WORDS = {
    "nan": NAN,
    "inf": INFINITE,
    "infinity": INFINITE,
    "#num!": NAN,
    "#div/0!": INFINITE,
    "1.#ind": NAN,
    "1.#qnan": NAN,
    "1.#inf": INFINITE,
}
_MANTISSA = "|".join(
    [
        r"\d{1,3}(?:['\u00a0\u202f_ ]\d{3})+(?:[.,]\d+)?",  # 1 234.5
        r"\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?",  # 1.234.567,8
        r"\d{1,3}(?:\.\d{3})+,\d+",  # 1.234,5
        r"\d{1,3}(?:,\d{3})+(?:\.\d+)?",  # 1,234.5
        r"\d+[.,]?\d*",
        r"[.,]\d+",
    ]
)
_NUMBER = rf"[+-]?(?:{_MANTISSA})(?:[eE][+-]?\d+)?"
_WRAPPED = re.compile(rf"\w[\w.]*\(\s*({_NUMBER}|[+-]?nan|[+-]?inf)\s*(?:,[^()]*)?\)")
_PLAIN = re.compile(_NUMBER)


class NoNumber(ValueError):
    """A cell holds text where a number was expected."""


def numbers(cells: Iterable[Any], comma_is_decimal: bool | None = None) -> np.ndarray:
    """Read the cells of a column, None where nothing was measured.

    A nan that finite numbers follow means that nothing was measured; one that stays, that the loss was not finite.

    Args:
      cells: texts or numbers.
      comma_is_decimal: None where the texts shall tell.

    Returns:
      [n], NaN where nothing was measured, `NOT_FINITE` where the loss was not finite.

    Raises:
      NoNumber: with the cell and its place as arguments.
    """
    cells = list(cells)
    decimal = comma_is_decimal if comma_is_decimal is not None else decimal_comma(cells)
    out, written = np.full(len(cells), np.nan), np.zeros(len(cells), int)
    for i, cell in enumerate(cells):
        value = _value(cell, decimal)
        if value is None:
            raise NoNumber(cell, i)
        out[i], written[i] = value
    return settled(out, written)


def settled(values: np.ndarray, written: np.ndarray) -> np.ndarray:
    """Replace what was written as nan or inf [n] by `NOT_FINITE`, or by NaN where it means: not measured."""
    out = np.where(written > 0, NOT_FINITE, values)
    finite = np.flatnonzero((written == 0) & ~np.isnan(values))
    nans = written == NAN
    if not len(finite) or not nans.any():
        return out
    gaps = np.diff(finite, prepend=-1)
    inner = np.arange(len(values)) < finite[-1]
    out[nans & inner] = np.nan
    if len(values) - 1 - finite[-1] < gaps.max() and nans[: finite[-1]].any():  # every fifth epoch, say
        out[nans] = np.nan
    return out


def is_number(cell: Any) -> bool:
    """Whether a cell is a number, nan among them; not an empty one."""
    found = _value(cell, False) if not isinstance(cell, str) or len(cell) < 64 else None
    return found is not None and (not math.isnan(found[0]) or found[1] > 0)


def is_absent(cell: Any) -> bool:
    """Whether a cell says that nothing was measured."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in ABSENT)


def decimal_comma(cells: Sequence[Any]) -> bool:
    """Whether the commas of a column's numbers are decimal signs rather than between thousands."""
    some = [cell.strip() for cell in cells if isinstance(cell, str) and "," in cell and _PLAIN.fullmatch(cell.strip())]
    if not some:
        return False
    both = [cell for cell in some if "." in cell]
    if both:
        return all(cell.rfind(",") > cell.rfind(".") for cell in both)
    if any("." in cell for cell in cells if isinstance(cell, str)):
        return False
    return not all(re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+", cell) for cell in some)


def _value(cell: Any, decimal: bool) -> tuple[float, int] | None:
    """Return a number and how it was written if it is not finite; None of what is no number."""
    if cell is None:
        return math.nan, 0
    if isinstance(cell, str):
        return _of_text(cell, decimal)
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, int | float | np.number):
        return None
    if isinstance(cell, int) and abs(cell) > sys.float_info.max:
        return 0.0, INFINITE
    return _of_float(float(cell))


def _of_float(value: float) -> tuple[float, int]:
    return (0.0, NAN) if math.isnan(value) else (0.0, INFINITE) if math.isinf(value) else (value, 0)


def _of_text(cell: str, decimal: bool) -> tuple[float, int] | None:
    """Read a text as a number with its kind; None where it is none."""
    text = cell.strip().strip("\"'").strip().removesuffix("%").strip()
    if (word := text.lower()) in ABSENT:
        return math.nan, 0
    if match := _WRAPPED.fullmatch(text):
        text, word = match[1], match[1].lower()
    if (kind := _WORDS.get(word.lstrip("+-"))) is not None:
        return 0.0, kind
    if not _PLAIN.fullmatch(text):
        return None
    text = re.sub(r"['\u00a0\u202f_ ]", "", text)
    text = text.replace(".", "").replace(",", ".") if decimal else text.replace(",", "")
    try:
        return _of_float(float(text))
    except ValueError:
        return None
