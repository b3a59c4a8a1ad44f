"""Check y, and convert it to class indices or regression targets."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.data import precision

MAX_CLASSES = 1000
LARGEST = np.float64(1e37)  # of inputs and targets: with larger ones float32 has no room to scale them
FEWEST_COUNTED = 3  # labels 0, 1, 2, … from here on are taken for a count of the classes
LABEL_TYPES = {"b": "bool", "i": "int", "u": "int", "f": "float", "U": "text", "S": "text"}  # by NumPy's kind
TASKS = ("classification", "regression", "none")


class Outputs(NamedTuple):
    """The fields of a `Dataset` that depend on y."""

    y: np.ndarray | None
    task: str
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    label_type: str = ""


def make(
    y: np.ndarray | None, task: str | None, classes: Sequence[str], targets: Sequence[str], num_examples: int, name: str
) -> Outputs:
    """Make the outputs of a data set of `num_examples`; the other arguments, and the errors, as in `from_arrays`."""
    if task is not None and task not in TASKS:
        raise UserError(f"The task {task!r} of {name} is unknown: choose one of {', '.join(TASKS)}.")
    if y is None and task in ("classification", "regression"):
        raise UserError(f"{name} has no y, but {task} needs one.")
    if y is None or task == "none":
        return Outputs(None, "none")
    require_equal_lengths(y, num_examples, name)
    if y.ndim == 2 and y.shape[1] == 1 and y.dtype.kind != "f":
        y = y[:, 0]
    if task is None:
        task = "classification" if y.ndim == 1 and y.dtype.kind != "f" else "regression"
    if task == "classification":
        labels, names = _labels(y, tuple(classes), name)
        return Outputs(labels, task, names, label_type="" if classes else LABEL_TYPES[y.dtype.kind])
    values = _values(y, name)
    targets = column_names(targets, "y", values.shape[1], name)
    check_finite(values, targets, f"y of {name}")
    values = precision.narrow(np.ascontiguousarray(values))
    return Outputs(values, task, targets=targets)


def named_labels(classes: Sequence[str], label_type: str) -> np.ndarray:
    """Return the labels [k] of class names in their own type; by "" as whole numbers. ValueError for no label."""
    if label_type not in ("", *LABEL_TYPES.values()):
        raise ValueError(f"the labels have the type {label_type!r}")
    if label_type == "bool":
        return np.array([("False", "True").index(name) for name in classes], bool)
    if label_type == "" and all(name.isdecimal() and str(int(name)) == name for name in classes):
        label_type = "int"
    if label_type not in ("int", "float"):
        return np.array(classes)
    if label_type == "float":
        return np.array([float(name) for name in classes], np.float64)
    numbers = [int(name) for name in classes]
    least, largest = min(numbers, default=0), max(numbers, default=0)
    if least < -(2**63) or largest >= (2**64 if least >= 0 else 2**63):
        raise ValueError("the labels need more than 64 bits")
    return np.array(numbers, np.uint64 if largest >= 2**63 else np.int64)


def require_equal_lengths(y: np.ndarray, num_examples: int, name: str) -> None:
    """Refuse a y that is not as long as x."""
    if y.ndim == 0 or len(y) != num_examples:
        count = 1 if y.ndim == 0 else len(y)
        raise UserError(f"{name} has {num_examples} examples in x but {count} in y: as many were expected.")


def _labels(y: np.ndarray, classes: tuple[str, ...], name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Convert y to class indices int32 [n], and name the classes."""
    if y.ndim != 1:
        raise UserError(
            f"y of {name} has the shape {y.shape}, but one class label an example was expected "
            "(of one-hot rows, take argmax)."
        )
    if y.dtype.kind == "f" and not np.array_equal(y, np.trunc(y)):  # NaN differs from itself
        raise UserError(f"y of {name} has fractions or NaN, but class labels (whole numbers or text) were expected.")
    y = y.astype(np.int64) if y.dtype.kind == "f" else y
    if classes:
        return _known_labels(y, classes, name), classes
    found, codes = np.unique(y, return_inverse=True)
    if len(found) > MAX_CLASSES or (len(found) == len(y) and len(y) > 2):
        raise UserError(
            f"y of {name} has {len(found)} classes in {len(y)} examples; at most {MAX_CLASSES}, and several "
            "examples of each, were expected: is it an identifier, or a number (then set data.task=regression)?"
        )
    if y.dtype.kind in "iu":
        _refuse_stray(y, found.astype(np.int64), name)
    return codes.astype(np.int32), tuple(value.decode() if isinstance(value, bytes) else str(value) for value in found)


