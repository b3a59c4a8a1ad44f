"""The record of a verdict: when it holds, what it says, how it is shown. Each module in `verdicts/` defines one."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from nnjax.diagnosis.marks import Losses, Mark
from nnjax.diagnosis.thresholds import FEWEST
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.types import Verdict

BROKEN = "broken"  # training does not work
UNFINISHED = "unfinished"  # more epochs, or a higher learning rate, would lower the loss
DONE = "done"  # the loss is flat
REMARK = "remark"  # of the result or the shape of the curve, however far training has come
EVERYTHING = frozenset({BROKEN, UNFINISHED, DONE, REMARK})


class Badge(NamedTuple):
    """How a verdict is shown. Colors are never alone: each verdict has a sign of its own.

    The colors are those of Okabe and Ito (2008), which the color-blind can tell apart, one a family, in lighter and
    darker shades within it: green is done, blue goes on, purple is about validation, orange to red is broken, yellow is
    a remark, gray has not begun.
    """

    sign: str  # one character
    color: str  # behind the sign, #rrggbb
    meaning: str  # what it says, in a few words

    @property
    def ink(self) -> str:
        """Black or white, whichever stands out more from the color (WCAG 2.2 relative luminance)."""
        return "#000000" if luminance(self.color) > 0.179 else "#ffffff"


class Description(NamedTuple):
    """What a verdict says of one trial; see `nnjax.diagnosis.types.Verdict` for the fields."""

    sentence: str
    evidence: Mapping[str, float]
    epochs: Mapping[str, int]
    next: str = ""


@dataclasses.dataclass(frozen=True)
class VerdictRule:
    """One verdict."""

    code: str  # its name, which is that of its module
    precedence: int  # of those that hold, the verdict with the lowest number is the first; then they follow by number
    outcome: str  # what has become of the training: `BROKEN`, `UNFINISHED`, `DONE` or `REMARK`
    badge: Badge  # its sign and color
    # of a group of g trials, [g] in [0, 1]; 0 where the verdict does not hold
    confidence: Callable[[TrialFeatures], np.ndarray]
    # of one trial (its place in the group), the sentence, the evidence and what to try
    describe: Callable[[TrialFeatures, int], Description]
    # of a verdict and the trial's losses, what to draw over them
    marks: Callable[[Verdict, Losses], list[Mark]] = lambda verdict, losses: []
    # codes and outcomes of verdicts of higher precedence numbers that are left out beside this one
    silences: frozenset[str] = frozenset()
    first_from: float = 0.0  # with a lower confidence it follows the other verdicts, whatever its precedence
    fewest_epochs: int = FEWEST  # of shorter trials the rule is not asked
    state: str = ""  # "The best trial is …", of an unfinished verdict
    frequent: str = ""  # "7 of 9 trials …", what to say where most trials of a sweep have it; "" for nothing

    def verdict(self, trials: TrialFeatures, i: int, confidence: float) -> Verdict:
        """Write the verdict on trial i of a group."""
        sentence, evidence, epochs, advice = self.describe(trials, i)
        return Verdict(self.code, sentence, evidence, epochs, confidence, advice)

    def is_silenced_by(self, other: VerdictRule) -> bool:
        """Whether this verdict is left out beside another that goes before it."""
        return self.code in other.silences or self.outcome in other.silences


def graded(holds: np.ndarray, excess: np.ndarray, scale: float | np.ndarray) -> np.ndarray:
    """Return a confidence [g]: 0 where a rule does not hold, else from 0.5 at its threshold up to 0.98.

    Args:
      holds: [g]; whether it does.
      excess: [g]; by how much its number passes the threshold.
      scale: at an excess of as much the confidence is 0.8.
    """
    x = np.maximum(np.nan_to_num(excess, nan=0.0, posinf=1e9), 0.0) / scale
    return np.where(holds, np.minimum(0.5 + 0.5 * x / (x + 2 / 3), 0.98), 0.0)


def percent(share: float) -> str:
    """Write a difference of log losses as a percentage: "3 %", "0.4 %", "250 %"; from 1,000 % on "11 times"."""
    value = 100 * abs(float(np.expm1(np.clip(share, -50, 50))))
    if value >= 1000:
        return f"{value / 100 + 1:,.0f} times" if value < 1e8 else f"{value / 100:.1g} times"
    return f"{value:.0f} %" if value >= 3 else f"{value:.2g} %"


@functools.cache
def luminance(color: str) -> float:
    """Return the relative luminance of #rrggbb in [0, 1] (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
