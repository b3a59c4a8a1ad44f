"""Detect what separates the cells of a text table."""

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nnjax.core.errors import UserError

SEPARATORS = ("\t", ";", "|", ",")  # the first of those that divide equally well
LOOKED_AT = 100  # rows
_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_NUMBER = re.compile(r"[-+$€£(]*\d[\d.,'/: -]*[%€$£)]*")
_RUN = re.compile(r"[\d.] {2,}[-+.\d?]")  # blanks between numbers
_BLANKS = re.compile(r'("[^"]*")|[ \t]+')
_TORN = re.compile(r'[;|,\t]\s*"|"\s*[;|,\t]')


class _Fit(NamedTuple):
    """How well a separator divides: the number of columns, whether quotes are torn, or other separators left in cells
    that are no numbers, and the share of numbers among all cells."""

    separator: str
    width: int
    torn: bool
    mixed: bool
    numbers: float


def declared(text: str) -> tuple[str, str | None]:
    """Read the separator from a first line such as sep=;, which is blanked; None for no such line."""
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    match = _LINE.fullmatch(first.strip())
    if match or first.strip().lower() == "sep=":
        return text.replace(first, "\n", 1), match[1] if match else "\t"
    return text, None


def detect(text: str, path: Path) -> str:
    """Detect the separator by the first rows: a tab, semicolon, bar, comma or blank.

    Of several that give rows of one width, those are left out that tear quoted cells; then that one is taken which
    leaves no other in cells (but for decimal commas), or which leaves more numbers.

    Raises:
      UserError: two divide the rows equally well.
    """
    first = next(line for line in io.StringIO(text) if line.strip())
    fits = [fit for separator in SEPARATORS if (fit := _fit(text, separator)) is not None and not fit.torn]
    if fits:
        best = min(fits, key=lambda fit: (fit.mixed, -fit.numbers))
        rival = next((fit for fit in fits if fit[3:] == best[3:] and fit.width > best.width), None)
        if rival is not None and best.separator != "\t":
            raise UserError(
                f"{path} may be divided by {best.separator!r} into {best.width} columns, or by {rival.separator!r} "
                f"into {rival.width}: put a line sep={best.separator} or sep={rival.separator} above all others."
            )
        return " " if best.separator == "\t" and _are_aligned(text, best.width) else best.separator
    if not any(mark in text for mark in SEPARATORS) and " " in first.strip():
        return " "
    return max((",", *SEPARATORS), key=first.count)


def _fit(text: str, separator: str) -> _Fit | None:
    """Divide the first rows by a separator; None where it gives one column, or rows of several widths."""
    try:
        rows = list(itertools.islice((row for _, row in reader(text, separator) if has_cells(row)), LOOKED_AT))
    except csv.Error:
        return None
    width = len(rows[0])
    if width == 1 or any(len(row) != width for row in rows):
        return None
    cells = [cell.strip() for row in rows for cell in row]
    others = [mark for mark in SEPARATORS if mark != separator]
    divided = [cell for cell in cells if any(mark in cell for mark in others)]
    torn = any(cell.count('"') % 2 and _TORN.search(cell) for cell in divided)
    mixed = any(not _NUMBER.fullmatch(cell) for cell in divided)
    if not divided:
        return _Fit(separator, width, torn, mixed, 1.0)
    return _Fit(separator, width, torn, mixed, sum(_NUMBER.fullmatch(cell) is not None for cell in cells) / len(cells))


def _are_aligned(text: str, width: int) -> bool:
    """Whether numbers in rows with tabs are divided by runs of blanks too, into more columns than by tabs alone."""
    lines = [line for line in itertools.islice(io.StringIO(text), LOOKED_AT) if line.strip()]
    fit = _fit(tabbed("".join(lines)), "\t") if all(_RUN.search(line) for line in lines) else None
    return fit is not None and fit.width > width


def tabbed(text: str) -> str:
    """Write blanks between cells as tabs, but for those inside quotation marks."""
    lines = (_BLANKS.sub(lambda match: match[1] or "\t", line.strip()) for line in text.splitlines())
    return "\n".join(lines) + "\n"


def reader(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Read the rows, each with the line, counted from 1, on which it ends."""
    rows = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True, strict=True)
    return ((rows.line_num, row) for row in rows)


def has_cells(row: Sequence[str]) -> bool:
    """Whether a row is not an empty line."""
    return len(row) > 1 or bool(row and row[0].strip())
