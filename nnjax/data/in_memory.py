"""Data that are in memory: arrays, pairs of them, DataFrames."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.core.text import represent
from nnjax.core.types import Dataset
from nnjax.data import table_files, tables
from nnjax.data.arrays import from_arrays
from nnjax.data.frame_parts import PARTS, Frames
from nnjax.data.other_frames import as_pandas

Target = str | int | Sequence[str | int] | None
OWN = "; for sets of your own write nnjax.from_arrays(x, y, x_val=…, y_val=…, x_test=…, y_test=…), or from_frames"


def as_dataset(
    data: Any, target: Target = None, weight: str | None = None, config: DataConfig = DataConfig()
) -> Dataset | None:
    """Make a data set of what stands for one: a `Dataset`, None, (x, y), (x, y, weights), x, a DataFrame, or `Frames`.

    Args:
      data: it.
      target: of a DataFrame the column to predict, or several.
      weight: of a DataFrame the column with the examples' weights, which is no input.
      config: how to read a DataFrame; of other data the task.

    Raises:
      UserError: it is something else, or as `from_arrays` and `nnjax.data.tables.load`.
    """
    asked = None if config.task == "auto" else config.task
    data = tuple(map(as_pandas, data)) if type(data) is tuple else as_pandas(data)
    if type(data).__name__ == "DataFrame" and hasattr(data, "columns"):
        return _of_frames(Frames(data, target=target, weight=weight), config)
    if isinstance(data, Frames):
        given: dict[str, Any] = {"target": data.target if target is None else target, "weight": weight or data.weight}
        return _of_frames(dataclasses.replace(data, **given), config)
    if weight is not None:
        raise UserError("A weight was given, but the data are no DataFrame: pass (x, y, sample_weight).")
    if target is not None:
        raise UserError("A target was given, but the data are no DataFrame: pass (x, y), whose y is the target.")
    if data is None or isinstance(data, Dataset):
        return data
    if isinstance(data, tuple | list):
        if len(data) not in (2, 3):
            raise UserError(f"The data are {len(data)} things, but (x, y) or (x, y, sample_weight) was expected{OWN}.")
        columns = [list(part.columns) for part in data if type(part).__name__ == "DataFrame"]
        if len(columns) == len(data) and sorted(map(str, columns[0])) == sorted(map(str, columns[1])):
            raise UserError(
                f"The data are {len(data)} DataFrames of the same columns, but (x, y) was expected; for validation and "
                "test sets of your own write nnjax.from_frames(train, val=…, test=…, target=…)."
            )
        if isinstance(data[0], tuple) and isinstance(data[1], tuple):
            raise UserError(f"The data are pairs, but (x, y) or (x, y, sample_weight) was expected{OWN}.")
        return from_arrays(data[0], data[1], task=asked, sample_weight=data[2] if len(data) == 3 else None)
    if hasattr(data, "__array__") or isinstance(data, Mapping):
        return from_arrays(data)
    raise UserError(
        f"The data are of the type {type(data).__name__}, but (x, y), a DataFrame or a Dataset was expected: make one "
        "with nnjax.from_arrays(x, y)."
    )


def _of_frames(frames: Frames, config: DataConfig) -> Dataset:
    """Read a DataFrame, or several, now and whenever another configuration asks for it."""
    own = len(frames.there()) > 1
    frame, parts = frames.joined() if own else (frames.train, None)
    table = table_files.from_frame(frame, Path("DataFrame"), _RowNames(frame.index, parts))
    _refuse_index(frame, frames.target, table.columns)
    weight = None if frames.weight is None else str(frames.weight)
    return _FrameReader(dataclasses.replace(table, parts=parts), _named(frames.target, frame.columns), weight)(config)


@dataclasses.dataclass(frozen=True, eq=False)
class _RowNames:
    """Name a row of a DataFrame for sentences; a class, not a closure, so that runs can be pickled."""

    index: Any
    parts: Any

    def __call__(self, row: int) -> str:
        part, label = "" if self.parts is None else f" of {PARTS[self.parts[row]]}", self.index[row]
        return f"row {label.item() if isinstance(label, np.generic) else label!r}{part}"


@dataclasses.dataclass(frozen=True, eq=False)
class _FrameReader:
    """Read the table of a DataFrame as a configuration says."""

    table: Any
    target: str | None
    weight: str | None

    def __call__(self, config: DataConfig) -> Dataset:
        asked = dataclasses.replace(config, target=config.target if self.target is None else self.target)
        found = tables.from_table(self.table, "DataFrame", asked, self.weight)
        return dataclasses.replace(found, reread=self)


def _refuse_index(frame: Any, target: Any, columns: Mapping[str, Any]) -> None:
    """Refuse a target that is the name of the DataFrame's index."""
    if isinstance(target, str) and target in frame.index.names and target not in columns:
        raise UserError(
            f"The target {target!r} is the index of the DataFrame, but a column was expected: pass frame.reset_index()."
        )


def _named(target: Any, columns: Any) -> str | None:
    """Write target columns of a DataFrame, of any names, as `DataConfig.target` does; UserError for others."""
    if target is None:
        return None
    if isinstance(target, tuple) and target in columns:  # one name of several levels
        return str(target)
    single = isinstance(target, str | int | np.integer)
    if isinstance(target, bool) or not (single or isinstance(target, Sequence) or hasattr(target, "tolist")):
        raise UserError(f"The target is {represent(target)}, but the name of a column, or several, was expected.")
    names = [target] if single else list(target)
    if not names:
        raise UserError("The target is an empty list, but the name of a column, or several, was expected.")
    return ",".join(map(str, names))
