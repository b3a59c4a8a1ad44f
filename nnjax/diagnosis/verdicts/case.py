"""What a rule is given and what it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.types import Signals
from nnjax.diagnosis.measures import Measures
from nnjax.diagnosis.types import Anchors, Verdict


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """A group of g trials with t epochs.

    Attributes:
      measures: their features.
      mean_predictor, chance_accuracy, floor, regularized, num_validation, batch_size: [g] of the anchors; NaN where
        they are not known.
      signals: of all trials of the call, whose rows are `measures.dense.trials`.
    """

    measures: Measures
    mean_predictor: np.ndarray
    chance_accuracy: np.ndarray
    floor: np.ndarray
    regularized: np.ndarray
    num_validation: np.ndarray
    batch_size: np.ndarray
    signals: Signals | None = None


def make_case(measures: Measures, anchors: Sequence[Anchors], signals: Signals | None) -> Case:
    """Join what was measured with what is known beside it."""
    own = [anchors[trial] for trial in measures.dense.trials]
    names = [field.name for field in dataclasses.fields(Anchors)]
    known = {
        name: np.array([np.nan if getattr(one, name) is None else float(getattr(one, name)) for one in own])
        for name in names
    }
    return Case(measures, **known, signals=signals)


class Rule(NamedTuple):
    """One verdict's rule.

    Attributes:
      code: of the verdict.
      confidence: of a case, [g] in [0, 1]; 0 where the verdict does not hold.
      tell: says it of one trial (the number in the group) with that confidence.
    """

    code: str
    confidence: Callable[[Case], np.ndarray]
    tell: Callable[[Case, int, float], Verdict]


def sure(holds: np.ndarray, excess: np.ndarray, scale: float | np.ndarray) -> np.ndarray:
    """Give a confidence [g]: 0 where a rule does not hold, else from 0.5 at its threshold up to 0.98.

    Args:
      holds: [g]; whether it does.
      excess: [g]; by how much its number passes the threshold.
      scale: at an excess of as much the confidence is 0.8.
    """
    x = np.maximum(np.nan_to_num(excess, nan=0.0, posinf=1e9), 0.0) / scale
    return np.where(holds, np.minimum(0.5 + 0.5 * x / (x + 2 / 3), 0.98), 0.0)


def percent(share: float) -> str:
    """Write a difference of log losses as a percentage: "3 %", "0.4 %", "250 %"."""
    value = 100 * abs(float(np.expm1(np.clip(share, -50, 50))))
    return f"{value:.0f} %" if value >= 3 else f"{value:.2g} %"
