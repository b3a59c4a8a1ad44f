"""Read text tables (CSV): encoding, separator and header are detected; cells stay texts."""

import csv
import dataclasses
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.data import encodings, header, irregular_rows, plain_delimited, separators, unsupported_files
from nnjax.data.table import Table

LOOKED_AT = 1000  # rows by which the header is decided
EXCEL_ERROR = re.compile(r"#(N/A|NA|DIV/0!|REF!|VALUE!|NAME\?|NUM!|NULL!)", re.IGNORECASE)
SAME_TEXTS = 100_000  # distinct texts that are kept once


class Options(NamedTuple):
    """How to read: header "auto", "yes" or "no"; the encoding by name, None to detect it; whether rows of empty cells
    stay, as new rows do, of which each is predicted."""

    header: str = "auto"
    encoding: str | None = None
    all_rows: bool = False


def read(data: bytes, path: Path, options: Options = Options()) -> Table:
    """Read the table in a text file.

    The separator is a comma, a semicolon, a tab or a bar. A first column without a name that counts the rows (an index
    that was saved along) is left out, and so are lines that begin with # above the table and a line such as sep=;. A #
    line with names is the header of a table that has no other.

    Raises:
      UserError: not text, empty, or rows of different lengths.
    """
    text = encodings.decode(data, path, options.encoding)
    unsupported_files.refuse_text(text, path)
    misread = encodings.misread(data, text, path, options.encoding)
    text, declared = separators.declared(text)
    text, comments = _comments(text)
    if declared is None:
        text, declared = separators.declared(text)
    separator = declared or separators.detect(text, path)
    if not comments and (columns := plain_delimited.read(text, separator)):
        cells, numbers, emptied = _filled(columns, range(1, len(columns[0]) + 1), path, options)
        table = make_table(cells, path, lambda row: f"line {numbers[row]}", options)
        return dataclasses.replace(table, said=(*table.said, *misread, *emptied), separator=separator)
    rows, lines, said = _rows(separators.tabbed(text), "\t", path) if separator == " " else _rows(text, separator, path)
    said += misread
    if not rows:
        raise UserError(f"{path} is empty.")
    own = header.decide(rows[0], rows[1 : LOOKED_AT + 1]).header
    above = _rows_above(comments, separator, len(rows[0]))
    names = None if own or not comments else _commented_names(comments[max(comments)], separator, rows)
    if names is None and (options.header == "no" or not own):
        whole = options.header != "yes" and not own
        first = [line for line in above if whole or EXCEL_ERROR.fullmatch(above[line][0].strip())]
        rows, lines = [*(above.pop(line) for line in first), *rows], [*first, *lines]
        comments = {line: comment for line, comment in comments.items() if line not in first}
    if names is not None and options.header != "no":
        rows, lines = [names, *rows], [max(comments), *lines]
        why = (
            f"{path} is read with a header: line {max(comments)}, which begins with #, has its names (data.header=no)."
        )
        cells, numbers, emptied = _filled(transpose(rows), lines, path, options)
        table = make_table(cells, path, lambda row: f"line {numbers[row]}", options._replace(header="yes"))
        return dataclasses.replace(
            table, said=(why, *said, *emptied, *_left_out(comments, path, 1)), separator=separator
        )
    cells, numbers, emptied = _filled(transpose(rows), lines, path, options)
    table = make_table(cells, path, lambda row: f"line {numbers[row]}", options)
    said = (*table.said, *said, *emptied, *_left_out(comments, path))
    return dataclasses.replace(table, said=said, separator=separator, commented=tuple(names or ()))


def _filled(
    columns: Sequence[np.ndarray], lines: Sequence[int], path: Path, options: Options
) -> tuple[Sequence[np.ndarray], Sequence[int], tuple[str, ...]]:
    return (columns, lines, ()) if options.all_rows else irregular_rows.without_empty(columns, lines, path)


def _left_out(comments: Mapping[int, str], path: Path, but: int = 0) -> tuple[str, ...]:
    """Say which lines above the table are left out; the last `but` of them are none."""
    left = list(comments)[: len(comments) - but]
    if not left:
        return ()
    lines = f"line {left[0]}, which begins" if len(left) == 1 else f"{len(left)} lines, which begin"
    return (f"{path}: {lines} with # above the table, left out as a comment: {comments[left[0]][:60]!r}.",)


def transpose(rows: Sequence[Sequence[str]]) -> list[np.ndarray]:
    """Convert rows of texts to columns: arrays of objects [rows]."""
    return [np.array(cells, dtype=object) for cells in zip(*rows, strict=True)]


