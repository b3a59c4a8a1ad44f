"""Importance of the swept fields, and whether the best setting lies at an edge of the search space."""

import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnjax.core.experiment import setting_key
from nnjax.core.fields import flatten
from nnjax.runs.choice import choices
from nnjax.runs.run import Run

TREES, REPEATS = 200, 10  # of the forest; shuffles of each field
FEWEST, MOST = 8, 2000  # trials below which the forest would only repeat noise, and that it is shown


def swept(run: Run) -> list[str]:
    """Name the fields that differ between settings, in the experiment's order."""
    flats = [flatten(setting_key(spec.experiment)) for spec in run.specs]
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
    flats = [flatten(spec.experiment) for spec in run.specs]
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

    A random forest predicts the metric from the fields; a field's importance is what its prediction loses when that
    field's column is shuffled (permutation importance; Breiman 2001), as a share of the sum over fields. Numbers go in
    by rank, so that a logarithmic axis is as good as a linear one; diverged trials count as the worst.

    Returns:
      {field: share in [0, 1]}, the largest first; empty for fewer than eight trials, and as in `edges`.
    """
    if run.schedules:
        return {}
    paths, values = swept(run), _values(run, metric)
    if len(values) < FEWEST or not paths or np.ptp(values) == 0:
        return {}
    from sklearn.ensemble import RandomForestRegressor

    x = np.stack([_ranks([flatten(spec.experiment)[path] for spec in run.specs]) for path in paths], axis=1)
    y = np.argsort(np.argsort(values)).astype(float)  # ranks: one bad outlier shall not decide
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(y))[:MOST]
    x, y = x[chosen], y[chosen]
    forest = RandomForestRegressor(TREES, random_state=0).fit(x, y)
    lost = np.maximum(_loss_by_shuffling(forest.predict, x, y, rng), 0)
    shares = lost / lost.sum() if lost.sum() > 0 else lost
    return dict(sorted(zip(paths, map(float, shares), strict=True), key=lambda item: -item[1]))


def _loss_by_shuffling(
    predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the mean squared error that each column's shuffling adds, [columns]; all predicted in one call."""
    columns = x.shape[1]
    tables = np.broadcast_to(x, (columns, REPEATS, *x.shape)).copy()
    for column in range(columns):
        tables[column, :, :, column] = rng.permuted(tables[column, :, :, column], axis=1)
    found = predict(tables.reshape(-1, columns)).reshape(columns, REPEATS, len(y))
    return np.asarray(((found - y) ** 2).mean(axis=(1, 2)) - ((predict(x) - y) ** 2).mean())


def _values(run: Run, metric: str) -> np.ndarray:
    found = np.array([record.values.get(metric, np.nan) for record in run.records])
    found[[record.status == "diverged" for record in run.records]] = np.nan
    worst = np.nanmax(found) if np.isfinite(found).any() else 0.0
    return np.where(np.isfinite(found), found, worst)


def _ranks(column: Sequence[Any]) -> np.ndarray:
    """Number the distinct values of a column, numbers in their order, None before them, others as they come."""
    distinct = list(dict.fromkeys(column))
    if all(value is None or _is_number(value) for value in distinct):
        distinct.sort(key=lambda value: -np.inf if value is None else float(value))
    return np.array([distinct.index(value) for value in column], float)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
