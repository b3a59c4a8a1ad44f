"""Load tables with named columns: texts become categories, one or more columns are the target."""

import difflib
import io
from pathlib import Path

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.core.types import Dataset
from nnjax.data import delimited, files
from nnjax.data.arrays import from_arrays
from nnjax.data.delimited import Table
from nnjax.data.source import Source

MAX_CATEGORIES = 100  # distinct texts in a column; more are taken for identifiers or free text
FEW_CATEGORIES = 10  # so many are always taken, even in a table of a few rows to predict
MAX_INTEGER_CLASSES = 50  # distinct whole numbers in a target column; more are a quantity


def load(path: Path, name: str, target: str | None = None, task: str | None = None) -> Dataset:
    """Load a CSV file (or, by its ending, a Parquet file).

    Columns of numbers are inputs as they are; columns of a few texts become whole numbers from 0, in the order of the
    sorted texts, which `Dataset.categories` keeps.

    Args:
      path: the file.
      name: what the data set is called.
      target: the column to predict, by name or by index (-1 is the last), several separated by commas, or "none" for
        no target; None for the last column. A text, boolean or whole-number target with few distinct values (at most
        50, and at most a third of the rows) is classification, everything else regression.
      task: "classification" or "regression" instead of that guess.

    Raises:
      UserError: no such file or column, missing or bad cells (which column, where, how many), nothing but the target.
    """
    return from_table(_read(path), name, target, task)


