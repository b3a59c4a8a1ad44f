"""Read the target of a table: labels or numbers, with the reason for the guess."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.columns import Column, NumberRule
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import column_codes
from nnjax.data.cells import Texts, make_cells
from nnjax.data.place import Place
from nnjax.data.targets import LABEL_TYPES

MAX_INTEGER_CLASSES = 50  # distinct whole numbers in a target column; more are a quantity
FEW = 3  # so many distinct whole numbers are classes, however far apart
DENSE = 2  # largest usual gap between the whole numbers that stand for classes


class TableTarget(NamedTuple):
    """The target: labels [n], numbers [n, k] float64 or None; its task; its classes and their type where these are in
    an order."""

    y: np.ndarray | None
    task: str | None = None
    classes: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    label_type: str = ""

    def numbers(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the targets [n] that are numbers, by name."""
        if self.y is None or self.task == "classification" or self.y.dtype.kind != "f":
            return {}
        return dict(zip(names, self.y.reshape(len(self.y), -1).T, strict=True))


def read(targets: Sequence[tuple[Column, Any]], places: Sequence[Place], config: DataConfig) -> TableTarget:
    """Read the target columns; UserError for text among several, or where numbers were asked for."""
    if not targets:
        return TableTarget(None)
    asked = None if config.task == "auto" else config.task
    kinds = ("category", "ordered") if asked == "regression" else ("category", "boolean", "ordered")
    texts = [column.name for column, _ in targets if column.kind in kinds]
    if texts and (len(targets) > 1 or asked == "regression"):
        what = ": of several targets each must be numbers" if len(targets) > 1 else ", but regression needs numbers"
        raise UserError(f"The target {texts[0]!r} of {places[0].table} is text{what}.")
    if len(targets) > 1:
        return TableTarget(
            np.concatenate([_numbers(*t, p, config) for t, p in zip(targets, places, strict=True)], axis=1)
        )
    (column, raw), place = targets[0], places[0]
    if texts:
        return _labels(column, raw, place, config)
    values, whole = _numbers(column, raw, place, config), _whole(column, raw, place, config)
    if asked == "classification":
        return TableTarget(values[:, 0] if whole is None else _as_stored(whole, raw, place, config), asked)
    if asked == "regression":
        return TableTarget(values, asked)
    classes, reason = (False, _reason(column)) if whole is None else look_like_classes(whole)
    task, other = ("classification", "regression") if classes else ("regression", "classification")
    sentence = f"The target {column.name!r} is taken for {task}: {reason} (data.task={other} for the other)."
    return TableTarget(_as_stored(whole, raw, place, config) if classes else values, task, said=(sentence,))


def _as_stored(whole: np.ndarray | None, raw: Any, place: Place, config: DataConfig) -> np.ndarray | None:
    """Return labels [n] that are whole numbers: the texts themselves where a DataFrame's column has texts."""
    cells = make_cells(raw, place, config.na_values)
    return np.array(cells.distinct)[cells.codes] if isinstance(cells, Texts) and _has_texts(raw) else whole


def _as_whole(values: np.ndarray) -> np.ndarray | None:
    """Return numbers [n] such as 1.0; None where one has a fraction or is too large."""
    return values if np.array_equal(values, np.trunc(values)) and np.abs(values).max() < 2**53 else None


def _reason(column: Column) -> str:
    if column.kind in ("date", "time"):
        return f"it is {column.kind}s"
    return "its numbers have fractions" if column.rule == NumberRule() else f"it is numbers ({column.rule})"


def look_like_classes(values: np.ndarray) -> tuple[bool, str]:
    """Guess whether whole numbers [n] are class labels, and say why."""
    distinct = sorted({int(value) for value in np.unique(values)})
    few = max(2, min(MAX_INTEGER_CLASSES, len(values) // 3))
    if len(distinct) > few:
        return False, f"{len(distinct)} different whole numbers in {len(values)} rows"
    gaps = [b - a for a, b in itertools.pairwise(distinct)]
    if len(distinct) > FEW and sorted(gaps)[len(gaps) // 2] > DENSE:
        return False, f"its {len(distinct)} whole numbers lie far apart ({distinct[0]}, {distinct[1]}, …)"
    return True, f"{len(distinct)} different whole numbers in {len(values)} rows"


def labels_or_numbers(values: np.ndarray) -> np.ndarray:
    """Convert whole numbers [n] that look like classes to labels, int64; leave others as they are."""
    if not np.array_equal(values, np.trunc(values)):
        return values
    whole = values.astype(np.int64)
    return whole if look_like_classes(whole)[0] else values


def _labels(column: Column, raw: Any, place: Place, config: DataConfig) -> TableTarget:
    """Read labels of texts or truth values."""
    if column.kind == "ordered":
        codes = column_codes.encode(column, raw, place, config.na_values, "error")[:, 0]
        return TableTarget(codes.astype(np.int64), "classification", column.categories, label_type=_stored_type(raw))
    cells = make_cells(raw, place, config.na_values)
    if column.kind == "boolean" and not (isinstance(cells, Texts) and _has_texts(raw)):
        return TableTarget(
            column_codes.encode(column, raw, place, config.na_values, "error")[:, 0] > 0, "classification"
        )
    assert isinstance(cells, Texts)
    return TableTarget(np.array(cells.distinct)[cells.codes], "classification", label_type=_stored_type(raw))


def _stored_type(raw: Any) -> str:
    """Return the type of a DataFrame's categories; "" of other columns."""
    categories = getattr(raw.dtype, "categories", None)
    return "" if categories is None else LABEL_TYPES.get(getattr(categories.dtype, "kind", ""), "text")


def _has_texts(raw: Any) -> bool:
    """Whether a column of a DataFrame has texts, which are the labels then; cells of a file may be truth values."""
    return hasattr(raw, "iloc") and any(isinstance(cell, str) for cell in raw)


def _numbers(column: Column, raw: Any, place: Place, config: DataConfig) -> np.ndarray:
    return column_codes.encode(column, raw, place, config.na_values, "error")


def _whole(column: Column, raw: Any, place: Place, config: DataConfig) -> np.ndarray | None:
    """Read whole numbers [n] exactly: int64, float64 where they are written as 1.0, or texts where they need more than
    64 bits; None for other numbers.
    """
    if column.kind != "number" or column.rule != NumberRule():
        return None
    cells = make_cells(raw, place, config.na_values)
    if not isinstance(cells, Texts):
        return _as_whole(cells.values) if cells.whole is None else cells.whole
    if not all(text.removeprefix("-").removeprefix("+").isdecimal() for text in cells.distinct):
        return _as_whole(_numbers(column, raw, place, config)[:, 0])
    numbers = [int(text) for text in cells.distinct]
    if all(-(2**63) <= number < 2**63 for number in numbers):
        return np.array(numbers, np.int64)[cells.codes]
    return np.array(cells.distinct)[cells.codes] if config.task != "regression" else None
