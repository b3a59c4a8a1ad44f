"""Inputs that stay on the disk: rows are read when they are indexed."""

import math
import mmap
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nnjax.core.archives import DAMAGE, describe
from nnjax.core.errors import UserError

CHUNK = 1 << 26  # bytes that one pass over all rows holds at a time
AT_ONCE = 256  # rows of a mapped file; with each of them the system maps up to 2 MB around it


class RowReader(Protocol):
    """A block of rows in one file: [n, ...] of one dtype."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Fetch rows by index: [rows, ...]; a `UserError` says that they are not there any more."""


class FileRows:
    """Inputs [n, d] read from consecutive parts: the x of a `Dataset` that does not fit into memory.

    Args:
      parts: of equal widths and types, C-ordered.

    Attributes:
      shape: (n, d).
      stored_shape: (n, ...) as it is in the parts, such as (n, height, width).
      dtype: uint8 where it is so stored, else float32.
    """

    def __init__(self, parts: Sequence[RowReader]):
        self.parts = list(parts)
        self.starts = np.cumsum([0] + [part.shape[0] for part in parts])
        self.stored_shape = int(self.starts[-1]), *parts[0].shape[1:]
        self.shape = int(self.starts[-1]), math.prod(parts[0].shape[1:])
        self.dtype = np.dtype(np.uint8 if parts[0].dtype == np.uint8 else np.float32)

    def __len__(self) -> int:
        """Count the rows."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read rows by index [r] or slice: [r, d]; UserError if they are not there any more."""
        rows = np.arange(len(self))[index] if isinstance(index, slice) else np.asarray(index)
        if len(self.parts) == 1 and self.parts[0].dtype == self.dtype:
            return self.parts[0].read(rows).reshape(-1, self.shape[1])
        which = np.searchsorted(self.starts, rows, side="right") - 1
        out = np.empty((len(rows), self.shape[1]), self.dtype)
        for number in np.unique(which):
            own = which == number
            found = self.parts[number].read(rows[own] - self.starts[number]).reshape(-1, self.shape[1])
            with np.errstate(over="ignore"):  # what float32 cannot hold is refused by `check_finite`
                out[own] = found
        return out

    def chunks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Read all rows, some at a time, each with the number of the first."""
        step = max(1, CHUNK // (self.shape[1] * self.dtype.itemsize))
        for start in range(0, len(self), step):
            yield start, self[np.arange(start, min(start + step, len(self)))]

    def max(self) -> float:
        """Find the largest number."""
        return max(float(rows.max()) for _, rows in self.chunks())


class NpyFile:
    """An array in a .npy file, mapped into memory.

    The file must not change: its size and time are compared before and after each reading, because the system kills a
    process that reads from a mapped file that was shortened.

    Args:
      path: the file.

    Attributes:
      shape, dtype: of the array.

    Raises:
      UserError: it is not there, not such a file, cut short, or holds objects, text, or an array in Fortran's order.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self._map = np.lib.format.open_memmap(path, mode="r")
        except FileNotFoundError:
            raise UserError(f"{path} does not exist: save it with numpy.save.") from None
        except DAMAGE as error:
            raise UserError(
                f"{path} is not an array that can be read in place ({describe(error)}): save plain numbers with "
                "numpy.save."
            ) from None
        self._file: mmap.mmap = self._map._mmap  # type: ignore[attr-defined]
        self.shape, self.dtype = self._map.shape, self._map.dtype
        self._state = self._look()
        if self.dtype.kind not in "buif":
            raise UserError(f"{path} has the type {self.dtype}, but numbers were expected.")
        if not self._map.ndim or min(self.shape) < 1:
            raise UserError(f"{path} has the shape {self.shape}, but at least one example was expected.")
        if not self._map.flags.c_contiguous:
            raise UserError(
                f"{path} is in Fortran's order, in which examples do not lie together: save "
                "numpy.ascontiguousarray(x) instead."
            )

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Fetch rows by index; UserError if the file has changed since it was opened."""
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for start in range(0, len(rows), AT_ONCE):
            self._refuse_change()
            out[start : start + AT_ONCE] = self._map[rows[start : start + AT_ONCE]]
            if hasattr(mmap, "MADV_DONTNEED"):  # what was read counts as the process's memory no longer
                self._file.madvise(mmap.MADV_DONTNEED)
        self._refuse_change()
        return out

    def _look(self) -> tuple[int, int] | None:
        """Return the file's size and the time of its last change; None if it is gone."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        return found.st_size, found.st_mtime_ns

    def _refuse_change(self) -> None:
        now = self._look()
        if now != self._state:
            what = "no longer exists" if now is None else "has changed since it was opened"
            raise UserError(f"{self.path} {what}: restore the file and repeat the command to resume.")
