"""Decide whether the first row of a table holds the names of its columns."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnjax.data import dates, missing_cells, numerals

Row = Sequence[str]
STEPS = 4  # numbers that rise in equal steps
RARE = 1e-3
ENOUGH = 20  # rows from which on texts that recur say what others are
FEW = 5  # columns: from here on 0, 1, 2, ... are no accident
_CENSORED = re.compile(r"[<>~≤≥]\s*[-+]?\d[\d.,]*")


class Decision(NamedTuple):
    """Whether there is a header, why, and whether the row itself leaves it open."""

    header: bool
    reason: str
    open: bool = False


def decide(first: Row, body: Sequence[Row]) -> Decision:
    """Decide by the first row and some of those below it, all of one width."""
    kinds = [kind_of(cell) for cell in first]
    columns = list(zip(*body, strict=True)) if body else [()] * len(first)
    numeric = [is_numeric(column) for column in columns]
    texts = [i for i, kind in enumerate(kinds) if kind == "text"]
    numbers = [i for i, kind in enumerate(kinds) if kind in ("whole", "number")]
    if not body:
        return Decision(not numbers, "it is the only row")
    if not texts:
        return _of_numbers(first, kinds, columns, numeric)
    above = next((first[i].strip() for i in texts if numeric[i]), None)
    if "number" in kinds:
        names = _are_dates_above_numbers(first, kinds, columns) or _rise(first, numbers, columns)
        names = names or _have_letters_above_numbers(first, kinds, columns)
        if names:
            return Decision(True, names)
        beside = "" if above is None else f", but {above!r} stands above numbers"
        apart = not _recurring(first, texts, columns) and _far(first, numbers, columns)
        beside = ", but lies far from all others" if apart and above is None else beside
        unclear = above is not None or apart
        return Decision(False, f"its first row has numbers with fractions, or dates{beside}", open=unclear)
    if above is not None:
        return Decision(True, f"{above!r} stands above numbers")
    recurring = _recurring(first, texts, columns)
    if numbers and (names := _rise(first, numbers, columns)):
        return Decision(True, names)
    if numbers:
        if not recurring and _are_names(first, numbers, columns):
            return Decision(True, "its numbers count the columns or are years")
        unlike = [] if recurring else [first[i].strip() for i in texts if _recur(columns[i])]
        if len(unlike) > 1:
            return Decision(True, f"{unlike[0]!r} and {unlike[1]!r} stand above texts that all recur, and do not")
        beside = f", but {unlike[0]!r} stands above texts that all recur, and does not" if unlike else ""
        return Decision(False, f"its first row has numbers as the others have{beside}", open=bool(unlike))
    if not recurring:
        return Decision(True, "its first row differs from all others")
    few = 2 * len(recurring) < len(texts)
    others = ", but other cells of that row do not" if few else ""
    return Decision(False, f"{first[recurring[0]].strip()!r} of its first row recurs below{others}", open=few)


def _of_numbers(first: Row, kinds: Sequence[str], columns: Sequence[Row], numeric: Sequence[bool]) -> Decision:
    """Decide for a first row without texts: numbers, and perhaps missing cells."""
    index = kinds[0] == "missing" and not first[0].strip() and (counts_rows(columns[0]) or _are_texts(columns[0]))
    begin = int(index)
    names = _are_dates_above_numbers(first, kinds, columns) or _rise(first, range(begin, len(first)), columns)
    names = names or _have_letters_above_numbers(first, kinds, columns)
    if names:
        return Decision(True, names)
    if "number" in kinds or any(kind != "whole" for kind in kinds[begin:]):
        return Decision(False, "its first row is as the others")
    if not any(numeric):
        return Decision(True, "its first row has numbers, and the others have texts")
    if _are_names(first, range(begin, len(first)), columns):
        return Decision(True, "its numbers count the columns or are years")
    return Decision(False, "its first row is as the others")


def _are_names(first: Row, places: Sequence[int], columns: Sequence[Row]) -> bool:
    """Whether whole numbers of the first row are names: 0, 1, 2, ... or years, other than what stands below them."""
    values = [int(first[i]) for i in places]
    counted = values == list(range(values[0], values[0] + len(values))) and values[0] in (0, 1)
    years = all(1800 <= value <= 2100 for value in values) and len(set(values)) == len(values)
    if not counted and not years:
        return False
    below = [[cell.strip() for cell in columns[i]] for i in places]
    if years:
        return not any(cell.isdecimal() and 1800 <= int(cell) <= 2100 for column in below for cell in column)
    fractions = [any(kind_of(cell) == "number" for cell in column) for column in below]
    enough = len(values) >= FEW or all(fractions) or (len(values) > 2 and any(fractions))
    return enough or _is_no_row(values, below)


def _is_no_row(values: Sequence[int], below: Sequence[Row]) -> bool:
    """Whether a row of these whole numbers would be a rare accident: few below are equal, and none continues them."""
    chance = 1.0
    for value, cells in zip(values, map(_floats, below), strict=True):
        steps = np.diff([value, *cells])
        if (steps >= 0).all() or (steps <= 0).all():
            return False
        chance *= ((cells == value).sum() + 1) / (len(cells) + 1)
    return chance < RARE


def _are_dates_above_numbers(first: Row, kinds: Sequence[str], columns: Sequence[Row]) -> str:
    """Say so where dates of the first row are names: they stand above numbers only."""
    dated = [i for i, kind in enumerate(kinds) if kind == "number" and _is_date(first[i])]
    below = [cell for i in dated for cell in columns[i] if kind_of(cell) != "missing"]
    names = below and all(numerals.is_number(cell) for cell in below)
    return f"its {first[dated[0]].strip()!r} stands above numbers" if names else ""


def _have_letters_above_numbers(first: Row, kinds: Sequence[str], columns: Sequence[Row]) -> str:
    """Say so where cells such as 2020Q1 or 24h are names: each stands above plain numbers only, beside other names."""
    places = [i for i, kind in enumerate(kinds) if kind == "number"]
    if len(places) + kinds.count("text") < 2 or not all(_has_letters(first[i]) for i in places):
        return ""
    below = [cell for i in places for cell in columns[i] if kind_of(cell) != "missing"]
    return f"{first[places[0]].strip()!r} stands above numbers" if all(map(numerals.is_number, below)) else ""


def _has_letters(text: str) -> bool:
    """Whether a text is digits with letters behind them: 2020Q1, 24h, but not 5%."""
    return re.fullmatch(r"\d+[^\W\d_]\w*", text.strip()) is not None and not numerals.is_number(text)


def _rise(first: Row, places: Sequence[int], columns: Sequence[Row]) -> str:
    """Say so where numbers of the first row are names, such as wavelengths: at least four in equal steps, far from all
    below them."""
    values = _floats([first[i] for i in places])
    if len(values) < STEPS or not _far(first, places, columns):
        return ""
    steps = np.diff(values)
    if steps[0] == 0 or not np.allclose(steps, steps[0], rtol=1e-6, atol=0):
        return ""
    return f"its numbers rise in equal steps ({first[places[0]].strip()}, {first[places[1]].strip()}, …)"


def _far(first: Row, places: Sequence[int], columns: Sequence[Row]) -> bool:
    """Whether each number of the first row is farther from all below it than these are from each other."""
    for value, cells in zip(_floats([first[i] for i in places]), [columns[i] for i in places], strict=True):
        below = _floats(cells)
        below = below[np.isfinite(below)]
        if not np.isfinite(value) or len(below) < STEPS or np.abs(below - value).min() <= np.ptp(below):
            return False
    return bool(places)


def _recurring(first: Row, texts: Sequence[int], columns: Sequence[Row]) -> list[int]:
    """Find the texts of the first row that occur below themselves."""
    return [i for i in texts if first[i].strip() in {cell.strip() for cell in columns[i]}]


def _recur(cells: Row) -> bool:
    """Whether each of the texts below occurs several times, so that a single one is no accident."""
    counts = Counter(cell.strip() for cell in cells)
    return len(cells) >= ENOUGH and len(counts) <= len(cells) // 4 and min(counts.values()) > 1


def _floats(cells: Row) -> np.ndarray:
    """Convert plain numbers [n] to float64, NaN for other cells."""
    found = [cell if numerals.PLAIN.fullmatch(cell := numerals.normalize(text)) else "nan" for text in cells]
    return np.array(found, np.float64)


def _is_date(text: str) -> bool:
    """Whether a text is a date or a time of day."""
    text = numerals.normalize(text)
    found = dates.infer({text: 1}) is not None or dates.infer_time_unit({text: 1}) is not None
    return found and not numerals.is_number(text)


def counts_rows(cells: Row) -> bool:
    """Whether cells count the rows from 0 or 1: an index that was saved along."""
    return any(all(cell.strip() == str(i) for i, cell in enumerate(cells, begin)) for begin in (0, 1))


def _are_texts(cells: Row) -> bool:
    """Whether all cells are texts: the names of rows that were saved along."""
    return bool(cells) and all(kind_of(cell) == "text" for cell in cells)


def is_numeric(cells: Row) -> bool:
    """Whether most cells that are not missing are numbers."""
    kinds = [kind_of(cell) for cell in cells]
    there = [kind for kind in kinds if kind != "missing"]
    return 2 * sum(kind != "text" for kind in there) > len(there)


def kind_of(cell: str) -> str:
    """Say whether a cell is "missing", "whole", another "number" (or a date, or a bound such as <5), or a "text"."""
    if numerals.PLAIN.fullmatch(cell):  # most cells of a wide table
        return "whole" if cell.isdecimal() and cell.isascii() else "number"
    text = numerals.normalize(cell)
    if missing_cells.is_missing(text, None):
        return "missing"
    if text.isdecimal() and text.isascii():
        return "whole"
    if numerals.is_number(text) or _CENSORED.fullmatch(text):
        return "number"
    if not any(char.isdigit() for char in text):
        return "text"
    found = numerals.infer({text: 1})
    if found.rule is not None and not found.stray and not _is_name_with_unit(text):
        return "number"
    return "number" if dates.infer({text: 1}) or dates.infer_time_unit({text: 1}) else "text"


def _is_name_with_unit(text: str) -> bool:
    """Whether a text such as 1st or 2nd begins with a digit as names do: digits and letters without a blank."""
    return re.fullmatch(r"\d+(st|nd|rd|th)\w*", text) is not None
