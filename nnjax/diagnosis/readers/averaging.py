"""Bring values at steps of their own to common places, and average the values of one place."""

from collections.abc import Mapping, Sequence

import numpy as np

from nnjax.diagnosis import columns
from nnjax.diagnosis.columns import NOT_FINITE, Table
from nnjax.diagnosis.thresholds import FEWEST

MOST_POINTS = 400  # of a curve over steps; longer ones are averaged
BINS = 200


def averaged(values: np.ndarray, place: np.ndarray, length: int) -> np.ndarray:
    """Average values [n] by place; NaN where there is none."""
    known = ~np.isnan(values)
    sums = np.bincount(place[known], values[known], length)  # of an infinite one: infinite
    counts = np.bincount(place[known], minlength=length)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def align(points: Mapping[str, Mapping[float, float]], name: str) -> tuple[Table, list[str]]:
    """Bring scalars {column: {step: value}} to common places, averaging those in between, as a running mean does.

    The places are the steps of the loss with the fewest, of those that have at least `thresholds.FEWEST`; a loss with
    fewer is left out beside one with more. Of more than `MOST_POINTS` places `BINS` are made.
    """
    points = {column: values for column, values in points.items() if values}
    known = [column for column in columns.decisive(points) if not (columns.curve_of(column) or "").endswith("accuracy")]
    losses = {column: len(points[column]) for column in known}
    enough = [n for n in losses.values() if n >= FEWEST]
    said = []
    if enough and min(losses.values()) < FEWEST:
        few = [column for column, n in losses.items() if n < FEWEST]
        points = {column: values for column, values in points.items() if column not in few}
        said.append(f"remark: {', '.join(few)} of {name} has fewer than {FEWEST} values and is left out.")
    some = [points[column] for column in losses if column in points] or list(points.values())
    if not some:
        return {}, said
    fewest = min(len(values) for values in some)
    steps = sorted(next(values for values in some if len(values) == fewest))
    if len(steps) > MOST_POINTS:
        said.append(f"remark: The {len(steps):,} values of {name} are averaged into {BINS}, as of as many epochs.")
        steps = [steps[i] for i in np.linspace(0, len(steps), BINS + 1).astype(int)[1:] - 1]
    return {column: _binned(values, steps) for column, values in points.items()}, said


def _binned(values: Mapping[float, float], steps: Sequence[float]) -> np.ndarray:
    own = np.array(sorted(values))
    place = np.minimum(np.searchsorted(steps, own), len(steps) - 1)
    found = np.array([values[x] for x in own.tolist()])
    return np.where(
        np.isnan(out := averaged(found, place, len(steps))), np.nan, np.where(np.isfinite(out), out, NOT_FINITE)
    )
