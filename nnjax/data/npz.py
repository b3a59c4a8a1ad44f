"""Arrays from a NumPy archive (.npz)."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np

from nnjax.data import files
from nnjax.data.arrays import from_arrays
from nnjax.types import Dataset, UserError


def load(path: Path, name: str, target: str | None = None) -> Dataset:
    """The data set in an .npz file with the arrays x and y, and x_test and y_test if it has a test set of its own.

    x_train and y_train (as in Keras's mnist.npz) mean the same as x and y; without y there are no labels. Pickled
    objects are never loaded.

    Args:
      path: the file.
      name: what the data set is called.
      target: the array to use instead of y (and TARGET_test instead of y_test).

    Raises:
      UserError: not an .npz file, or arrays that are missing, pickled or do not fit together.
    """
    parts = _read(path)
    wanted = target or "y"
    x, y = parts.get("x", parts.get("x_train")), parts.get(wanted, parts.get(f"{wanted}_train"))
    has = f"it has {', '.join(parts) or 'none'}"
    if x is None or (target and y is None):
        lacking = "x" if x is None else wanted
        raise UserError(f"{path} has no array {lacking} ({has}): save it with numpy.savez(file, x=..., y=...).")
    x_test, y_test = parts.get("x_test"), parts.get(f"{wanted}_test")
    if x_test is None and y_test is None:
        return from_arrays(x, y, name, source=str(path))
    if x_test is None or (y is None) != (y_test is None):
        raise UserError(f"{path} has only part of a test set ({has}): x_test and {wanted}_test go together.")
    for inputs, outputs, which in ((x, y, "training"), (x_test, y_test, "test")):
        if outputs is not None and (outputs.ndim == 0 or inputs.ndim == 0 or len(inputs) != len(outputs)):
            raise UserError(
                f"{path} has {which} arrays of different lengths: x {inputs.shape}, {wanted} {outputs.shape}."
            )
    outputs = None if y is None or y_test is None else _join(y, y_test, wanted, path)
    return from_arrays(_join(x, x_test, "x", path), outputs, name, source=str(path), test_start=len(x))


def _read(path: Path) -> dict[str, np.ndarray]:
    """All arrays of the archive by name."""
    data = io.BytesIO(files.read_bytes(path))
    if not zipfile.is_zipfile(data):
        raise UserError(
            f"{path} is not an .npz archive, or is cut short: save it with numpy.savez(file, x=..., y=...)."
        )
    arrays: dict[str, np.ndarray] = {}
    try:
        with np.load(data, allow_pickle=False) as archive:
            for name in archive.files:
                arrays[name] = archive[name]
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"{path} has an array {name} that cannot be used ({error}): save plain numbers or fixed-width "
            "text, not objects."
        ) from None
    return arrays


def _join(first: np.ndarray, second: np.ndarray, which: str, path: Path) -> np.ndarray:
    if first.shape[1:] != second.shape[1:]:
        raise UserError(f"{path} has {which} of the shape {first.shape} for training but {second.shape} for test.")
    return np.concatenate([first, second])
