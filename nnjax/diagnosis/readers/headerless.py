"""Tables without a header, as numpy.savetxt writes them, and curves that lie in rows."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.diagnosis import columns
from nnjax.diagnosis.columns import NOT_FINITE
from nnjax.diagnosis.readers import rows
from nnjax.diagnosis.readers.cells import NoNumber, decimal_comma, is_absent, is_number, numbers
from nnjax.diagnosis.readers.source import Log

SECONDS = 1e9  # since 1970: a column above it is the time (MLflow: time, value, step; TensorBoard: time, step, value)


def is_numeric(cells: Sequence[str]) -> bool:
    """Whether a row has nothing but numbers."""
    return any(map(is_number, cells)) and all(is_number(cell) or is_absent(cell) for cell in cells)


def applies(body: Sequence[Sequence[str]]) -> bool:
    """Whether a table has no header, or its names stand at the beginning of rows."""
    if not body:
        return False
    return all(map(is_numeric, body[:20])) or _named_rows(body) is not None


def _named_rows(body: Sequence[Sequence[str]]) -> dict[str, Sequence[str]] | None:
    """Return the rows by the names in front of them; None where there are none."""
    if len(body) > 20 or any(len(cells) < 3 for cells in body):
        return None
    named = {cells[0].strip(): cells[1:] for cells in body if not is_number(cells[0]) and is_numeric(cells[1:])}
    known = [name for name in named if columns.name_of(name)]
    is_rest_header = len(body) - len(named) <= 1
    return named if known and is_rest_header and max(len(cells) for cells in body) > len(body) else None


def read(name: str, body: Sequence[Sequence[str]]) -> Log:
    """Read curves without names: one column is a loss, a second one the validation loss, if they look alike.

    Raises:
      UserError: there are more, or it cannot be told what they are.
    """
    named = _named_rows(body)
    if named is not None:
        length = max(map(len, named.values()))
        read = [{key: cells[i] if i < len(cells) else "" for key, cells in named.items()} for i in range(length)]
        return rows.to_log(rows.Rows(read, [f"Column {i + 2}" for i in range(length)], name))
    width = max(map(len, body))
    comma = decimal_comma([cell for cells in body for cell in cells])
    table = np.array([_row(name, i, [*cells, *[""] * (width - len(cells))], comma) for i, cells in enumerate(body)])
    if width in (2, 3) and _counts(table[:, 0]) and (width == 2 or _look_alike(*table[:, 1:].T)):
        names = ("epoch", "loss", "val_loss")[:width]
        read = [dict(zip(names, row, strict=True)) for row in table.tolist()]
        log = rows.to_log(rows.Rows(read, [f"Line {i + 1}" for i in range(len(read))], name))
        return dataclasses.replace(log, remarks=(*log.remarks, _guess(name, width - 1)))
    return from_array(name, table)


def _row(name: str, i: int, cells: Sequence[str], comma: bool) -> np.ndarray:
    try:
        return numbers(cells, comma)
    except NoNumber as error:
        shown = str(error.args[0]).strip()[:40]
        raise UserError(f"Row {i + 1} of {name} holds {shown!r}; a number was expected.") from None


def _counts(first: np.ndarray) -> bool:
    """Whether a column counts epochs, perhaps in several rows each, or from the beginning again."""
    if len(first) < 2 or not np.isfinite(first).all() or (first != np.round(first)).any() or first[0] not in (0, 1):
        return False
    steps = np.diff(first)
    return bool(np.isin(steps, (0, 1)).mean() > 0.8 and np.isin(first[1:][steps < 0], first[0]).all())


def _guess(name: str, curves: int) -> str:
    second = ", the second as the validation loss" if curves == 2 else ""
    header = "loss,val_loss" if curves == 2 else "loss or val_loss"
    return (
        f"remark: {name} names no columns: the first with losses is taken as the train loss{second} "
        f"(a header such as {header} tells)."
    )


def from_array(name: str, table: np.ndarray) -> Log:
    """Return the curves of an array [n, c] of epochs and columns, or [c, n] if much wider than high; see `read`."""
    table = np.where(np.isinf(table), NOT_FINITE, table)
    turned = len(table) <= 4 and table.shape[1] > 3 * len(table)
    table = table.T if turned else table
    said = [f"remark: {name} has curves in rows."] * (turned and table.shape[1] > 1)
    first = table[:, 0]
    if table.shape[1] == 3 and (first > SECONDS).all():
        return Log({"": {"loss": table[:, 1 if _rises_in_steps(table[:, 2]) else 2]}}, remarks=(*said, _guess(name, 1)))
    if (
        table.shape[1] > 1
        and np.isfinite(first).all()
        and len(first) > 1
        and np.ptp(np.diff(first)) == 0
        and first[1] > first[0]
    ):
        table = table[:, 1:]  # the epochs
    if table.shape[1] == 1:
        return Log({"": {"loss": table[:, 0]}}, remarks=(*said, _guess(name, 1)))
    if table.shape[1] == 2 and _look_alike(*table.T):
        curves = {"loss": table[:, 0], "val_loss": table[:, 1]}
        return Log({"": curves}, remarks=(*said, _guess(name, 2)))
    raise UserError(
        f"{name} has {table.shape[1]} {'rows' if turned else 'columns'} of numbers and no header; a first line with "
        "their names, such as epoch,loss,val_loss, was expected."
    )


def _rises_in_steps(column: np.ndarray) -> bool:
    """Whether a column counts steps."""
    return bool(np.isfinite(column).all() and (column == np.round(column)).all() and (np.diff(column) >= 0).all())


def _look_alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two curves may be the losses of one network: they start within a factor of three, and both fall."""
    a, b = (y[np.isfinite(y)] for y in (a, b))
    if len(a) < 2 or len(b) < 2 or min(a[0], b[0]) <= 0:
        return False
    return bool(1 / 3 < a[0] / b[0] < 3 and a.min() < a[0] and b.min() < b[0])
