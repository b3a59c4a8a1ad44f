"""Truth tables: what the first neurons were asked to compute.

A table of n inputs has 2ⁿ outputs of {0, 1}, one a row; the rows count up in binary with the first input as the
highest digit: 00, 01, 10, 11.
"""

from __future__ import annotations

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array

TABLES = {
    "AND": (0, 0, 0, 1),
    "OR": (0, 1, 1, 1),
    "NAND": (1, 1, 1, 0),
    "NOR": (1, 0, 0, 0),
    "XOR": (0, 1, 1, 0),
    "XNOR": (1, 0, 0, 1),
    "AND3": (0, 0, 0, 0, 0, 0, 0, 1),
}


def rows(num_inputs: int) -> np.ndarray:
    """All inputs in the order of a table: int32 [2^n, n] of {0, 1}.

    Raises:
      UserError: no input.
    """
    if num_inputs < 1:
        raise UserError(f"A truth table needs at least 1 input, not {num_inputs}.")
    counts, digits = np.arange(2**num_inputs, dtype=np.int32), np.arange(num_inputs, dtype=np.int32)
    return (counts[:, None] >> digits[::-1]) & 1


def checked(table: Array) -> np.ndarray:
    """A table as int32 [2^n].

    Raises:
      UserError: its length is not 2, 4, 8, …, or an output is not 0 or 1.
    """
    outputs = np.asarray(table)
    size = outputs.size
    if outputs.ndim != 1 or size < 2 or size & (size - 1):
        raise UserError(f"A truth table is a row of 2, 4, 8, … outputs, but this one has the shape {outputs.shape}.")
    if not np.isin(outputs, (0, 1)).all():
        raise UserError(f"A truth table holds 0 and 1 only, but this one holds {np.unique(outputs).tolist()}.")
    return outputs.astype(np.int32)
