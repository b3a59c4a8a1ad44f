"""Truth tables: the functions that the first neurons compute.

A table of n inputs has 2ⁿ outputs of {0, 1}, one a row; the rows count up in binary with the first input as the
highest digit: 00, 01, 10, 11.
"""

from collections.abc import Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.data.toys import GATES, truth_table

Table = Array | Sequence[int]
TABLES = {name.upper(): table for name, table in GATES.items()} | {"AND3": (0, 0, 0, 0, 0, 0, 0, 1)}


def rows(num_inputs: int) -> np.ndarray:
    """All inputs in the order of a table: int32 [2^n, n] of {0, 1}; UserError for no input."""
    if num_inputs < 1:
        raise UserError(f"A truth table needs at least 1 input, not {num_inputs}.")
    return truth_table(num_inputs).astype(np.int32)


def checked(table: Table) -> np.ndarray:
    """A table as int32 [2^n]; UserError if its length is not 2, 4, 8, …, or an output not 0 or 1."""
    outputs = np.asarray(table)
    size = outputs.size
    if outputs.ndim != 1 or size < 2 or size & (size - 1):
        raise UserError(f"A truth table is a row of 2, 4, 8, … outputs, but this one has the shape {outputs.shape}.")
    if not np.isin(outputs, (0, 1)).all():
        raise UserError(f"A truth table holds 0 and 1 only, but this one holds {np.unique(outputs).tolist()}.")
    return outputs.astype(np.int32)
