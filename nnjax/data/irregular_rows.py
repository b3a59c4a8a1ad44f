"""Rows of text tables that are unlike the others: empty ones, titles above the table, names in several rows."""

import csv
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nnjax.core.errors import UserError
from nnjax.data import header, separators

LOOKED_AT = 200  # rows
MOST_ABOVE = 50  # lines above a table
FEWEST = 3  # rows of one width that are a table
MOST_NAMES = 4  # rows of names


def without_empty(
    columns: Sequence[np.ndarray], lines: Sequence[int], path: Path
) -> tuple[list[np.ndarray], Sequence[int], tuple[str, ...]]:
    """Leave out the rows whose cells are all empty, and say so; a single column keeps its missing cells.

    Args:
      columns: texts [rows] each.
      lines: on which line each row is.
      path: for messages.

    Returns:
      Columns and lines that are left, and what is to say.
    """
    empty = np.array([not cell.strip() for cell in columns[0]], bool)
    for column in columns[1:]:
        if not empty.any():
            break
        empty[empty] = [not cell.strip() for cell in column[empty]]
    if len(columns) == 1 or not empty.any():
        return list(columns), lines, ()
    rows, keep = np.flatnonzero(empty), np.flatnonzero(~empty)
    what = "1 row has" if len(rows) == 1 else f"{len(rows)} rows have"
    said = f"{path}: {what} only empty cells, the first in line {lines[int(rows[0])]}: left out."
    return [column[keep] for column in columns], [lines[int(row)] for row in keep], (said,)


def error(text: str, first: Sequence[str], begin: int, row: Sequence[str], line: int, path: Path) -> UserError:
    """Say what is wrong with a row of another width than the first one's, and what to do.

    Args:
      text: the table.
      first, begin: the first row and its line.
      row, line: the other one and its line.
      path: for messages.
    """
    found, expected = _count(row), _count(first)
    names_of_rows = len(row) == len(first) + 1 > 2 and _have_numbers(row) and not _have_numbers(first)
    if names_of_rows and line == begin + 1:
        return UserError(
            f"{path} has {expected} in line {begin} but {found} in line {line}; both need the same number: name the "
            "column of the rows' names too, or leave them out (in R write.csv(…, row.names = FALSE))."
        )
    above = _title(text)
    if above is not None:
        last, width = above
        lines = f"line {begin}" if last == begin else f"lines {begin} to {last}"
        return UserError(
            f"{path} has rows of {width} cells, but {', '.join(first)[:60]!r} in line {begin}: remove what stands "
            f"above the table ({lines})."
        )
    if line == begin + 1:
        return UserError(
            f"{path} has {expected} in line {begin} but {found} in line {line}; both need the same number."
        )
    remedy = "put cells that hold the separator in quotation marks"
    if row[0].startswith("#"):
        remedy = "a line that begins with # is a comment above the table only: remove it, or complete its cells"
    elif len(row) < len(first):
        remedy = "complete its cells, or remove that line if it is a remark"
    return UserError(
        f"{path} is not a regular table: line {line} has {found}, but {len(first)} were expected as in line {begin}; "
        f"{remedy}."
    )


def _count(row: Sequence[str]) -> str:
    return f"{len(row)} cell{'s' * (len(row) > 1)}"


def _have_numbers(row: Sequence[str]) -> bool:
    return any(header.kind_of(cell) in ("whole", "number") for cell in row)


def _title(text: str) -> tuple[int, int] | None:
    """Find lines above a table: the last of them, and the table's width; None where there are none."""
    found: list[tuple[int, int, int]] = []
    for separator in separators.SEPARATORS:
        try:
            there = (pair for pair in separators.reader(text, separator) if separators.has_cells(pair[1]))
            rows = list(itertools.islice(there, LOOKED_AT))
        except csv.Error:
            continue
        width = len(rows[-1][1])
        begin = 1 + max((i for i, (_, row) in enumerate(rows) if len(row) != width), default=-1)
        if width == 1 or not 1 <= begin <= MOST_ABOVE or len(rows) - begin < FEWEST or len(rows[0][1]) == width:
            continue
        if begin > 1 or len(rows[0][1]) == 1 or not _have_numbers(rows[begin][1]):
            found.append((len(rows) - begin, width, rows[begin - 1][0]))
    if not found:
        return None
    _, width, line = max(found)
    return line, width


def refuse_names_in_several_rows(columns: Sequence[np.ndarray], path: Path, where: Callable[[int], str]) -> None:
    """Refuse texts [rows] below a header that stand above numbers and never recur: further names, or units."""
    parts = [column[1 : LOOKED_AT + 1] for column in columns]
    last = 0
    while last < MOST_NAMES and _are_names([part[last:] for part in parts], further=last > 0):
        last += 1
    if last:
        second, more = ", ".join(str(part[0]) for part in parts), f" to {where(last)}" if last > 1 else ""
        raise UserError(
            f"{path} seems to have names, or units, in {where(1)}{more} too ({second[:60]!r}): keep one row of names."
        )


def _are_names(parts: Sequence[np.ndarray], further: bool) -> bool:
    """Whether the first cells of columns [rows] are texts above numbers; further ones may be missing but for one."""
    if len(parts[0]) <= FEWEST:
        return False
    kinds = [header.kind_of(part[0]) for part in parts]
    numeric = [kind for kind, part in zip(kinds, parts, strict=True) if header.is_numeric(list(part[1:]))]
    texts = numeric.count("text")
    if set(kinds) - {"text", "missing"} or texts < (1 if further else max(2, len(numeric) / 2)):
        return False
    return not any(kind == "text" and part[0] in part[1:] for kind, part in zip(kinds, parts, strict=True))
