"""Tables of runs whose cells hold whole curves: a row a run, "[0.9, 0.5, ...]" in its column of losses."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

import numpy as np

from nnjax.diagnosis import columns
from nnjax.diagnosis.readers.cells import numbers
from nnjax.diagnosis.readers.source import WRAPPED, Log, Reader, Source

_LIST = re.compile(r"\[[-+\d.eE,\s]*\d[-+\d.eE,\snainf]*\]")
_MOST = 2_000_000  # characters by which such a table is recognized


def recognizes(source: Source) -> bool:
    """Whether the table has a header and, below the name of a curve, lists of numbers."""
    return bool('"[' in source.text[:_MOST] and _curves(_rows(source.text[:_MOST])))


def _rows(text: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(io.StringIO(WRAPPED.sub(r"\1", text))) if row]
    except csv.Error:
        return []


def _curves(found: Sequence[Sequence[str]]) -> list[int]:
    """Return the places of the columns of curves."""
    if len(found) < 2:
        return []
    named = [i for i, name in enumerate(found[0]) if columns.name_of(name)]
    return [i for i in named if len(found[1]) > i and _LIST.fullmatch(found[1][i].strip())]


def read(source: Source) -> Log:
    """Read a trial a row, named by the cells that are no lists."""
    header, *body = found = _rows(source.text)
    places = _curves(found)
    tables = {}
    for i, row in enumerate(body, 1):
        cells = {header[place]: row[place].strip("[] \n").replace(",", " ").split() for place in places}
        longest = max(map(len, cells.values()))
        label = ", ".join(cell.strip() for cell in row if "[" not in cell and cell.strip()) or f"row {i}"
        label = f"{label} (row {i})" if label in tables else label
        tables[label] = {
            name: np.pad(numbers(own), (0, longest - len(own)), constant_values=np.nan) for name, own in cells.items()
        }
    return Log(tables)


READER = Reader("a table of lists", recognizes, read)
