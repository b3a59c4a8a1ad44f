"""Columns of a sweep's data: which fields are numbers and which are levels, and where on them some trials lie."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.core.text import field_name, show
from nnjax.report.charts.curves import DIGITS

Value = float | int | str | None
WIDE, UNEVEN = 30, 4  # highest over lowest of two values that need, and of more that may have, a logarithmic axis
MAX_LEVELS = 30  # of numbers that stand at even distances


@dataclasses.dataclass(frozen=True)
class Column:
    """One property of all trials."""

    name: str  # as it is written in a filter
    label: str  # for people
    role: str  # "axis" of the space, "metric" or "other"
    levels: tuple[str, ...] | None  # what its values may be, in order; None where they are numbers on a scale
    log: bool  # whether that scale is logarithmic
    # [trials] numbers, None where there is none; indices into the levels where there are levels
    values: tuple[Value, ...]
    high: bool = False  # whether the highest value is the best, of a metric


def name_of(path: str, among: Sequence[str]) -> str:
    """Name a field by its last part; by its whole path where that is ambiguous."""
    names = [field_name(other) for other in among]
    return path if names.count(field_name(path)) > 1 else field_name(path)


def axis(name: str, values: Sequence[Any]) -> Column:
    """Make a column of a swept field: numbers on a scale; else levels, such as names, widths, or 0 beside decades."""
    distinct = list(dict.fromkeys(values))
    numbers = [value for value in distinct if _is_number(value)]
    positive = [value for value in numbers if value > 0]
    if len(numbers) == len(distinct) and (len(positive) == len(numbers) or not logarithmic(positive)):
        return Column(name, name, "axis", None, logarithmic(numbers), tuple(map(rounded, values)))
    if len(numbers) > MAX_LEVELS:
        known = tuple(rounded(value) if _is_number(value) else None for value in values)
        return Column(name, name, "axis", None, logarithmic(numbers), known)
    if all(value is None or _is_number(value) for value in distinct):
        distinct.sort(key=lambda value: -np.inf if value is None else value)
    places = {value: place for place, value in enumerate(distinct)}
    return Column(name, name, "axis", tuple(map(show, distinct)), False, tuple(places[value] for value in values))


def logarithmic(numbers: Sequence[float]) -> bool:
    """Whether numbers lie more evenly on a logarithmic axis than on a linear one."""
    values = np.unique(np.asarray(numbers, float))
    if len(values) < 2 or values[0] <= 0 or values[-1] < UNEVEN * values[0]:
        return False
    if len(values) == 2:
        return bool(values[-1] >= WIDE * values[0])
    return bool(_unevenness(np.log(values)) < _unevenness(values))


def _unevenness(values: np.ndarray) -> float:
    gaps = np.diff(values)
    return float(np.std(gaps) / np.mean(gaps))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def rounded(value: float) -> Value:
    """Round a number to what the page carries; None where it is not finite."""
    if isinstance(value, int):
        return value
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None


def narrowest(axes: Sequence[Column], places: Sequence[int]) -> tuple[int, str]:
    """Find the condition that all trials at some places meet, and the fewest others.

    Args:
      axes: what was swept.
      places: of the trials, among all of the sweep.

    Returns:
      How many others meet it, and the condition as text, such as "learning_rate ≥ 0.1"; all others and "" where no axis
      has one.
    """
    rules = [rule for column in axes for rule in _rules(column, places)]
    return min(rules, default=(len(axes[0].values) if axes else 0, ""))


def _rules(column: Column, places: Sequence[int]) -> list[tuple[int, str]]:
    """Find an axis's conditions that all given trials meet: (how many others meet it too, the condition)."""
    values, own = np.array(column.values, float), np.array([column.values[place] for place in places], float)
    if column.levels is not None:
        levels = sorted({int(value) for value in own})
        inside = np.isin(values, levels)
        names = " or ".join(column.levels[level] for level in levels)
        return [(int(inside.sum()) - len(places), f"{column.name} {names}")]
    if np.isnan(own).any():
        return []
    low, high = float(own.min()), float(own.max())
    return [
        (int((values >= low).sum()) - len(places), f"{column.name} ≥ {show(low)}"),
        (int((values <= high).sum()) - len(places), f"{column.name} ≤ {show(high)}"),
    ]
