"""Fit scalers on the training examples, without a float copy of the data."""

from collections.abc import Iterator

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import AUTO
from nnjax.core.multi_input import Part, Structure
from nnjax.core.types import Dataset, Rows, Scaler

KINDS = (AUTO, "unit", "standard", "minmax", "none")
CHUNK = 2048  # rows converted to float64 at a time


def identity() -> Scaler:
    """Make the scaler that changes nothing."""
    return _factor(1.0)


def kind_for(dataset: Dataset, kind: str) -> str:
    """Resolve the scaling of a data set's inputs: "auto" is "standard" for a table, "unit" for all others."""
    return kind if kind != AUTO else "standard" if dataset.tabular else "unit"


def fit(x: Rows, rows: np.ndarray, kind: str, full_scale: float | None = None, parts: tuple[Part, ...] = ()) -> Scaler:
    """Fit a scaler to the given rows.

    Args:
      x: [n, d] uint8 or float32.
      rows: indices of the training examples.
      kind: "unit" divides by `full_scale`, "standard" makes mean 0 and standard deviation 1, "minmax" the range 0 to 1,
        each feature for itself; "none" changes nothing.
      full_scale: the value that "unit" brings to 1; None for 255 where x is uint8 and 1 elsewhere.
      parts: the arrays that x is, as in `Dataset`; whole numbers and truth values among them stay as they are.

    Returns:
      Its mean and scale, [] ("unit", "none") or [d], float32, or float64 where x is; the scale is 1 where a
      feature does not vary.

    Raises:
      UserError: an unknown kind.
    """
    if parts and kind in KINDS:
        return _of_parts(x, rows, kind, full_scale, Structure(parts))
    dtype = np.dtype(np.float64 if x.dtype == np.float64 else np.float32)
    if kind == "none":
        return _factor(1.0, dtype)
    if kind == "unit":
        return _factor(1.0 / (full_scale or (255.0 if x.dtype == np.uint8 else 1.0)), dtype)
    if kind == "standard":
        mean = sum(part.sum(axis=0) for part in _chunks(x, rows)) / len(rows)
        variance = sum(((part - mean) ** 2).sum(axis=0) for part in _chunks(x, rows)) / len(rows)
        return _scaler(mean, np.sqrt(variance), dtype)
    if kind == "minmax":
        low = np.min([part.min(axis=0) for part in _chunks(x, rows)], axis=0)
        high = np.max([part.max(axis=0) for part in _chunks(x, rows)], axis=0)
        return _scaler(low, high - low, dtype)
    raise UserError(f"The scaling {kind!r} is unknown: choose one of {', '.join(KINDS[1:])}.")


def _of_parts(x: Rows, rows: np.ndarray, kind: str, full_scale: float | None, structure: Structure) -> Scaler:
    """Fit a scaler to the columns of measured numbers alone: [d] each."""
    found = fit(x, rows, kind, full_scale)
    mean, scale = (np.broadcast_to(part, structure).copy() for part in found)
    if kind == "unit":
        for part, columns in structure.columns():
            scale[columns] = 1.0 / (full_scale or (255.0 if part.dtype == "uint8" else 1.0))
    measured = structure.measured()
    return Scaler(np.where(measured, mean, np.float32(0)), np.where(measured, scale, np.float32(1)))


def _factor(scale: float, dtype: np.dtype = np.dtype(np.float32)) -> Scaler:
    return Scaler(np.zeros((), dtype), np.array(scale, dtype))


def _chunks(x: Rows, rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), CHUNK):
        yield x[rows[start : start + CHUNK]].astype(np.float64)


def _scaler(mean: np.ndarray, spread: np.ndarray, dtype: np.dtype) -> Scaler:
    varies = spread > np.finfo(dtype).tiny  # below that 1 / spread is infinite
    return Scaler(mean.astype(dtype), (1.0 / np.where(varies, spread, 1.0)).astype(dtype))
