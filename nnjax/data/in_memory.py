"""Data that are in memory: arrays, pairs of them, DataFrames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.types import Dataset
from nnjax.data import tables
from nnjax.data.arrays import from_arrays
from nnjax.data.delimited import Table


def as_dataset(
    data: Any, target: str | Sequence[str] | None = None, weight: str | None = None, task: str = "auto"
) -> Dataset | None:
    """Make a data set of what stands for one: a `Dataset`, None, (x, y), (x, y, weights), x alone, or a DataFrame.

    Args:
      data: it.
      target: of a DataFrame the column to predict, or several.
      weight: of a DataFrame the column with the examples' weights, which is no input.
      task: as `DataConfig.task`.

    Raises:
      UserError: it is something else, or as `from_arrays` and `nnjax.data.tables.load`.
    """
    asked = None if task == "auto" else task
    if type(data).__name__ == "DataFrame" and hasattr(data, "columns"):
        frame = data.copy()
        frame.columns = [str(column) for column in frame.columns]
        names = target if target is None or isinstance(target, str) else ",".join(target)
        table = Table(frame, Path("DataFrame"), lambda row: f"row {frame.index[row]!r}")
        return tables.from_table(table, "DataFrame", names, asked, weight)
    if weight is not None:
        raise UserError("A weight was given, but the data are no DataFrame: pass (x, y, sample_weight).")
    if target is not None:
        raise UserError("A target was given, but the data are no DataFrame: pass (x, y), whose y is the target.")
    if data is None or isinstance(data, Dataset):
        return data
    if isinstance(data, tuple | list):
        if len(data) not in (2, 3):
            raise UserError(f"The data are {len(data)} things, but (x, y) or (x, y, sample_weight) was expected.")
        return from_arrays(data[0], data[1], task=asked, sample_weight=data[2] if len(data) == 3 else None)
    if hasattr(data, "__array__"):
        return from_arrays(data)
    raise UserError(
        f"The data are of the type {type(data).__name__}, but (x, y), a DataFrame or a Dataset was expected: make one "
        "with nnjax.from_arrays(x, y)."
    )
