"""Tables as text: a header and one row an epoch, separated by commas, semicolons, tabs, bars or spaces."""

import csv
import io
import itertools
import re
from collections.abc import Sequence

from nnjax.core.errors import UserError
from nnjax.diagnosis import columns
from nnjax.diagnosis.readers import headerless, rows
from nnjax.diagnosis.readers.cells import is_absent, is_number
from nnjax.diagnosis.readers.printed import ANSI
from nnjax.diagnosis.readers.source import Log, Reader, Source

_SEPARATORS = (",", ";", "\t", "|", " ", "  ")
_RULE = re.compile(r"[\s|+:=_\u2500-\u257f-]*[|+=_\u2500-\u257f-]{3,}[\s|+:=_\u2500-\u257f-]*")  # between rows
_DRAWN = str.maketrans("│┃║", "|||")  # columns of printed tables
_SEEN = 50  # lines by which the separator is chosen


def recognizes(source: Source) -> bool:
    """Whether the text is a table: most lines have as many cells, and some of them are numbers."""
    found = split(source.text)
    if not found:
        return False
    body = [cells for _, cells in found][: 4 * _SEEN]
    if len(body) == 1:
        named = (
            _is_header(body[0]) and any(map(columns.name_of, body[0])) and source.text.lstrip()[:1] not in ("{", "[")
        )
        return named or headerless.is_numeric(body[0])
    if _start(found) is None and not headerless.applies(body):
        return False
    if sum(any(cell.endswith((":", "=")) for cell in cells) for cells in body) > 0.5 * len(body):
        return False  # printed text: loss: 0.5
    numeric = [sum(map(is_number, cells)) >= 0.3 * sum(not is_absent(cell) for cell in cells) > 0 for cells in body]
    return sum(numeric) > 0.5 * (len(body) - 1) and _is_even(body)


def _start(found: Sequence[tuple[int, Sequence[str]]]) -> int | None:
    """Return the place of the header: one of the first rows, of texts, as long as the others (of curves, one less)."""
    usual = _usual([len(cells) for _, cells in found[:_SEEN]])
    for i, (_, cells) in enumerate(found[:3]):
        names_curves = any(map(columns.name_of, cells))
        fits = len(cells) == usual > 1 or (names_curves and len(cells) in (usual, usual - 1))
        if _is_header(cells) and fits:
            return i
    return 0 if len(found) < 3 and _is_header(found[0][1]) else None


def _is_even(body: Sequence[Sequence[str]]) -> bool:
    lengths = [len(cells) for cells in body]
    return sum(n == max(set(lengths), key=lengths.count) for n in lengths) >= 0.5 * len(lengths)


def _is_header(cells: Sequence[str]) -> bool:
    return not any(is_number(cell) for cell in cells) and any(cell.strip() for cell in cells)


def read(source: Source) -> Log:
    """Read a table.

    Rows of the same epoch are one (PyTorch Lightning writes train and validation losses into different rows). An empty
    cell is not measured; nan and inf mean that the loss was not finite. Headers may come again.

    Raises:
      UserError: text where a number was expected, rows longer than the header, or nothing at all.
    """
    found = split(source.text)
    if headerless.applies([cells for _, cells in found]):
        return headerless.read(source.name, [cells for _, cells in found])
    start = _start(found) or 0
    if start + 1 >= len(found):
        raise UserError(f"{source.name} has a header and no rows; one row an epoch was expected.")
    header, start = _joined_header(found, start)
    indexed = _is_indexed(header, found[start:])
    read, places = [], []
    for line, cells in found[start:]:
        if _is_header(cells) and _repeats(header, cells):
            header = _names(cells)
            continue
        own = _fitted(header, cells, line, source.name, indexed)
        read.append(dict(zip(header if len(own) == len(header) else ["", *header], own, strict=True)))
        places.append(f"Line {line}")
    return rows.to_log(rows.Rows(read, places, source.name))


def _joined_header(found: Sequence[tuple[int, Sequence[str]]], start: int) -> tuple[list[str], int]:
    """Return the names of the columns, which may stand in several rows (units, or words below each other).

    Beside it comes the place of the first row after them.
    """
    cells, end = found[start][1], start + 1
    while end + 1 < len(found) and _is_header(found[end][1]) and len(found[end][1]) == len(cells):
        if any(cell.strip() and cell.strip() in _names(cells) for cell in found[end][1]):
            break  # the header comes again
        cells, end = [f"{a.strip()} {b.strip()}" for a, b in zip(cells, found[end][1], strict=True)], end + 1
    return _names(cells), end


def _names(cells: Sequence[str]) -> list[str]:
    """Name columns; the second of one name gets a number."""
    out: list[str] = []
    for cell in cells:
        name = cell.strip().strip("\"'").strip()
        out.append(name if name not in out else f"{name} {out.count(name) + 1}")
    return out


