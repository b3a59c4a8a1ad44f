"""Make a checked `Dataset` of arrays; the examples of every source pass through here."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from nnjax.core.columns import TableRecipe
from nnjax.core.errors import UserError
from nnjax.core.multi_input import Structure, flatten, flatten_as, is_structure
from nnjax.core.numeric import as_numbers
from nnjax.core.types import Dataset, Rows
from nnjax.data import grouped_splits, one_hot, precision
from nnjax.data import targets as outputs
from nnjax.data.example_weights import Weighted, weigh
from nnjax.data.file_rows import FileRows
from nnjax.data.predefined_splits import Examples, join


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
    full_scale: float | None = None,
    sample_weight: Any = None,
    x_val: Any = None,
    y_val: Any = None,
    x_test: Any = None,
    y_test: Any = None,
    sample_weight_val: Any = None,
    sample_weight_test: Any = None,
    integers: bool = False,
    recipe: TableRecipe | None = None,
    groups: Any = None,
    dates: Mapping[str, np.ndarray] = MappingProxyType({}),
    said: Sequence[str] = (),
    gaps: bool = False,
) -> Dataset:
    """Make a data set of arrays, and check it.

    Args:
      x: [n, d] numbers, [n, h, w] or [n, h, w, channels] images, [n] for a single input, or more axes, which only a
        model of your own takes. uint8 stays uint8 (it is scaled on the device), everything else becomes float32. A
        DataFrame of numbers keeps its columns' names, by which those of own sets and of new rows are put in order. Or
        `FileRows`, which stay on the disk. Or several arrays: a dictionary, tuple or list of them, which a model of
        your own gets as [b, *shape] each; there whole numbers (up to 2^24) stay int32, truth values bool, and neither
        is scaled.
      y: [n] class labels (whole numbers, booleans or text), [n] or [n, k] float targets, or None for no labels. Where
        the loss is of classes, or is left open, one-hot rows [n, k] are read as classes, which is said (unless `task`
        is "regression"); of a DataFrame its columns name them.
      name: what messages and reports call it.
      task: "classification", "regression" or "none"; None infers it: whole numbers, booleans or text in one column are
        classes, other numbers are regression targets.
      source: where it came from, for the report.
      classes: the class names; y must then hold indices into them. Without names the distinct labels, sorted, are the
        classes, and y becomes their indices.
      features, targets: column names; made up where empty (images have none). With names of its features x is a table.
      image_shape: (height, width) of flattened gray images.
      test_start: examples from this index on are the source's own test set.
      validation_start: examples from this index to the test set are its own validation set.
      full_scale: the value that scaling "unit" brings to 1; None for 255 where x is uint8 and 1 elsewhere.
      sample_weight: [n] numbers from 0 with which examples count in losses and metrics (weighted means, in training and
        in evaluation); None where all count alike. An example of weight 0 is removed.
      x_val, y_val: a validation set of your own, as x and y; it validates and never trains, and no other example does.
      x_test, y_test: a test set of your own. Without it, and with x_val, there is no test part.
      sample_weight_val, sample_weight_test: weights of their examples; None for 1 each.
      integers: x is an array of whole numbers that stand for something, such as token ids, which a model of your own
        gets as int32 and unscaled. False takes numbers for measurements: float32, scaled.
      groups: [n] numbers or texts, equal for examples that belong together (a patient's): they come into one part.
      recipe, dates, said: as in `Dataset`; with gaps x may have NaN for missing cells.

    Raises:
      UserError: numbers that are not finite, shapes or lengths that disagree, labels out of range, too many classes;
        labels of an own set that no training example has, unless `classes` names them.
    """
    labels = None if y is None else _as_array(y, "y", name)
    given, structure = _inputs(x, None if labels is None else len(np.atleast_1d(labels)), name, integers)
    columns = _column_names(x)
    features = features or columns
    x_val, x_test = (_in_order(some, columns, f"x_{part}", name) for some, part in ((x_val, "val"), (x_test, "test")))
    own = _own_sets(
        {"val": (x_val, y_val, sample_weight_val), "test": (x_test, y_test, sample_weight_test)}, structure, name
    )
    if own:
        if isinstance(given, FileRows) or validation_start is not None or test_start is not None:
            raise UserError(
                f"{name} has x_{next(iter(own))}, but x holds sets of its own already: give one of the two."
            )
        checks_labels = not classes and task in (None, "classification")
        (given, labels, sample_weight), starts = join(Examples(given, labels, sample_weight), own, name, checks_labels)
        validation_start, test_start = starts.get("val"), starts.get("test")
    shape = given.stored_shape if isinstance(given, FileRows) else given.shape
    image_shape = _image_shape(shape, image_shape, name)
    if groups is not None and (own or validation_start is not None or test_start is not None):
        raise UserError(f"{name} has groups and sets of its own, which say what is in which part: give one of the two.")
    numbers = None if groups is None else grouped_splits.number(groups, len(given), name)
    found = Weighted(given, labels, (validation_start, test_start), groups=numbers)
    _require_inside(found, name)
    if sample_weight is not None:
        found = weigh(sample_weight, found, name)
    parts = [f"{part.path or 'x'}_{i + 1}" for part in structure.parts for i in range(part.size)] if structure else []
    names = () if image_shape else outputs.column_names(features or parts, "x", math.prod(shape[1:]), name)
    inputs: Rows = found.x if isinstance(found.x, FileRows) else _checked(found.x, names, name, gaps)
    rows = task in (None, "classification") and one_hot.are_rows(found.y)
    learned = outputs.make(found.y, "regression" if rows else task, classes, targets, len(inputs), name)
    made = Dataset(
        name=name,
        source=source,
        x=inputs,
        y=learned.y,
        task=learned.task,
        sha256=digest(
            inputs,
            learned.y,
            lambda rows, first: outputs.check_finite(rows, names, f"x of {name}", first),
            found.weights,
            structure,
            (tuple(features), tuple(targets), _telling(learned.classes)),
            found.groups,
        ),
        classes=learned.classes,
        features=names,
        targets=learned.targets,
        image_shape=image_shape,
        validation_start=found.starts[0],
        test_start=found.starts[1],
        full_scale=full_scale,
        weights=found.weights,
        tabular=bool(features) and image_shape is None,
        parts=structure.parts if structure else (),
        shape=tuple(shape[1:]) if len(shape) > 2 else (*image_shape, 1) if image_shape else (),
        recipe=recipe,
        groups=found.groups,
        dates=dict(dates),  # which can be pickled
        said=tuple(said),
        label_type=learned.label_type,
    )
    return one_hot.readable(made, _column_names(y), task) if rows else made


def _column_names(x: Any) -> list[str]:
    """Name the columns of a DataFrame; nothing of other inputs."""
    return [str(column) for column in x.columns] if hasattr(x, "columns") and hasattr(x, "to_numpy") else []


def _in_order(x: Any, known: Sequence[str], what: str, name: str) -> Any:
    """Put the columns of a DataFrame in the order of those that train; UserError if it has others."""
    found = _column_names(x)
    if not found or not known:
        return x
    if sorted(found) != sorted(known):
        odd = next(iter(set(known) ^ set(found)))
        who, other = (what, "x") if odd in found else ("x", what)
        raise UserError(f"{who} of {name} has a column {odd!r} but {other} has none: the same columns were expected.")
    return x.iloc[:, [found.index(column) for column in known]]


def _inputs(x: Any, num_examples: int | None, name: str, integers: bool) -> tuple[Any, Structure | None]:
    """Read inputs as one array, or as rows [n, d] with the arrays that they are."""
    if integers:
        kind = x.dtype if isinstance(x, FileRows) else _as_array(x, "x", name).dtype
        if isinstance(x, FileRows) or kind.kind not in "iu":
            raise UserError(
                f"x of {name} is of the type {kind}, but with integers=True an array of whole numbers was expected."
            )
        return flatten(np.asarray(x, np.int64), "x")
    if isinstance(x, FileRows):
        return x, None
    if is_structure(x, num_examples):
        return flatten(x, "x")
    array = _as_array(x, "x", name)
    if array.ndim <= 4 or 0 in array.shape:
        return array, None
    return flatten(array if array.dtype == np.uint8 else array.astype(np.float32), "x")


def _own_sets(given: Mapping[str, tuple[Any, Any, Any]], structure: Structure | None, name: str) -> dict[str, Examples]:
    """Read the validation and test sets that were given."""
    for part, (x, *others) in given.items():
        if x is None and any(other is not None for other in others):
            raise UserError(f"{name} has y_{part} or its weights, but no x_{part}: give both, or neither.")
    found = {}
    for part, (x, y, w) in given.items():
        if x is not None:
            what = f"x_{part}"
            inputs = _as_array(x, what, name) if structure is None else flatten_as(x, structure, what)
            found[part] = Examples(inputs, None if y is None else _as_array(y, f"y_{part}", name), w)
    return found


def _require_inside(found: Weighted, name: str) -> None:
    """Refuse own validation and test sets that begin outside of the data, or y of another length than x."""
    size, (validation, test) = len(found.x), found.starts
    if found.y is not None:
        outputs.require_equal_lengths(found.y, size, name)
    for part, start, end in (("test", test, size), ("validation", validation, test or size)):
        if start is not None and not 0 < start < end:
            raise UserError(f"The {part} set of {name} begins at example {start}, but 1 to {end - 1} was expected.")


def digest(
    x: Rows,
    y: np.ndarray | None,
    check: Callable[[np.ndarray, int], None] = lambda rows, first: None,
    weights: np.ndarray | None = None,
    structure: Structure | None = None,
    names: Sequence[Sequence[str]] = (),
    groups: np.ndarray | None = None,
) -> str:
    """Compute the SHA-256 (hex) of dtypes, shapes and bytes of x and y, and of all others that there are.

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
    state.update(b"" if weights is None else b"weights" + weights.tobytes())
    state.update(b"" if structure is None else repr(structure).encode())
    state.update(repr(names).encode() if any(names) else b"")
    state.update(b"" if groups is None else b"groups" + groups.tobytes())
    return state.hexdigest()


def _telling(classes: Sequence[str]) -> tuple[str, ...]:
    """Return class names that say more than their indices 0, 1, …; () else."""
    return tuple(classes) if list(classes) != [str(i) for i in range(len(classes))] else ()


def _as_array(values: Any, which: str, name: str) -> np.ndarray:
    return as_numbers(values, f"{which} of {name}", kinds="buif" if which.startswith("x") else "buifUS")


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


def _checked(x: np.ndarray, names: Sequence[str], name: str, gaps: bool) -> np.ndarray:
    """x as [n, d], uint8, float32, or float64 where float32 would merge what is distinct."""
    flat = np.ascontiguousarray(x.reshape(len(x), -1))
    outputs.check_finite(np.where(np.isnan(flat), 0, flat) if gaps else flat, names, f"x of {name}")
    return flat if flat.dtype == np.uint8 else precision.narrow(flat) if x.ndim < 3 else flat.astype(np.float32)
