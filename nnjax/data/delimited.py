"""Parse text tables (CSV): separator and header are detected, values are parsed by pandas."""

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from nnjax.core.errors import UserError
from nnjax.data import files

SEPARATORS = ",;\t|"
_DECIMAL_COMMA = re.compile(r'(?:^|;)\s*"?[-+]?\d*,\d+"?\s*(?:;|$)', re.MULTILINE)  # a cell such as 1,5


class Table(NamedTuple):
    """A pandas DataFrame with what messages need: the file, and where in it a row is ("line 7", counted from 1)."""

    frame: Any
    path: Path
    where: Callable[[int], str]


def read(path: Path) -> Table:
    """Read the table in a text file.

    The separator is a comma, a semicolon (then numbers may have decimal commas), a tab or a bar; the first line is a
    header unless it looks like the others. A first column without a name that counts the rows (an index that was saved
    along) is left out.

    Raises:
      UserError: not text, empty, or rows of different lengths.
    """
    text = _text(path)
    separator = max(SEPARATORS, key=next(line for line in io.StringIO(text) if line.strip()).count)
    first = _first_rows(text, separator, path)
    header = has_header(first)
    if header and len(first) == 1:
        raise UserError(f"{path} has a header but no rows.")
    names = _column_names(first[0], path) if header else [f"column{i}" for i in range(len(first[0]))]
    decimal = "," if separator == ";" and _DECIMAL_COMMA.search(text) else "."
    frame = _parse(text, path, names, sep=separator, header=0 if header else None, decimal=decimal)
    unnamed = header and not first[0][0].strip()
    if unnamed and list(frame.iloc[:, 0]) in [list(range(begin, begin + len(frame))) for begin in (0, 1)]:
        frame = frame.iloc[:, 1:]
    return Table(
        frame, path, lambda row: f"line {next(itertools.islice(_records(text, separator), row + header, None))[0]}"
    )


def _parse(text: str, path: Path, names: list[str], **options: Any) -> Any:
    import pandas as pd

    try:
        return pd.read_csv(io.StringIO(text), names=names, skipinitialspace=True, low_memory=False, **options)
    except pd.errors.ParserError as error:
        reason = str(error).strip()
        raise UserError(f"{path} is not a regular table ({reason}): every row needs {len(names)} cells.") from None


def _first_rows(text: str, separator: str, path: Path) -> list[list[str]]:
    """Read the first two rows, or the only one."""
    try:
        records = list(itertools.islice(_records(text, separator), 2))
    except csv.Error as error:
        raise UserError(f"{path} is not a text table ({error}): save the table as CSV in UTF-8.") from None
    cells = [f"{len(row)} cells in line {line}" for line, row in records]
    if len({len(row) for _, row in records}) == 2:
        raise UserError(f"{path} has {' but '.join(cells)}; both need the same number.")
    return [row for _, row in records]


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row holds names: no cell is a number, or a text stands over a number beside whole numbers only.

    The second case is a table whose columns are called 0, 1, 2, ... but for the label.
    """
    numbers = [_is_number(cell) for cell in rows[0]]
    if not any(numbers):
        return True
    below = [_is_number(cell) for cell in rows[-1]]
    over_number = any(here and not above for above, here in zip(numbers, below, strict=True))
    return over_number and all(cell.strip().isdecimal() for cell in rows[0] if _is_number(cell))


def _text(path: Path) -> str:
    data = files.read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}): save the table as CSV in UTF-8.") from None
    if "\0" in text:
        raise UserError(f"{path} is not a text table (it has zero bytes): save the table as CSV in UTF-8.")
    if not text.strip():
        raise UserError(f"{path} is empty.")
    return text


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Read the rows that are not empty, each with the line, counted from 1, on which it ends."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    return ((reader.line_num, row) for row in reader if row)


def _column_names(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() or f"column{i}" for i, cell in enumerate(cells)]
    double = [name for i, name in enumerate(names) if name in names[:i]]
    if double:
        raise UserError(f"{path} has two columns called {double[0]!r}: rename one of them.")
    return names


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
