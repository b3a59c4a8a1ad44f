"""Verdict `plateau_then_drop`: the loss was flat for a while, and then fell."""

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis.marks import band
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import REMARK, Badge, Description, VerdictRule, graded, percent

PLATEAU = 0.15  # of the epochs, at least
PLATEAU_EPOCHS = 3
PLATEAU_SLOPE = 0.15  # of the steepest later slope
PLATEAU_FALL = 0.06  # of the loss, along the shortest plateau: what a patient eye calls flat
PLATEAU_PART = 0.25  # of the drop that follows; else it is a fall that gathers speed
PLATEAU_DROP = 0.12  # of the loss, after the plateau


def confidence(trials: TrialFeatures) -> np.ndarray:
    """For a good part of the epochs nothing happened, and then the loss fell."""
    _, length, drop = _plateau(trials)
    return graded(length > 0, drop - PLATEAU_DROP, 0.3)


def _plateau(trials: TrialFeatures) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First epoch (from 0) and length of the longest plateau, 0 where there is none, and the drop after it; [g]."""
    z, t = trials.shape, trials.num_epochs
    step = max(1, t // 20)
    rate = (z.smooth[:, :-step] - z.smooth[:, step:]) / step
    later = np.maximum.accumulate(rate[:, ::-1], axis=1)[:, ::-1]
    below = np.minimum.accumulate(z.smooth[:, ::-1], axis=1)[:, ::-1]
    drop = z.smooth[:, :-step] - below[:, :-step]
    real = drop > PLATEAU_DROP + 4 * z.noise[:, None]
    shortest = max(PLATEAU_EPOCHS, PLATEAU * t)
    flat = (np.abs(rate) < PLATEAU_SLOPE * later) & (np.abs(rate) < PLATEAU_FALL / shortest)
    start, length = f.longest_run(flat & real)
    end = np.minimum(start + length, drop.shape[1] - 1)
    enough = (length >= shortest) & (f.at(z.smooth, start) - f.at(z.smooth, end) < PLATEAU_PART * f.at(drop, end))
    return start, np.where(enough, length, 0), f.at(drop, end)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name its first and last epoch."""
    start, length, drop = (values[i] for values in _plateau(trials))
    text = (
        f"From epoch {start + 1} to {start + length} the loss hardly moved, and then fell by {percent(-drop)}: "
        "a plateau is not always the end (a schedule that lowers the rate draws the same curve)."
    )
    hint = "Give such networks more epochs before stopping; a better initialization, ReLU or Adam shortens the plateau."
    return Description(text, {"drop": float(drop)}, {"from": int(start) + 1, "to": int(start + length)}, hint)


VERDICT = VerdictRule(
    code="plateau_then_drop",
    precedence=90,
    outcome=REMARK,
    badge=Badge("¬", "#f8f3ae", "a flat stretch, and then a fall"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [band(verdict, "plateau")],
)