def make_table(cells: Sequence[np.ndarray], path: Path, where: Callable[[int], str], options: Options) -> Table:
    """Make a table of columns of texts, whose first row may be a header; `where` says where a row is.

    Raises:
      UserError: there are no rows, it is open whether there is a header, or names are not distinct.
    """
    first, width = [str(column[0]) for column in cells], len(cells)
    found = _decide(
        first, list(zip(*(column[1 : LOOKED_AT + 1] for column in cells), strict=True)), path, options.header
    )
    begin = int(found.header)
    if found.header and len(cells[0]) == 1:
        raise UserError(f"{path} has a header but no rows.")
    if found.header:
        irregular_rows.refuse_names_in_several_rows(cells, path, where)
    names = _column_names(first, path) if found.header else [f"column{i}" for i in range(width)]
    columns = {name: column[begin:] for name, column in zip(names, cells, strict=True)}
    again = np.flatnonzero(cells[0][1:] == first[0]) + 1 if found.header else ()
    for row in map(int, again):
        if [column[row] for column in cells] == first:
            raise UserError(
                f"{path} has its header again in {where(row)}, as of tables that were joined: remove that row."
            )
    for name, cell in zip(names, first, strict=True):
        if found.header and not cell.strip() and not any(map(str.strip, columns[name])) and len(columns) > 1:
            del columns[name]  # of a separator at the end of every line
    if (
        found.header
        and not first[0].strip()
        and names[0] in columns
        and len(columns) > 1
        and header.counts_rows(list(columns[names[0]]))
    ):
        del columns[names[0]]
    named = [cell.strip() for name, cell in zip(names, first, strict=True) if name in columns and cell.strip()]
    if found.header and options.header == "auto" and 2 * len(named) < len(columns):
        raise UserError(
            f"{path} names {len(named)} of {len(columns)} columns in {where(0)} ({', '.join(named)[:60]!r}), as titles "
            "do: remove what stands above the names of the columns, or say that they are names by data.header=yes."
        )
    said = f"{path} is read {'with' if found.header else 'without'} a header: {found.reason} (data.header=yes or no)."
    asked = options.header != "auto"
    return Table(columns, path, lambda row: where(row + begin), found.header, () if asked else (said,))


def without_trailing(table: Table) -> Table:
    """Leave out an empty last column without a name, of a separator at the end of every line, and say so."""
    columns = dict(table.columns)
    name, cells = columns.popitem()
    if table.header or not columns or any(map(str.strip, cells)):
        return table
    said = f"{table.path}: the last column, {name!r}, is empty and left out."
    return dataclasses.replace(table, columns=columns, said=(*table.said, said))


def _decide(first: Sequence[str], body: Sequence[Sequence[str]], path: Path, asked: str) -> header.Decision:
    if asked not in ("auto", "yes", "no"):
        raise UserError(f"data.header is {asked!r}, but auto, yes or no was expected.")
    if asked != "auto":
        return header.Decision(asked == "yes", "as asked for")
    found = header.decide(first, body)
    if found.open:
        raise UserError(
            f"{path} may have a header or not ({found.reason}): say it with data.header=yes or data.header=no."
        )
    return found


def _comments(text: str) -> tuple[str, dict[int, str]]:
    """Blank the lines that begin with # above all others, and return them by their numbers, counted from 1."""
    if not text.lstrip().startswith("#"):
        return text, {}
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    comments = {i + 1: line.rstrip() for i, line in enumerate(lines[:first]) if line.strip()}
    return "\n".join(["" for _ in lines[:first]] + lines[first:]), comments


def _rows_above(comments: Mapping[int, str], separator: str, width: int) -> dict[int, list[str]]:
    """Find the lines with # directly above a table that have its width, by their numbers: they may be rows or names."""
    found: dict[int, list[str]] = {}
    for line, comment in reversed(list(comments.items())):
        cells = _cells(comment, separator)
        if len(cells) != width or (found and line + 1 not in found):
            break
        found[line] = cells
    return dict(sorted(found.items()))


def _commented_names(comment: str, separator: str, rows: Sequence[Sequence[str]]) -> list[str] | None:
    """Read names in a comment above a table that has no header of its own."""
    names = _cells(comment.removeprefix("#").lstrip(" "), separator)
    names = ["#" if i == 0 and not name else name for i, name in enumerate(names)]
    fits = len(names) == len(rows[0]) and not EXCEL_ERROR.fullmatch("#" + names[0].strip())
    return names if fits and header.decide(names, rows[:LOOKED_AT]).header else None


def _cells(line: str, separator: str) -> list[str]:
    """Divide one line into cells; none where its quotation marks do not fit."""
    if separator == " ":
        line, separator = separators.tabbed(line).rstrip("\n"), "\t"
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


def _rows(text: str, separator: str, path: Path) -> tuple[list[list[str]], list[int], tuple[str, ...]]:
    """Read all rows, with the line on which each ends, and say what is left out.

    Empty lines are no rows, but for those between the rows of a single column: they are its missing cells.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    same: dict[str, str] = {}
    empty: list[int] = []
    quoted = {i for i, line in enumerate(io.StringIO(text), 1) if line.strip() == '""'} if '""' in text else set()
    try:
        for line, row in separators.reader(text, separator):
            if not separators.has_cells(row) and line not in quoted:
                empty.append(line)
                continue
            if rows and len(row) != len(rows[0]):
                raise irregular_rows.error(text, rows[0], lines[0], row, line, path)
            if rows and len(row) == 1:
                rows += [[""] for _ in empty]
                lines += empty
            empty = []
            keep = same.setdefault if len(same) < SAME_TEXTS else same.get
            rows.append(list(map(keep, row, row)))
            lines.append(line)
    except csv.Error as error:
        raise UserError(
            f"{path} is not a text table ({error}, near line {lines[-1] + 1 if lines else 1}): look at the quotation "
            "marks there, or save the table as CSV in UTF-8."
        ) from None
    if not (rows and empty and len(rows[0]) == 1):
        return rows, lines, ()
    return rows, lines, (f"{path}: {len(empty)} empty line{'s' * (len(empty) > 1)} at its end left out, no rows.",)


def _column_names(cells: Sequence[str], path: Path) -> list[str]:
    names = [cell.strip() or f"column{i}" for i, cell in enumerate(cells)]
    double = [name for i, name in enumerate(names) if name in names[:i]]
    if double:
        raise UserError(f"{path} has two columns called {double[0]!r}: rename one of them.")
    return names
