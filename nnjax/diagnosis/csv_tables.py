"""Read learning curves from CSV files: one row an epoch, columns by name, several trials one after the other."""

import csv
import io
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.diagnosis import columns
from nnjax.diagnosis.columns import NOT_FINITE, Table

MOST_EPOCHS = 1_000_000


def read_csv(path: pathlib.Path) -> dict[str, Table]:
    """Read {trial: {column: [t]}}; without a column of trials there is one, named "".

    Rows of the same epoch are one (PyTorch Lightning writes train and validation losses into different rows); epochs
    that are left out stay unknown. An empty cell is not measured; nan and inf mean that the loss was not finite.

    Raises:
      UserError: text where a number was expected, rows longer than the header, or nothing at all.
    """
    header, *body = _rows(path)
    if not body:
        raise UserError(f"{path} has a header and no rows; one row an epoch was expected.")
    epoch = next((i for i, name in enumerate(header) if columns.is_named(name, columns.EPOCH)), None)
    trial = next((i for i, name in enumerate(header) if columns.is_named(name, columns.TRIAL)), None)
    wanted = set(columns.choose(header).values())
    used = {i: name for i, name in enumerate(header) if name in wanted}
    if not used:
        raise UserError(f"{path} has the columns {', '.join(header)[:200]}; one such as loss or val_loss was expected.")
    trials: dict[str, list[tuple[int, list[str]]]] = {}
    for line, row in enumerate(body, 2):
        if len(row) > len(header):
            raise UserError(f"Line {line} of {path} has {len(row)} cells, but the header has {len(header)} names.")
        padded = row + [""] * (len(header) - len(row))
        trials.setdefault("" if trial is None else padded[trial].strip(), []).append((line, padded))
    prefix = "" if trial is None else f"{header[trial].strip()} "
    return {prefix + key: _table(own, used, epoch, path) for key, own in trials.items()}


def _rows(path: pathlib.Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path} is not a text file; a CSV file with one row an epoch was expected.") from None
    first = text.lstrip().split("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UserError(f"{path} is not a CSV file ({error}); one row an epoch was expected.") from None
    if not rows:
        raise UserError(f"{path} is empty; a header and one row an epoch were expected.")
    return rows


def _table(
    rows: Sequence[tuple[int, Sequence[str]]], used: Mapping[int, str], epoch: int | None, path: pathlib.Path
) -> Table:
    places = np.arange(len(rows)) if epoch is None else _places(rows, epoch, path)
    out = {name: np.full(places.max() + 1, np.nan) for name in used.values()}
    for place, (line, row) in zip(places, rows, strict=True):
        for i, name in used.items():
            value = _number(row[i], f"Line {line} of {path}, column {name.strip()},")
            if not np.isnan(value):
                out[name][place] = value
    return out


def _places(rows: Sequence[tuple[int, Sequence[str]]], epoch: int, path: pathlib.Path) -> np.ndarray:
    numbers = np.array([_number(row[epoch], f"Line {line} of {path}, column epoch,") for line, row in rows])
    numbers = numbers - np.nanmin(numbers) if np.isfinite(numbers).any() else np.arange(len(rows), dtype=float)
    whole = np.isfinite(numbers) & (numbers == np.round(numbers))
    if not whole.all() or numbers.max() > min(MOST_EPOCHS, 50 * len(rows)):
        return np.arange(len(rows))  # fractions of epochs, or steps: the rows in their order
    return numbers.astype(int)


def _number(cell: str, where: str) -> float:
    if not cell.strip():
        return float("nan")
    try:
        value = float(cell.strip().rstrip("%"))
    except ValueError:
        raise UserError(f"{where} holds {cell.strip()[:40]!r}; a number was expected.") from None
    return value if np.isfinite(value) else NOT_FINITE