def from_table(
    table: Table, name: str, target: str | None = None, task: str | None = None, weight: str | None = None
) -> Dataset:
    """Make a data set of a table; arguments and errors as for `load`, and `weight` the column of examples' weights."""
    path, weights = table.path, None
    if weight is not None:
        table, weights = _weighed(table, weight)
    chosen = _target_columns(table, target)
    inputs = [column for column in table.frame.columns if column not in chosen]
    if not inputs:
        raise UserError(
            f"{path} has no column beside the target {', '.join(chosen)}, but at least one input was expected: name "
            "another target, or divide the cells by commas, semicolons, tabs or bars."
        )
    columns, categories = [], {}
    for column in inputs:
        values, texts = _encode(table, column)
        columns.append(values)
        if texts:
            categories[column] = texts
            if len(texts) > min(MAX_CATEGORIES, max(FEW_CATEGORIES, len(values) // 2)):
                raise UserError(
                    f"The column {column!r} of {path} has {len(texts)} different texts in {len(values)} rows (such as "
                    f"{texts[0]!r}), too many for categories: remove it if it is an identifier, a date or free text."
                )
    x, y = np.stack(columns, axis=1), _target(table, chosen, task)
    return from_arrays(
        x,
        y,
        name,
        task if chosen else None,
        source=str(path),
        features=inputs,
        targets=chosen,
        categories=categories,
        sample_weight=weights,
    )


def _weighed(table: Table, weight: str) -> tuple[Table, np.ndarray]:
    """Take the column of weights out of a table, and the rows of weight 0, so that no category comes from them."""
    column = _column(table.path, list(table.frame.columns), weight)
    weights, texts = _encode(table, column)
    if texts:
        raise UserError(f"The weight {column!r} of {table.path} is text, but numbers from 0 were expected.")
    rows = np.flatnonzero(weights)
    if not len(rows):
        raise UserError(f"The weight {column!r} of {table.path} is 0 in all rows: at least one above 0 was expected.")
    kept = table.frame.drop(columns=column).iloc[rows]
    return Table(kept, table.path, lambda row: table.where(int(rows[row]))), weights[rows]


def _read(path: Path) -> Table:
    if path.suffix.lower() not in (".parquet", ".pq"):
        return delimited.read(path)
    import pandas as pd

    data = io.BytesIO(files.read_bytes(path))
    require("pyarrow", "nnjax[parquet]", f"{path}, a Parquet file,")
    try:
        frame = pd.read_parquet(data)
    except (ValueError, OSError) as error:  # Arrow's errors are ValueErrors or OSErrors
        raise UserError(f"{path} is not a usable Parquet file ({str(error).splitlines()[0]}).") from None
    frame.columns = [str(column) for column in frame.columns]
    if frame.empty:
        raise UserError(f"{path} has no rows, or no columns.")
    return Table(frame, path, lambda row: f"row {row + 1}")


def _target_columns(table: Table, target: str | None) -> list[str]:
    """Find the names of the target columns."""
    names = list(table.frame.columns)
    if target is None:
        return names[-1:]
    if target in names:  # a name may have commas in it
        return [target]
    if target == "none":
        return []
    chosen = [_column(table.path, names, text.strip()) for text in target.split(",")]
    if len(set(chosen)) < len(chosen):
        raise UserError(f"The target {target!r} names a column twice.")
    return chosen


def _column(path: Path, names: list[str], text: str) -> str:
    if text in names:
        return text
    if text.removeprefix("-").isdecimal() and -len(names) <= int(text) < len(names):
        return names[int(text)]
    close = difflib.get_close_matches(text, names, n=3) or names[:20]
    raise UserError(f"{path} has no column {text!r} (0 to {len(names) - 1} by index): did you mean {', '.join(close)}?")


def _target(table: Table, chosen: list[str], task: str | None) -> np.ndarray | None:
    """Labels [n] of text, booleans or whole numbers; numbers [n, k] float64; None without a target."""
    encoded = [_encode(table, column) for column in chosen]
    if not encoded:
        return None
    if len(encoded) > 1:
        for text in (column for column, (_, texts) in zip(chosen, encoded, strict=True) if texts):
            raise UserError(f"The target {text!r} of {table.path} is text: of several targets each must be numbers.")
        return np.stack([values for values, _ in encoded], axis=1)
    (values, texts), kind = encoded[0], table.frame[chosen[0]].dtype.kind
    if texts:
        return np.array(texts)[values.astype(np.int64)]
    if kind == "b":
        return values.astype(bool)
    return labels_or_numbers(values) if kind in "iu" and task is None else values


def labels_or_numbers(values: np.ndarray) -> np.ndarray:
    """Convert whole numbers [n] of few distinct values to labels, int64; leave others as they are."""
    few = len(np.unique(values)) <= max(2, min(MAX_INTEGER_CLASSES, len(values) // 3))
    return values.astype(np.int64) if few and np.array_equal(values, np.trunc(values)) else values


def _encode(table: Table, column: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Convert a column to numbers [n] float64: its own, or the codes of its texts (with the texts)."""
    import pandas as pd

    cells = table.frame[column]
    _refuse(table, column, cells.isna().to_numpy(), "missing", "fill in or remove what is missing")
    if cells.dtype.kind in "biuf":
        values = cells.to_numpy(dtype=np.float64)
        _refuse(table, column, ~np.isfinite(values), "infinite", "replace them")
        return values, ()
    if not all(isinstance(cell, str) for cell in cells):
        raise UserError(
            f"The column {column!r} of {table.path} has the type {cells.dtype}: numbers or texts were expected."
        )
    numbers = pd.to_numeric(cells, errors="coerce").isna().to_numpy()
    if numbers.mean() <= 0.5:
        row = int(np.argmax(numbers))
        raise UserError(
            f"The column {column!r} of {table.path} is numbers, but {table.where(row)} has {cells.iloc[row]!r}: "
            "correct that cell."
        )
    texts, codes = np.unique(cells.to_numpy(dtype=str), return_inverse=True)
    return codes.astype(np.float64), tuple(map(str, texts))


def _refuse(table: Table, column: str, bad: np.ndarray, what: str, remedy: str) -> None:
    count = int(bad.sum())
    if count:
        values = f"{count} {what} value{'s' if count > 1 else ''}"
        first = f"{'the first ' if count > 1 else ''}in {table.where(int(np.argmax(bad)))}"
        raise UserError(f"The column {column!r} of {table.path} has {values}, {first}: {remedy}.")


SOURCES = {
    "csv": Source(
        lambda request: load(request.path, request.name, request.target, request.task),
        "a table with named columns: CSV, or Parquet by its ending",
        "FILE",
        takes_target=True,
        tabular=True,
        endings=("csv", "tsv", "txt", "parquet"),
    )
}
