"""Format scores and metric names for the report."""

from collections.abc import Sequence

import numpy as np

from nnjax.core.text import quantity
from nnjax.nn.metrics import known_metric
from nnjax.runs.settings import mean_and_spread

MAX_LABEL = 36  # characters in a legend or in a line over axes; longer ones would leave no room for the curves


def shortened(label: str, most: int = MAX_LABEL) -> str:
    """Cut a label to so many characters."""
    return label if len(label) <= most else label[: most - 1] + "…"


def named(metric: str) -> str:
    """Write a metric's name for people."""
    found = known_metric(metric)
    return (found.words or found.name if found else metric).replace("_", " ")


def cell(values: Sequence[float] | np.ndarray, percent: bool = False) -> str:
    """Write values as "mean ± standard deviation", or the one value there is."""
    mean, spread, count = mean_and_spread(np.asarray(values, float) * (100 if percent else 1))
    if percent:
        return f"{mean:.2f}" + (f" ± {spread:.2f}" if count > 1 else "") + " %" if count else "–"
    return f"{quantity(mean, 3)} ± {quantity(spread, 1)}" if count > 1 else quantity(mean)
