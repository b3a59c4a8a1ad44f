"""A table with named columns, as it lies in its source."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnjax.data.place import Place


@dataclasses.dataclass(frozen=True)
class Table:
    """A table as it lies in its source."""

    columns: Mapping[str, Any]  # by name, in their order: texts [n] (arrays of objects) or columns of a DataFrame
    path: Path  # its file, for messages
    where: Callable[[int], str]  # where a row is ("line 7", counted from 1)
    header: bool = True  # whether the names stood in it; else they are column0, column1, ..
    said: tuple[str, ...] = ()  # what was guessed, a sentence each
    separator: str = ""  # of cells in a text; "" for other tables
    commented: tuple[str, ...] = ()  # names in a line with # above a table that was read without a header
    # the index of a DataFrame by its name, where it is one of times: days [n] since 1970-01-01
    times: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    targets: tuple[str, ...] = ()  # of the columns, those that are predicted
    # [n] 0 for rows that train, 1 for own validation and 2 for own test rows, in this order; None for none
    parts: np.ndarray | None = None

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self.columns.values())))

    def place(self, column: str) -> Place:
        """Say where a column's cells stand."""
        return Place(str(self.path), column, self.where, column in self.targets)

    def take(self, rows: np.ndarray) -> Table:
        """Keep some rows, by their numbers [n], which grow."""
        if len(rows) == len(self):
            return self
        columns = {name: raw.iloc[rows] if hasattr(raw, "iloc") else raw[rows] for name, raw in self.columns.items()}
        times = {name: values[rows] for name, values in self.times.items()}
        parts = None if self.parts is None else self.parts[rows]
        return dataclasses.replace(
            self, columns=columns, where=lambda row: self.where(int(rows[row])), times=times, parts=parts
        )
