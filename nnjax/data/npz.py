"""Load data sets from NumPy archives (.npz)."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nnjax.core.archives import DAMAGE, describe, read_npz
from nnjax.core.errors import UserError
from nnjax.core.types import Dataset
from nnjax.data import files
from nnjax.data.arrays import from_arrays
from nnjax.data.source_record import Source
from nnjax.data.table_targets import labels_or_numbers

REMEDY = "save it with numpy.savez(file, x=..., y=...)"
PARTS = {"_val": "validation", "_test": "test"}


def load(path: Path, name: str, target: str | None = None, task: str | None = None) -> Dataset:
    """Load an .npz file with the arrays x and y, and others for validation and test sets of its own.

    Those are x_val and y_val, x_test and y_test; x_train and y_train, as in Keras's mnist.npz, mean the same as x and
    y. Without y there are no labels. Pickled objects are never loaded.

    Args:
      path: the file.
      name: what the data set is called.
      target: the array to use instead of y (and TARGET_val, TARGET_test), or the index of a column of x (-1: the last),
        which is then no input; labels are distinguished from other numbers as in a table (`nnjax.data.tables.load`).
      task: "classification" or "regression"; None for what y looks like.

    Raises:
      UserError: not an .npz file, or arrays that are missing, pickled or do not fit together.
    """
    arrays = _read(path)
    column = _column(arrays, target, path)
    wanted = "y" if target is None or column is not None else target
    parts = [_part(arrays, wanted, part, column, path) for part in ("", "_val", "_test")]
    if parts[0] is None or (target and parts[0][1] is None):
        lacking = "x" if parts[0] is None else wanted
        has = ", ".join(arrays) or "none"
        raise UserError(f"{path} has no array {lacking} (it has {has}): {REMEDY}.")
    there = [part for part in parts if part is not None]
    for x, outputs in there:
        if x.ndim == 0:
            raise UserError(f"{path} has an array x of one number, but examples were expected: save one a row.")
        if len(there) > 1 and outputs is not None and np.shape(x)[:1] != np.shape(outputs)[:1]:
            raise UserError(f"{path} has arrays of different lengths: x {x.shape}, {wanted} {outputs.shape}.")
    lengths = [0 if part is None else len(part[0]) for part in parts]
    labels = [outputs for _, outputs in there if outputs is not None]
    y = _join(labels, wanted, path) if labels else None
    return from_arrays(
        _join([x for x, _ in there], "x", path),
        labels_or_numbers(y) if column is not None and y is not None and task is None else y,
        name,
        task if y is not None else None,
        source=str(path),
        validation_start=lengths[0] if lengths[1] else None,
        test_start=sum(lengths[:2]) if lengths[2] else None,
    )


def _column(arrays: Mapping[str, np.ndarray], target: str | None, path: Path) -> int | None:
    """Find the column of x that a target means; None where it means an array."""
    if target is None or target in arrays or not target.removeprefix("-").isdecimal():
        return None
    x, index = arrays.get("x", arrays.get("x_train")), int(target)
    width = x.shape[1] if x is not None and x.ndim == 2 else 0
    if width < 2 or not -width <= index < width:
        raise UserError(
            f"The target {target} is neither an array of {path} (it has {', '.join(arrays) or 'none'}) nor a column of "
            f"x, of which there are {width}."
        )
    return index


def _part(
    arrays: Mapping[str, np.ndarray], wanted: str, part: str, column: int | None, path: Path
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Find x and y of one part; None if the file has neither."""
    x, y = (arrays.get(f"{name}{part}", None if part else arrays.get(f"{name}_train")) for name in ("x", wanted))
    if x is not None and column is not None:
        if x.ndim != 2:
            raise UserError(f"x{part} of {path} has the shape {x.shape}, but columns were expected.")
        return np.delete(x, column, axis=1), x[:, column]
    if not part or (x is None and y is None):
        return None if x is None else (x, y)
    kind, whole = PARTS[part], arrays.get(wanted, arrays.get(f"{wanted}_train"))
    if x is None or (y is None) != (whole is None):
        has = ", ".join(arrays)
        raise UserError(f"{path} has only part of a {kind} set (it has {has}): x{part} and {wanted}{part} go together.")
    return x, y


def _read(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of the archive by name."""
    data = io.BytesIO(files.read_bytes(path))
    if not zipfile.is_zipfile(data):
        raise UserError(f"{path} is not an .npz archive, or is cut short: {REMEDY}.")
    try:
        return read_npz(data, most=200, free=1 << 28)
    except DAMAGE as error:
        raise UserError(
            f"{path} has an array that cannot be used ({describe(error)}): save plain numbers or fixed-width text, not "
            "objects."
        ) from None


def _join(arrays: Sequence[np.ndarray], which: str, path: Path) -> np.ndarray:
    first = arrays[0]
    for other in arrays[1:]:
        if first.ndim == 0 or other.ndim == 0 or first.shape[1:] != other.shape[1:]:
            raise UserError(
                f"{path} has {which} of the shape {first.shape} for training but {other.shape} for validation or test."
            )
    return np.concatenate(arrays) if len(arrays) > 1 else first


SOURCES = {
    "npz": Source(
        lambda request: load(request.path, request.name, request.target, request.task),
        "arrays x and y, and others for validation and test, in a NumPy archive",
        "FILE",
        takes_target=True,
        endings=("npz",),
    )
}