def _refuse_stray(y: np.ndarray, found: np.ndarray, name: str) -> None:
    """Refuse labels that stand far from others which count classes from 0 or 1 without a gap: 255 beside 0 to 9."""
    for first in (0, 1):
        rest = found[(found >= first) & (found - first < len(found))]
        stray = found[(found < first - 1) | (found - first >= 2 * len(found))]
        if len(rest) < FEWEST_COUNTED or len(rest) + len(stray) < len(found) or not len(stray):
            continue
        if np.array_equal(rest, np.arange(first, first + len(rest))):
            where = int(np.argmax(y == stray[-1]))
            raise UserError(
                f"{name} has labels {rest[0]} to {rest[-1]}, but also {', '.join(map(str, stray))}, out of their range "
                f"(such as in example {where}, counted from 0): remove those examples, or write the labels as texts if "
                "they are classes."
            )


def _known_labels(y: np.ndarray, classes: tuple[str, ...], name: str) -> np.ndarray:
    if len(classes) > MAX_CLASSES:
        raise UserError(f"{name} has {len(classes)} classes, but at most {MAX_CLASSES} were expected.")
    if y.dtype.kind not in "bui":
        raise UserError(
            f"y of {name} has the type {y.dtype}, but indices into the {len(classes)} class names were expected."
        )
    outside = np.flatnonzero((y < 0) | (y >= len(classes)))
    if len(outside):
        raise UserError(
            f"{name} has {len(outside)} label{'s' * (len(outside) > 1)} out of range, the first "
            f"({y[outside[0]]}) in example {outside[0]} (counted from 0): 0 to {len(classes) - 1} were expected."
        )
    return y.astype(np.int32)


def _values(y: np.ndarray, name: str) -> np.ndarray:
    """Check regression targets: [n, k]."""
    if y.dtype.kind not in "buif":
        raise UserError(f"y of {name} is text, but regression needs numbers.")
    if y.ndim > 2 or y.size == 0:
        raise UserError(f"y of {name} has the shape {y.shape}, but [examples] or [examples, targets] was expected.")
    return y.reshape(len(y), -1)


def check_finite(values: np.ndarray, columns: Sequence[str], what: str, first_row: int = 0) -> None:
    """Refuse NaN, infinity and what is too large in values [n, d], saying how many and where the first one is.

    The values may be some of the rows, from `first_row` on.

    Raises:
      UserError: there are some.
    """
    if not np.issubdtype(values.dtype, np.floating):
        return
    bad = np.argwhere(~(np.abs(values) <= LARGEST))
    if not len(bad):
        return
    row, column = bad[0]
    first = values[row, column]
    kind, remedy = "NaN or infinite", "fill in or remove what is missing"
    if np.isfinite(first):
        kind, remedy = f"beyond {LARGEST:g}, too large for float32", "correct them, or choose a larger unit"
    where = f"column {columns[column]!r}" if columns else f"pixel {column}"
    place = f"example {first_row + row} (counted from 0), {where}"
    values_are = "value that is" if len(bad) == 1 else "values that are"
    raise UserError(f"{what} has {len(bad)} {values_are} {kind}, the first ({first}) in {place}: {remedy}.")


def column_names(names: Sequence[str], prefix: str, width: int, name: str) -> tuple[str, ...]:
    """Check column names, or make them up: x1, x2, ...; a single target is called y."""
    if not names:
        return ("y",) if prefix == "y" and width == 1 else tuple(f"{prefix}{i + 1}" for i in range(width))
    if len(names) != width:
        raise UserError(f"{prefix} of {name} has {width} columns but {len(names)} column names: as many were expected.")
    return tuple(names)
