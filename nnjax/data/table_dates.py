"""Read the date columns of a table that a split by time may use."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnjax.core.columns import Column
from nnjax.core.errors import UserError
from nnjax.data import column_codes, columns, time_splits
from nnjax.data.columns import Inferred, Rules
from nnjax.data.place import Place
from nnjax.data.table import Table
from nnjax.data.table_roles import Roles, find_column

ORDERED = ("date", "time", "number", "ordered")  # kinds of columns that a split may go by


def read(table: Table, roles: Roles, found: Mapping[str, Inferred], rules: Rules, split: str) -> dict[str, np.ndarray]:
    """Read the columns of dates that are no targets, inputs or not, an index of times, and the column that is named.

    Args:
      table: the rows that stay.
      roles, found, rules: of the columns.
      split: as in `DataConfig`.

    Returns:
      Numbers [n] by name, days of dates, NaN where they are missing.

    Raises:
      UserError: the column that is named is not there, or neither dates nor numbers.
    """
    times = {name: values for name, values in table.times.items() if name not in table.columns}
    named = time_splits.named_column(split)
    asked = None if named is None or named in times else find_column(table.path, list(table.columns), named)
    for name, raw in table.columns.items():
        if name in roles.target and name != asked:
            continue
        place = table.place(name)
        column = found[name].column if name in found else _infer(raw, place, rules, name == asked)
        if name == asked and column is not None and column.kind not in ORDERED:
            raise UserError(f"data.split is {split}, but that column of {table.path} is neither dates nor numbers.")
        if column is not None and (column.kind == "date" or name == asked):
            key = named if name == asked and named is not None else name
            times[key] = column_codes.encode(column, raw, place, rules.na_values, "error")[:, 0]
    return times


def digest(sha256: str, times: Mapping[str, np.ndarray]) -> str:
    """Compute the SHA-256 (hex) of a table's and of the columns [n] that a split by time may go by."""
    state = hashlib.sha256(sha256.encode())
    for name, values in times.items():
        state.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return state.hexdigest()


def _infer(raw: Any, place: Place, rules: Rules, needed: bool) -> Column | None:
    """Infer what a column holds that is no input; None where it follows no one rule and is not needed."""
    try:
        return columns.infer(raw, place, rules).column
    except UserError:
        if needed:
            raise
        return None
