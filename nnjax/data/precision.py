"""Keep float64 where float32 would merge distinct numbers: times in seconds, identifiers, coordinates."""

import numpy as np

FINE = 1e-6  # float32's step over a column's spread, below which nothing worth mention merges
MERGED = 0.01  # share of distinct numbers that must merge in a long column; in a short one a single one is enough
SHORT = 1000
TINY = 1e-30
ROUGH = 1e-4  # share of a column's spread by which float32 may move its numbers


def narrow(values: np.ndarray) -> np.ndarray:
    """Cast numbers [n, d] to float32, or to float64 where a column's numbers would merge, move or vanish in float32.

    Scalers are then fitted in float64, and numbers are scaled before they are cast.
    """
    if values.dtype.itemsize < 4 or values.dtype == np.float32 or values.dtype.kind == "b":
        return values.astype(np.float32)
    merging = any(_is_tiny(values[:, i]) or _moves(values[:, i]) or merges(values[:, i]) for i in _coarse(values))
    return values.astype(np.float64 if merging else np.float32)


def _coarse(values: np.ndarray) -> np.ndarray:
    """Find the columns whose spread is so small, seen from 0, that float32's steps may matter."""
    if not len(values):
        return np.zeros(0, np.int64)
    with np.errstate(invalid="ignore"):
        high, low = (np.fmax.reduce(values, axis=0), np.fmin.reduce(values, axis=0))
        high, low = high.astype(np.float64), low.astype(np.float64)
        step = np.maximum(np.abs(high), np.abs(low)) * np.finfo(np.float32).eps
        return np.flatnonzero((high > low) & ((step > FINE * (high - low)) | (high - low < TINY)))


def _is_tiny(column: np.ndarray) -> bool:
    """Whether numbers [n] differ by so little that float32, or the inverse of their spread in it, has no room."""
    return bool(np.fmax.reduce(column) - np.fmin.reduce(column) < TINY)


def _moves(column: np.ndarray) -> bool:
    """Whether float32 moves numbers [n] by a share of their spread that matters, such as dates written as 20240131."""
    there = column[column == column]
    return bool(np.abs(there - there.astype(np.float32)).max() > ROUGH * np.ptp(there))


def merges(column: np.ndarray) -> bool:
    """Whether distinct numbers [n] become equal in float32, more than a few by chance."""
    distinct = np.unique(column[column == column])
    left = len(np.unique(distinct.astype(np.float32)))
    return left < len(distinct) * (1 if len(distinct) <= SHORT else 1 - MERGED)
