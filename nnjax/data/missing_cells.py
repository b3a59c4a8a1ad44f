"""Recognize missing cells of a table, and report all of them in one message."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

USUAL = {
    *("", "?", "-", "--", ".", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "nil", "none", "nat"),
    *("unknown", "missing"),
}
POLICIES = ("error", "drop", "mean", "median", "most_frequent", "indicator")
MOST = 0.5  # share of missing cells beyond which a column is refused
SHOWN = 8  # columns named one by one


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
    if na_values is None:
        return text.lower() in USUAL
    return not text or text in na_values or _equal_number(text, na_values)


def find(texts: Sequence[str], na_values: Sequence[str] | None) -> np.ndarray:
    """Find the missing ones of distinct texts [n]: bool [n]. A - beside a + is a category."""
    found = np.array([is_missing(text, na_values) for text in texts], bool)
    if na_values is None and "+" in {text.strip() for text in texts}:
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


def message(what: str, gaps: Sequence[Gaps]) -> str:
    """Say in one sentence what is missing in a table, and what to do."""
    listed = "; ".join(map(str, gaps[:SHOWN]))
    more = f"; and {len(gaps) - SHOWN} columns more" if len(gaps) > SHOWN else ""
    mostly = [gap for gap in gaps if gap.number > MOST * gap.of]
    drop = f" data.drop={','.join(gap.column for gap in mostly)} leaves out what is mostly missing," if mostly else ""
    return (
        f"{what} has missing values: {listed}{more}.{drop} data.missing=mean, median, most_frequent or indicator fills "
        "them in, data.missing=drop leaves out their rows, and data.na_values= says which texts are missing "
        "(none of those listed: data.na_values=none_of_these)."
    )
