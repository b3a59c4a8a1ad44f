"""Where in a search space some trials lie: the condition on one hyperparameter that sets them apart."""

from collections.abc import Sequence

import numpy as np

from nnjax.core.text import show
from nnjax.report.sweep.columns import Column


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
