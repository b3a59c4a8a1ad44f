"""Importance of the swept fields, and whether the best setting lies at an edge of the search space."""

import itertools
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.core.fields import flatten
from nnjax.runs.choice import choices
from nnjax.runs.run import Run
from nnjax.train.storage.records import DIVERGED

FEWEST, PER_CELL = 8, 4  # trials below which only noise would be ranked, and of a pair's cell on average


def swept(run: Run) -> list[str]:
    """Name the fields that differ between settings, in the experiment's order."""
    flats = [flatten(setting.experiment.setting_key) for setting in run.all_settings]
    return [path for path in flats[0] if len({flat[path] for flat in flats}) > 1]


def edges(run: Run) -> list[str]:
    """Warn of numeric fields of which the chosen setting has the first or last value tried.

    Returns:
      A sentence a field; fields with fewer than three values have no inside and are left out. None for a run of which
      hyperparameters evolved, so that a trial's first ones do not tell what it was trained with.
    """
    if run.schedules:
        return []
    found = choices(run)
    if len(found) != 1:
        return []
    best = found[0].setting.experiment
    flats = [flatten(setting.experiment) for setting in run.all_settings]
    sentences = []
    for path in swept(run):
        tried = sorted({flat[path] for flat in flats if _is_number(flat[path])})
        value = flatten(best)[path]
        if len(tried) > 2 and value in (tried[0], tried[-1]) and value != 0:  # nothing lies below none of it
            end, further = ("lowest", "lower") if value == tried[0] else ("highest", "higher")
            name = path.split(".")[-1]
            sentences.append(
                f"The chosen setting has {name} {value:.3g}, the {end} that was tried; try {further} values too."
            )
    return sentences


def importance(run: Run, metric: str = "best_val_loss") -> dict[str, float]:
    """Rank the swept fields by how much of the metric's variation each explains.

    A functional analysis of variance by cells, to the second order (Hutter, Hoos and Leyton-Brown 2014): what a field
    explains alone, and half of what each pair explains beyond its two fields, as a share of the sum. R² is adjusted for
    the number of cells (Wherry 1931), and what chance may explain counts as nothing. Metric and numbers go in by rank,
    so that an outlier does not decide and a logarithmic axis is as good as a linear one; diverged trials count as the
    worst.

    Returns:
      {field: share in [0, 1]}, the largest first; all 0 where nothing is explained; empty for fewer than eight trials,
      and as in `edges`.
    """
    if run.schedules:
        return {}
    paths, values = swept(run), _values(run, metric)
    n = len(values)
    if n < FEWEST or not paths or np.ptp(values) == 0:
        return {}
    y = np.argsort(np.argsort(values)).astype(float)
    flats = [flatten(spec.experiment) for spec in run.specs]
    columns = [_ranks([flat[path] for flat in flats]) for path in paths]
    alone = [_explained(y, _binned(column, n // 2)) for column in columns]
    found = np.array([explained if explained > chance else 0.0 for explained, chance in alone])
    few = [_binned(column, int((n / PER_CELL) ** 0.5)) for column in columns]
    single = [_explained(y, cells)[0] for cells in few]
    for i, j in itertools.combinations(range(len(paths)), 2):
        both, chance = _explained(y, few[i] * (few[j].max() + 1) + few[j])
        if both - single[i] - single[j] > chance:
            found[[i, j]] += (both - single[i] - single[j]) / 2
    shares = found / found.sum() if found.sum() > 0 else found
    return dict(sorted(zip(paths, map(float, shares), strict=True), key=lambda item: -item[1]))


def _binned(levels: np.ndarray, most: int) -> np.ndarray:
    """Join levels [n], numbered from 0, to at most so many bins of about equally many trials."""
    counts = np.bincount(levels)
    if len(counts) <= max(most, 2):
        return levels
    middle = (np.cumsum(counts) - counts / 2) / len(levels)
    return (middle * max(most, 2)).astype(int)[levels]


def _explained(y: np.ndarray, cells: np.ndarray) -> tuple[float, float]:
    """Return the adjusted R² of the cells' means, and two standard deviations of it where only chance is at work.

    Then R² has the distribution Beta((k - 1) / 2, (n - k) / 2).
    """
    counts = np.bincount(cells)
    n, k = len(y), np.count_nonzero(counts)
    if n == k:
        return 0.0, 1.0
    within = y - (np.bincount(cells, y) / np.maximum(counts, 1))[cells]
    left = (within @ within) / (n - k) / (y.var() * n / (n - 1))
    return float(1 - left), 2 * (2 * (k - 1) / ((n - k) * (n + 1))) ** 0.5


def _values(run: Run, metric: str) -> np.ndarray:
    found = np.array([record.values.get(metric, np.nan) for record in run.records])
    found[[record.status == DIVERGED for record in run.records]] = np.nan
    worst = np.nanmax(found) if np.isfinite(found).any() else 0.0
    return np.where(np.isfinite(found), found, worst)


def _ranks(column: Sequence[Any]) -> np.ndarray:
    """Number the distinct values of a column from 0, numbers in their order, None before them, others as they come."""
    distinct = list(dict.fromkeys(column))
    if all(value is None or _is_number(value) for value in distinct):
        distinct.sort(key=lambda value: -np.inf if value is None else float(value))
    place = {value: number for number, value in enumerate(distinct)}
    return np.array([place[value] for value in column])


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
