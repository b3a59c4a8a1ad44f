"""Recognize missing cells of a table, and report all of them in one message."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

AS_USUAL = "usual"  # among the texts of `na_values`: the usual ones too
USUAL = {
    *("", "?", "-", "--", ".", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "nil", "none", "nat"),
    *("unknown", "missing"),
}
POLICIES = ("error", "drop", "mean", "median", "most_frequent", "indicator")
MOST = 0.5  # share of missing cells beyond which a column is refused


class Gaps(NamedTuple):
    """The missing cells of a column: how many of how many, how they are spelt, and where the first one is."""

    column: str
    number: int
    of: int
    texts: tuple[str, ...]
    where: str

    def short(self) -> str:
        """Name the column, the count, and the texts that stand for missing cells."""
        texts = ", ".join(map(repr, filter(None, self.texts[:4])))
        return f"{self.column!r} {self.number} of {self.of}{f' ({texts})' if texts else ''}"

    def __str__(self) -> str:
        """Name the column, the count and the cells."""
        spelt = ", ".join(repr(text) if text else "empty" for text in self.texts[:4])
        first = "the first in " if self.number > 1 else "in "
        return f"{self.column!r} has {self.number} missing of {self.of} ({spelt}; {first}{self.where})"


def is_missing(text: str, na_values: Sequence[str] | None) -> bool:
    """Whether a cell is missing: empty, or spelt as the user says (None: as usual)."""
    text = text.strip()
    if _are_usual(na_values) and text.lower() in USUAL:
        return True
    return not text or (na_values is not None and (text in na_values or _equal_number(text, na_values)))


def _are_usual(na_values: Sequence[str] | None) -> bool:
    return na_values is None or AS_USUAL in na_values


def find(texts: Sequence[str], na_values: Sequence[str] | None) -> np.ndarray:
    """Find the missing ones of distinct texts [n]: bool [n]. A - beside a + is a category."""
    found = np.array([is_missing(text, na_values) for text in texts], bool)
    if _are_usual(na_values) and "+" in {text.strip() for text in texts}:
        found &= np.array([text.strip() != "-" for text in texts], bool)
    return found


def _equal_number(text: str, na_values: Sequence[str]) -> bool:
    number = _number(text)
    return any(number == _number(value) for value in na_values)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")  # which equals nothing
