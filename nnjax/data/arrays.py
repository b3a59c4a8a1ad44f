"""Make a checked `Dataset` of arrays; the examples of every source pass through here."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Dataset, Rows
from nnjax.data import targets as outputs
from nnjax.data.file_rows import FileRows


def from_arrays(
    x: Any,
    y: Any = None,
    name: str = "arrays",
    task: str | None = None,
    *,
    source: str = "arrays in memory",
    classes: Sequence[str] = (),
    features: Sequence[str] = (),
    targets: Sequence[str] = (),
    image_shape: tuple[int, int] | None = None,
    test_start: int | None = None,
    validation_start: int | None = None,
    categories: Mapping[str, tuple[str, ...]] | None = None,
    full_scale: float | None = None,
) -> Dataset:
    """Make a data set of arrays, and check it.

    Args:
      x: [n, d] numbers, [n, h, w] or [n, h, w, channels] images, or [n] for a single input. uint8 stays uint8 (it is
        scaled on the device), everything else becomes float32. Or `FileRows`, which stay on the disk.
      y: [n] class labels (whole numbers, booleans or text), [n] or [n, k] float targets, or None for no labels.
      name: what messages and reports call it.
      task: "classification", "regression" or "none"; None infers it: whole numbers, booleans or text in one column are
        classes, other numbers are regression targets.
      source: where it came from, for the report.
      classes: the class names; y must then hold indices into them. Without names the distinct labels, sorted, are the
        classes, and y becomes their indices.
      features, targets: column names; made up where empty (images have none).
      image_shape: (height, width) of flattened gray images.
      test_start: examples from this index on are the source's own test set.
      validation_start: examples from this index to the test set are its own validation set.
      categories: names of the codes in categorical columns of x.
      full_scale: the value that scaling "unit" brings to 1; None for 255 where x is uint8 and 1 elsewhere.

    Raises:
      UserError: numbers that are not finite, shapes or lengths that disagree, labels out of range, too many classes.
    """
    given = x if isinstance(x, FileRows) else _as_array(x, "x", name)
    shape = given.stored_shape if isinstance(given, FileRows) else given.shape
    image_shape = _image_shape(shape, image_shape, name)
    names = () if image_shape else outputs.column_names(features, "x", math.prod(shape[1:]), name)
    inputs: Rows = given if isinstance(given, FileRows) else _checked(given, names, name)
    ends = {"test": (test_start, len(inputs)), "validation": (validation_start, test_start or len(inputs))}
    for part, (start, end) in ends.items():
        if start is not None and not 0 < start < end:
            raise UserError(f"The {part} set of {name} begins at example {start}, but 1 to {end - 1} was expected.")
    learned = outputs.make(None if y is None else _as_array(y, "y", name), task, classes, targets, len(inputs), name)
    return Dataset(
        name=name,
        source=source,
        x=inputs,
        y=learned.y,
        task=learned.task,
        sha256=digest(inputs, learned.y, lambda rows, first: outputs.check_finite(rows, names, f"x of {name}", first)),
        classes=learned.classes,
        features=names,
        targets=learned.targets,
        image_shape=image_shape,
        test_start=test_start,
        validation_start=validation_start,
        categories=dict(categories or {}),
        full_scale=full_scale,
        shape=tuple(shape[1:]) if len(shape) > 2 else (*image_shape, 1) if image_shape else (),
    )


def digest(x: Rows, y: np.ndarray | None, check: Callable[[np.ndarray, int], None] = lambda rows, first: None) -> str:
    """Compute the SHA-256 (hex) of dtypes, shapes and bytes of x and y.

    Stored rows are read once, some at a time, and each time `check` is called with them and the number of the first.
    """
    state = hashlib.sha256(f"{x.dtype.str}{x.shape}".encode())
    if isinstance(x, FileRows):
        for first, rows in x.chunks():
            check(rows, first)
            state.update(rows.data)
    else:
        state.update(np.ascontiguousarray(x).data)
    state.update(b"none" if y is None else f"{y.dtype.str}{y.shape}".encode())
    state.update(b"" if y is None else np.ascontiguousarray(y).data)
    return state.hexdigest()


def _as_array(values: Any, which: str, name: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:
        raise UserError(f"{which} of {name} has rows of different lengths: a rectangular array was expected.") from None
    if array.dtype == object and which == "y" and all(isinstance(value, str) for value in array.flat):
        array = array.astype(str)
    if array.dtype.kind not in ("buif" if which == "x" else "buifUS"):
        raise UserError(f"{which} of {name} has the type {array.dtype}, but numbers were expected.")
    return array


def _image_shape(shape: tuple[int, ...], image_shape: tuple[int, int] | None, name: str) -> tuple[int, int] | None:
    """Find the shape of the gray images in x; None if it holds none."""
    if len(shape) == 3 or (len(shape) == 4 and shape[3] == 1):
        image_shape = shape[1], shape[2]
    if not 1 <= len(shape) <= 4 or 0 in shape:
        raise UserError(
            f"x of {name} has the shape {shape}, but [examples, inputs] with at least one of each was expected."
        )
    width = math.prod(shape[1:])
    if image_shape and image_shape[0] * image_shape[1] != width:
        raise UserError(f"x of {name} has {width} inputs, which are not images of {image_shape[0]}×{image_shape[1]}.")
    return image_shape


def _checked(x: np.ndarray, names: Sequence[str], name: str) -> np.ndarray:
    """x as [n, d], uint8 or float32."""
    flat = np.ascontiguousarray(x.reshape(len(x), -1))
    outputs.check_finite(flat, names, f"x of {name}")
    return flat if flat.dtype == np.uint8 else flat.astype(np.float32)
