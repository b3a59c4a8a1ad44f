"""Errors of a regression with one target, in that target's units."""

import math

import numpy as np

from nnjax.core.types import DataFacts
from nnjax.runs.run_protocol import Setting, TrainedTrials

MSE, RMSE, MAE = "mean_squared_error", "root_mean_squared_error", "mean_absolute_error"
HEADS = {MSE: "RMSE", RMSE: "RMSE", MAE: "MAE"}


def unit_of(facts: DataFacts, goal: str) -> float:
    """Return what 1 on the scale on which a network predicts is in the target's own units; NaN but for one target."""
    if goal != "regression" or facts.num_targets != 1:
        return math.nan
    return 1 / float(np.ravel(facts.y_scaler.scale)[0])


def has_units(setting: Setting) -> bool:
    """Whether a setting has errors in the units of one target."""
    return math.isfinite(unit_of(setting.facts, setting.goal))


def name_of(setting: Setting) -> str:
    """Name the target: "'price'", or "the target" where it has no name."""
    return repr(setting.facts.targets[0]) if setting.facts.targets else "the target"


def in_units(run: TrainedTrials, setting: Setting, metric: str, values: np.ndarray) -> np.ndarray:
    """Convert scores [trials] of a setting by a metric of `HEADS`; a mean squared error becomes its root."""
    units = np.array([unit_of(run.facts(trial), setting.goal) for trial in setting.trials])
    return (np.sqrt(values) if metric == MSE else values) * units
