"""Read text tables (CSV): encoding, separator and header are detected; cells stay texts."""

import codecs
import csv
import dataclasses
import io
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.data import header

SEPARATORS = ("\t", ";", "|", ",")
LOOKED_AT = 1000  # rows by which separator and header are decided
SAME_TEXTS = 100_000  # distinct texts that are kept once
_BOMS = {  # in the order in which they are looked for
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table as it lies in its source.

    Attributes:
      columns: by name, in their order: texts [n] (arrays of objects) or columns of a DataFrame.
      path: its file, for messages.
      where: where a row is ("line 7", counted from 1).
      header: whether the names stood in it; else they are column0, column1, ...
      said: what was guessed, a sentence each.
    """

    columns: Mapping[str, Any]
    path: Path
    where: Callable[[int], str]
    header: bool = True
    said: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self.columns.values())))


class Options(NamedTuple):
    """How to read: header "auto", "yes" or "no"; the encoding by name, None to detect it."""

    header: str = "auto"
    encoding: str | None = None


def read(data: bytes, path: Path, options: Options = Options()) -> Table:
    """Read the table in a text file.

    The separator is a comma, a semicolon, a tab or a bar. A first column without a name that counts the rows (an index
    that was saved along) is left out, and so are lines that begin with # and a first line such as sep=;.

    Raises:
      UserError: not text, empty, or rows of different lengths.
    """
    text, comments = _without_comments(decode(data, path, options.encoding))
    text, separator = _separator(text)
    if separator == " ":
        text, separator = _tabbed(text), "\t"
    rows, lines = _rows(text, separator, path)
    if not rows:
        raise UserError(f"{path} is empty.")
    named = _commented_names(comments, separator, rows, options)
    if named:
        rows, lines = [named, *rows], [0, *lines]
        options = options._replace(header="yes")
    return make_table(rows, path, lambda row: f"line {lines[row]}", options)


def make_table(rows: Sequence[Sequence[str]], path: Path, where: Callable[[int], str], options: Options) -> Table:
    """Make a table of rows of texts, the first of which may be a header; `where` says where one of them is.

    Raises:
      UserError: there are no rows, it is open whether there is a header, or names are not distinct.
    """
    found = _decide(rows, path, options.header)
    if found.header and len(rows) == 1:
        raise UserError(f"{path} has a header but no rows.")
    width = len(rows[0])
    names = _column_names(rows[0], path) if found.header else [f"column{i}" for i in range(width)]
    begin = int(found.header)
    body = rows[begin:]
    columns = {name: np.array(cells, dtype=object) for name, cells in zip(names, zip(*body, strict=True), strict=True)}
    for name, cell in zip(names, rows[0], strict=True):
        if not cell.strip() and not any(map(str.strip, columns[name])) and len(columns) > 1:
            del columns[name]  # of a separator at the end of every line
    if (
        found.header
        and not rows[0][0].strip()
        and names[0] in columns
        and len(columns) > 1
        and header.counts_rows(list(columns[names[0]]))
    ):
        del columns[names[0]]
    said = (
        f"{path} is read {'with' if found.header else 'without'} a header: {found.reason} (data.header=yes or no).",
    )
    return Table(columns, path, lambda row: where(row + begin), found.header, said)


def _decide(rows: Sequence[Sequence[str]], path: Path, asked: str) -> header.Decision:
    if asked not in ("auto", "yes", "no"):
        raise UserError(f"data.header is {asked!r}, but auto, yes or no was expected.")
    if asked != "auto":
        return header.Decision(asked == "yes", "as asked for")
    found = header.decide(rows[0], rows[1 : LOOKED_AT + 1])
    if found.open:
        raise UserError(
            f"{path} may have a header or not ({found.reason}, but other cells of that row do not): say it with "
            "data.header=yes or data.header=no."
        )
    return found


def decode(data: bytes, path: Path, encoding: str | None) -> str:
    """Decode a text by its byte order mark, or else as UTF-8 or as asked for.

    Raises:
      UserError: it is not so encoded, no text, or empty.
    """
    by_mark = next((name for mark, name in _BOMS.items() if data.startswith(mark)), None)
    name = by_mark or encoding or "utf-8"
    try:
        text = data.decode(name)
    except LookupError:
        raise UserError(
            f"data.encoding is {name!r}, which Python does not know: try utf-8, latin-1 or cp1252."
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not {'UTF-8' if name == 'utf-8' else name} text (byte {error.start}): name its encoding, such "
            "as data.encoding=latin-1 or cp1252, or save the table as CSV in UTF-8."
        ) from None
    if "\0" in text:
        raise UserError(f"{path} is not a text table (it has zero bytes): save the table as CSV in UTF-8.")
    if not text.strip():
        raise UserError(f"{path} is empty.")
    return text if "\n" in text else text.replace("\r", "\n")


def _without_comments(text: str) -> tuple[str, list[str]]:
    """Blank the lines that begin with # (inside quotation marks only the first ones), and return them."""
    if not text.lstrip().startswith("#") and "\n#" not in text:
        return text, []
    lines, leading = text.splitlines(keepends=True), True
    comments = []
    for i, line in enumerate(lines):
        if line.startswith("#") and (leading or '"' not in text):
            comments += [line[1:].strip()] if leading else []
            lines[i] = "\n"
        leading = leading and (line.startswith("#") or not line.strip())
    return "".join(lines), comments


def _commented_names(
    comments: Sequence[str], separator: str, rows: Sequence[Sequence[str]], options: Options
) -> list[str] | None:
    """Find names in the last comment above the table, where the table has no header of its own."""
    if not comments or options.header != "auto":
        return None
    names = next(csv.reader([comments[-1]], delimiter=separator), [])
    if len(names) != len(rows[0]) or header.decide(rows[0], rows[1 : LOOKED_AT + 1]).header:
        return None
    return names if header.decide(names, rows[:LOOKED_AT]).header else None


def _separator(text: str) -> tuple[str, str]:
    """Detect the separator, or read it from a first line such as sep=;, which is blanked."""
    first = next(line for line in io.StringIO(text) if line.strip())
    told = _SEPARATOR_LINE.fullmatch(first.strip())
    if told or first.strip().lower() == "sep=":
        return text.replace(first, "\n", 1), told[1] if told else "\t"
    for separator in SEPARATORS:
        with_it = itertools.islice(_records(text, separator), 100)
        try:
            widths = {len(row) for _, row in with_it}
        except csv.Error:
            continue
        if len(widths) == 1 and widths != {1}:
            return text, separator
    if not any(mark in text for mark in SEPARATORS) and " " in first.strip():
        return text, " "
    return text, max((",", *SEPARATORS), key=first.count)


def _tabbed(text: str) -> str:
    """Write blanks between cells as tabs, but for those inside quotation marks."""
    blanks = re.compile(r'("[^"]*")|[ ]+')
    lines = (blanks.sub(lambda match: match[1] or "\t", line.strip()) for line in text.splitlines())
    return "\n".join(lines) + "\n"


def _rows(text: str, separator: str, path: Path) -> tuple[list[list[str]], list[int]]:
    """Read all rows that are not empty, with the line on which each ends."""
    rows: list[list[str]] = []
    lines: list[int] = []
    same: dict[str, str] = {}
    try:
        for line, row in _records(text, separator):
            if rows and len(row) != len(rows[0]):
                _refuse_ragged(rows, lines, row, line, path)
            keep = same.setdefault if len(same) < SAME_TEXTS else same.get
            rows.append(list(map(keep, row, row)))
            lines.append(line)
    except csv.Error as error:
        raise UserError(
            f"{path} is not a text table ({error}, near line {lines[-1] + 1 if lines else 1}): look at the quotation "
            "marks there, or save the table as CSV in UTF-8."
        ) from None
    return rows, lines


def _refuse_ragged(
    rows: Sequence[Sequence[str]], lines: Sequence[int], row: Sequence[str], line: int, path: Path
) -> None:
    cells = f"{len(row)} cell{'s' * (len(row) > 1)}"
    if len(rows) == 1:
        raise UserError(
            f"{path} has {len(rows[0])} cell{'s' * (len(rows[0]) > 1)} in line {lines[0]} but {cells} in line {line}; "
            "both need the same number."
        )
    raise UserError(
        f"{path} is not a regular table: line {line} has {cells}, but {len(rows[0])} were expected as in line "
        f"{lines[0]}; put cells that hold the separator in quotation marks."
    )


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Read the rows that are not empty, each with the line, counted from 1, on which it ends."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True, strict=True)
    return ((reader.line_num, row) for row in reader if row and (len(row) > 1 or row[0].strip()))


def _column_names(cells: Sequence[str], path: Path) -> list[str]:
    names = [cell.strip() or f"column{i}" for i, cell in enumerate(cells)]
    double = [name for i, name in enumerate(names) if name in names[:i]]
    if double:
        raise UserError(f"{path} has two columns called {double[0]!r}: rename one of them.")
    return names
