"""Open the file of a table: compressed or not, text, Excel, Parquet or Feather."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.data import delimited, files, unsupported_files, workbooks
from nnjax.data.cells import days_of
from nnjax.data.delimited import Options
from nnjax.data.table import Table

LARGEST = 1 << 32  # bytes that a compressed table may grow to
MOST_GROWTH = 1000  # times as long as it is compressed, beyond SMALL
SMALL = 1 << 26
OPENERS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
}
ENDINGS = ("csv", "tsv", "txt", "data", "dat", "gz", "zip", "xz", "bz2", "parquet", "pq", "feather", "xlsx")


def read(path: Path, options: Options) -> Table:
    """Read a table; UserError if it is missing, damaged, of another kind, or grows beyond bounds."""
    return _parse(files.read_bytes(path), path, options)


def _parse(data: bytes, path: Path, options: Options) -> Table:
    for magic, opener in OPENERS.items():
        if data.startswith(magic):
            return _parse(_decompress(opener(io.BytesIO(data)), len(data), path), path, options)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(data, path, options)
    if data.startswith((b"PAR1", b"ARROW1")) or path.suffix.lower() in (".parquet", ".pq", ".feather"):
        return _columnar(data, path)
    unsupported_files.refuse_bytes(data, path)
    return delimited.read(data, path, options)


def _decompress(stream: Any, size: int, path: Path) -> bytes:
    """Decompress as far as is sensible."""
    most, parts, total = min(LARGEST, max(SMALL, MOST_GROWTH * size)), [], 0
    try:
        while piece := stream.read(1 << 20):
            parts.append(piece)
            total += len(piece)
            if total > most:
                raise UserError(f"{path} grows beyond {most:,} bytes when it is decompressed: decompress it yourself.")
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError) as error:
        raise UserError(f"{path} is damaged ({error}): bring a good copy.") from None
    return b"".join(parts)


def _archive(data: bytes, path: Path, options: Options) -> Table:
    """Read the only file in a ZIP archive, or an Excel workbook."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = [i.filename for i in archive.infolist() if not i.is_dir() and not _is_of_system(i.filename)]
        if "xl/workbook.xml" in names:
            return workbooks.read(data, archive, path, options)
        unsupported_files.refuse_archive(names, path)
        if len(names) != 1:
            listed = f" ({', '.join(names[:5])}{', …' * (len(names) > 5)})" if names else ""
            raise UserError(f"{path} holds {len(names)} files{listed}, but one table was expected: unpack it.")
        inside = _decompress(archive.open(names[0]), len(data), path)
    except UserError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise UserError(f"{path} is a damaged ZIP archive ({error}): bring a good copy.") from None
    return _parse(inside, path, options)


def _is_of_system(name: str) -> bool:
    """Whether a file in an archive is one that systems add: __MACOSX/..., .DS_Store."""
    return name.startswith("__MACOSX") or name.rpartition("/")[2].startswith(".")


def _columnar(data: bytes, path: Path) -> Table:
    """Read Parquet or Feather."""
    import pandas as pd

    feather = data.startswith(b"ARROW1") or path.suffix.lower() == ".feather"
    kind = "Feather" if feather else "Parquet"
    require("pyarrow", "nnjax[parquet]", f"{path}, a {kind} file,")
    try:
        frame = pd.read_feather(io.BytesIO(data)) if feather else pd.read_parquet(io.BytesIO(data))
    except (ValueError, OSError) as error:  # Arrow's errors are ValueErrors or OSErrors
        raise UserError(f"{path} is not a usable {kind} file ({str(error).splitlines()[0]}).") from None
    return from_frame(frame, path, lambda row: f"row {row + 1}")


def from_frame(frame: Any, path: Path, where: Callable[[int], str]) -> Table:
    """Make a table of a DataFrame; UserError if it is empty or has two columns of one name."""
    names = [str(column) for column in frame.columns]
    if frame.empty:
        raise UserError(f"{path} has no rows, or no columns.")
    double = [name for i, name in enumerate(names) if name in names[:i]]
    if double:
        raise UserError(f"{path} has two columns called {double[0]!r}: rename one of them.")
    columns = {name: frame.iloc[:, i] for i, name in enumerate(names)}
    return Table(columns, path, where, times=_index_of_times(frame.index))


def _index_of_times(index: Any) -> dict[str, np.ndarray]:
    """Read an index of times, or of periods, as days; {} for another."""
    index = index.to_timestamp() if hasattr(index, "to_timestamp") else index
    if getattr(index.dtype, "kind", "") != "M":
        return {}
    return {"index" if index.name is None else str(index.name): days_of(index.to_series())}
