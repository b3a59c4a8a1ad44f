"""Remarks on the columns of a table: identifiers, order of time, numbers that may stand for missing cells."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnjax.core.columns import TableRecipe
from nnjax.data import remedies

FEWEST = 20  # rows below which nothing is said
SENTINELS = (-9.0, -99.0, -999.0, -9999.0, -99999.0, -1.0, 99.0, 999.0, 9999.0, 99999.0)
TOTALS = frozenset(("total", "grand total", "subtotal", "sum", "average", "mean", "median", "summe", "gesamt"))
LOWEST = -99.0  # from here down no number is beside others that are all positive
FEWEST_OTHERS = 3  # distinct numbers beside a sentinel
FAR = 3.0  # times the others' range
_NAMED_ID = re.compile(r"(?:^|[\W_])(?:id|key|uuid|guid)$|(?-i:[a-z](?:ID|Id))$", re.IGNORECASE)


def all_of(
    recipe: TableRecipe, x: np.ndarray, by_time: bool = False, targets: Mapping[str, np.ndarray] | None = None
) -> list[str]:
    """Say what may be amiss with the inputs x [n, d] of a recipe, and with targets [n] that are numbers; whether the
    split is by time already."""
    said: list[str] = []
    if len(x) < FEWEST:
        return said
    dates = [column.name for column in recipe.columns if column.kind == "date"]
    places = {name: i for i, name in enumerate(recipe.inputs)}
    for column in recipe.columns:
        if column.kind not in ("number", "date"):
            continue
        values = x[:, places[column.name]]
        there = values[~np.isnan(values)]
        if len(there) < FEWEST:
            continue
        if column.kind == "date":
            said += [] if by_time else _time_order(column.name, there)
        else:
            unnamed = not recipe.header and column.name == recipe.names[0]
            remark = _identifier(column.name, there, bool(dates) or by_time, unnamed)
            said += [] if remark is None else [remark]
            said += [*_sentinels(column.name, there), *_written_dates(column.name, there)]
    return said + [sentence for name, values in (targets or {}).items() for sentence in _sentinels(name, values)]


def total(columns: Mapping[str, Any], path: str, where: Callable[[int], str]) -> list[str]:
    """Say that the last row of columns [n] seems to hold sums of the others, or their means."""
    for cells in columns.values():
        last = cells[-1] if isinstance(cells, np.ndarray) else cells.iloc[-1]
        named = isinstance(last, str) and last.strip(" :").lower() in TOTALS
        if named and len(cells) >= FEWEST and sum(cell == last for cell in cells) == 1:
            return [f"{path} has {last!r} in {where(len(cells) - 1)}, its last: remove that row if it sums up others."]
    return []


def _identifier(name: str, values: np.ndarray, dated: bool, unnamed: bool) -> str | None:
    """Find numbers of rows and identifiers; whether it is the first column of a table without names."""
    steps = np.diff(values)
    whole = np.array_equal(values, np.trunc(values))
    advice = f"leave it out ({remedies.drop(name)}) if it is a number of the row or an identifier"
    if (steps > 0).all() or (steps < 0).all():
        way = "rises" if steps[0] > 0 else "falls"
        time = "" if dated else f", or test on the latest rows if it is time ({remedies.by_time(name)})"
        return f"The column {name!r} {way} from row to row: {advice}{time}."
    distinct = len(np.unique(values))
    if whole and distinct == len(values) and (np.ptp(values) < 4 * len(values) or unnamed):
        return f"The column {name!r} has another whole number in each row: {advice}."
    if whole and 2 * distinct > len(values) and _NAMED_ID.search(name.strip()):
        return f"The column {name!r} has {distinct} different whole numbers in {len(values)} rows: {advice}."
    return None


def _written_dates(name: str, values: np.ndarray) -> list[str]:
    """Find dates that are written as numbers: 20240131."""
    years, days = np.divmod(values, 10_000)
    months, days = np.divmod(days, 100)
    whole = np.array_equal(values, np.trunc(values)) and bool(((years >= 1900) & (years <= 2100)).all())
    if not whole or not ((months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)).all():
        return []
    return [
        f"The column {name!r} is whole numbers that look like dates ({values[0]:.0f}), whose steps from month to month "
        "are longer than from day to day: write them as YYYY-MM-DD."
    ]


def _time_order(name: str, values: np.ndarray) -> list[str]:
    steps = np.diff(values)
    if not ((steps >= 0).all() or (steps <= 0).all()) or not steps.any():
        return []
    return [
        f"The rows are in the order of the dates {name!r}: a random split tests on days between those it trains on; "
        "data.split=time tests on the last ones."
    ]


def _sentinels(name: str, values: np.ndarray) -> list[str]:
    """Find a number that stands far out of the others: such as -999, or the lowest or highest one where it recurs."""
    ends = [end for end in (values.min(), values.max()) if end == np.trunc(end) and (values == end).sum() > 1]
    for sentinel in dict.fromkeys(map(float, (*SENTINELS, *ends))):
        there = values == sentinel
        others = values[~there]
        if not there.any() or len(others) < FEWEST // 2 or len(np.unique(others)) < FEWEST_OTHERS:
            continue
        low, high = float(others.min()), float(others.max())
        far = max(low - sentinel, sentinel - high) > FAR * (high - low)
        if far or (sentinel <= LOWEST and low >= 0 and (sentinel in SENTINELS or there.sum() > 1)):
            return [
                f"The column {name!r} has {sentinel:g} in {int(there.sum())} rows, far from the others ({low:g} to "
                f"{high:g}): if it stands for a missing value, say data.na_values={sentinel:g}."
            ]
    return []
