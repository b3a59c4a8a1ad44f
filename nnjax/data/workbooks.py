"""Read the first sheet of an Excel workbook that has cells."""

import dataclasses
import datetime
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.data import delimited
from nnjax.data.delimited import Options
from nnjax.data.table import Table

SHOWN = 5  # sheets named one by one
LARGEST = 1 << 30  # bytes of all its XML
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_NO_VALUE = re.compile(rb'<c r="([A-Z]+\d+)"(?![^>]*t="str")[^>]*><f[^>]*>[^<]*</f>(?:<v ?/>|<v></v>)?</c>')


def read(data: bytes, archive: zipfile.ZipFile, path: Path, options: Options) -> Table:
    """Read the first sheet with cells, which is said where others have some too.

    Cells that were merged downward all have the value that is shown; empty rows are left out, and said.

    Raises:
      UserError: openpyxl is missing, or the workbook is damaged, has no table, or formulas without values.
    """
    import pandas as pd

    require("openpyxl", "openpyxl", f"{path}, an Excel workbook,")
    if sum(part.file_size for part in archive.infolist()) > LARGEST:
        raise UserError(f"{path} grows beyond {LARGEST:,} bytes when it is decompressed: save its sheet as CSV.")
    try:
        frames = pd.read_excel(
            io.BytesIO(data), sheet_name=None, header=None, dtype=object, engine="openpyxl", na_filter=False
        )
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not a usable workbook ({str(error).splitlines()[0]}).") from None
    filled = [name for name, frame in frames.items() if frame.size]
    if not filled:
        raise UserError(f"{path} is empty.")
    xml = _sheet_xml(archive, list(frames).index(filled[0]) + 1)
    _refuse_no_values(xml, path)
    rows = [[_cell_text(cell) for cell in row] for row in frames[filled[0]].itertuples(index=False)]
    merged = _fill_merged(rows, xml)
    try:
        table = _table(rows, path, options)
    except UserError as error:
        raise UserError(f"{str(error)[:-1]}{_others(filled, ' (its sheet {0} is read, not {1}).')}") from None
    said = [f"{path}: {merged} cells that are merged with the one above have its value."] * bool(merged)
    if len(filled) > 1:
        said.append(f"{path}: {_others(filled, 'the sheet {0} is read, not {1}: save those apart.')}")
    return dataclasses.replace(table, said=(*table.said, *said))


def _others(filled: Sequence[str], text: str) -> str:
    """Name the sheet that is read and the others with cells; a full stop where there are none."""
    others = ", ".join(map(repr, filled[1 : SHOWN + 1])) + ", …" * (len(filled) > SHOWN + 1)
    return text.format(repr(filled[0]), others) if others else "."


def _table(rows: list[list[str]], path: Path, options: Options) -> Table:
    """Make a table of rows of texts without those that are empty."""
    full = [i for i, row in enumerate(rows) if any(row)]
    if not full:
        raise UserError(f"{path} is empty.")
    table = delimited.make_table(
        delimited.transpose([rows[i] for i in full]), path, lambda row: f"row {full[row] + 1}", options
    )
    gone = sorted(set(range(len(rows))) - set(full))
    if not gone:
        return table
    which = f"row {gone[0] + 1}, which is empty, is" if len(gone) == 1 else f"{len(gone)} empty rows are"
    return dataclasses.replace(table, said=(*table.said, f"{path}: {which} left out."))


def _sheet_xml(archive: zipfile.ZipFile, number: int) -> bytes:
    """Read the XML of a sheet, counted from 1; b"" where it is not where Excel and openpyxl put it."""
    name = f"xl/worksheets/sheet{number}.xml"
    return archive.read(name) if name in archive.namelist() else b""


def _refuse_no_values(xml: bytes, path: Path) -> None:
    found = _NO_VALUE.search(xml)
    if found is not None:
        raise UserError(
            f"{path} has a formula without a value in {found[1].decode()}, as a library wrote it: open and save it in "
            "Excel or LibreOffice, which compute the values."
        )


def _fill_merged(rows: list[list[str]], xml: bytes) -> int:
    """Give cells that were merged downward the value of the uppermost one; return how many."""
    count = 0
    for left, top, right, bottom in _MERGED.findall(xml):
        if left != right:  # such as a title above several columns
            continue
        column = _column_number(left.decode())
        for row in range(int(top), min(int(bottom), len(rows))):
            rows[row][column] = rows[int(top) - 1][column]
            count += 1
    return count


def _column_number(letters: str) -> int:
    """Number a column from 0: A, B, ..., Z, AA."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _cell_text(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, datetime.timedelta):
        minutes, seconds = divmod(int(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53 else str(cell)