def _repeats(header: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a row of texts is a header again, perhaps with more columns."""
    own = {cell.strip() for cell in cells}
    return len(own & set(header)) >= 0.5 * len(header) or all(columns.name_of(cell) for cell in own if cell)


def _is_indexed(header: Sequence[str], body: Sequence[tuple[int, Sequence[str]]]) -> bool:
    """Whether each row begins with its number, which the header does not name (R, pandas)."""
    if any(columns.is_named(name, columns.EPOCH | columns.STEP) for name in header) or len(body) < 3:
        return False
    first = [cells[0].strip().strip("\"'") for _, cells in body if len(cells) == len(header) + 1]
    numbers = [int(cell) for cell in first if cell.isdigit()]
    return len(numbers) == len(body) and all(b == a + 1 for a, b in itertools.pairwise(numbers))


def _fitted(header: Sequence[str], cells: Sequence[str], line: int, name: str, indexed: bool) -> Sequence[str]:
    """Return a row with as many cells as the header, or one more: the number of the row in front."""
    while len(cells) > len(header) and not cells[-1].strip():
        cells = cells[:-1]
    if indexed:
        return cells
    if len(cells) > len(header):
        raise UserError(
            f"Line {line} of {name} has {len(cells)} cells, but the header has {len(header)} names "
            "(decimal commas need another separator, such as a semicolon)."
        )
    return [*cells, *[""] * (len(header) - len(cells))]


def split(text: str) -> list[tuple[int, list[str]]]:
    """Split a text into cells: [(line, cells)], without comments, rules and empty lines."""
    text = ANSI.sub("", text).translate(_DRAWN)
    lines = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    while lines and re.fullmatch(r"\s*sep=.\s*", lines[0][1]):
        lines.pop(0)
    lines = [(i, line) for i, line in _uncommented(lines) if not _RULE.fullmatch(line)]
    if not lines:
        return []
    separator = _separator([line for _, line in lines[:_SEEN]])
    out = [(i, _cells(line, separator)) for i, line in lines] if '"' not in text else _quoted(lines, separator)
    width = max((i + 1 for _, cells in out for i, cell in enumerate(cells) if cell.strip()), default=0)
    out = [(i, cells[:width]) for i, cells in out]  # without empty columns at the end
    usual = _usual([len(cells) for _, cells in out[:_SEEN]])
    while len(out) > 2 and len(out[0][1]) == 1 < usual:  # a title
        out.pop(0)
    return out


def _usual(lengths: Sequence[int]) -> int:
    return max(set(lengths), key=lambda n: (lengths.count(n), n))


def _uncommented(lines: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Leave out comments (#); the last one above the numbers is the header, as numpy.savetxt writes it."""
    plain = [(i, line) for i, line in lines if not line.lstrip().startswith("#")]
    comments = [(i, line) for i, line in lines if line.lstrip().startswith("#") and (not plain or i < plain[0][0])]
    if comments and plain and not re.search(r"[A-DF-Za-df-z]{2}", plain[0][1].replace("nan", "").replace("inf", "")):
        i, line = comments[-1]
        return [(i, line.lstrip().lstrip("#")), *plain]
    return plain


def _separator(lines: Sequence[str]) -> str:
    """Choose what splits most lines into as many cells, of those the one that gives the most numbers."""

    def quality(separator: str) -> tuple[float, float]:
        """Rate a separator: rows of one width first, then numbers."""
        rows = [_cells(line, separator) for line in lines]
        lengths = [len(cells) for cells in rows]
        usual = _usual(lengths)
        even = sum(n == usual for n in lengths) / len(lengths) if usual > 1 else 0.0
        cells = [cell for own in rows[1:] or rows for cell in own]
        numeric = sum(is_number(cell) or is_absent(cell) for cell in cells) / max(1, len(cells))
        return (round(even, 1) if numeric >= 0.3 else 0.0, numeric - 0.01 * _SEPARATORS.index(separator))

    return max(_SEPARATORS, key=quality)


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    if separator == "  ":
        return re.split(r"\s{2,}", line.strip())
    if separator == "|":
        line = line.strip().removeprefix("|").removesuffix("|")
    if '"' in line:
        return next(csv.reader([line], delimiter=separator), [])
    return line.split(separator)


def _quoted(lines: Sequence[tuple[int, str]], separator: str) -> list[tuple[int, list[str]]]:
    """Split lines with quotes, within which line breaks may stand."""
    if separator in (" ", "  ", "|"):
        return [(i, _cells(line, separator)) for i, line in lines]
    reader = csv.reader(io.StringIO("\n".join(line for _, line in lines)), delimiter=separator)
    try:
        return [(lines[min(reader.line_num, len(lines)) - 1][0], cells) for cells in reader]
    except csv.Error:
        return [(i, line.split(separator)) for i, line in lines]


READER = Reader("a table", recognizes, read)
