"""Verdict `plateau_then_drop`: the loss was flat for a while, and then fell."""

from typing import NamedTuple

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis.conditions import at_log_classes
from nnjax.diagnosis.marks import band
from nnjax.diagnosis.trial_features import TrialFeatures, once
from nnjax.diagnosis.verdict_rule import REMARK, Badge, Description, VerdictRule, graded, percent

PLATEAU = 0.15  # of the epochs, at least
PLATEAU_EPOCHS = 3
PLATEAU_SLOPE = 0.15  # of the steepest later slope
PLATEAU_FALL = 0.06  # of the loss, along the shortest plateau: what a patient eye calls flat
PLATEAU_PART = 0.25  # of the drop that follows; else it is a fall that gathers speed
NEAR_START = 0.75  # of the drop, for what had been learned before; more, and it is a step of a schedule
NEAR_BASELINE = 0.1  # below the loss of a constant answer
PLATEAU_DROP = 0.12  # of the loss, after the plateau


def confidence(trials: TrialFeatures) -> np.ndarray:
    """For a good part of the epochs nothing happened, and then the loss fell."""
    _, length, drop, near = _plateau(trials)
    return graded((length > 0) & near, drop - PLATEAU_DROP, 0.3)


@once
def lowered_rate(trials: TrialFeatures) -> tuple[np.ndarray, np.ndarray]:
    """Find the epoch (from 1) [g] at which a schedule has lowered the rate, as it seems, and the drop that followed.

    0 where there is none: a flat stretch that ends in a drop, but not near the start.
    """
    start, length, drop, near = _plateau(trials)
    return np.where((length > 0) & ~near, start + length + 1, 0), drop


@once
def _plateau(trials: TrialFeatures) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Find the longest plateau [g]: first epoch (from 0), length, 0 if there is none, drop after it, whether early."""
    t, z = trials.num_epochs, _smoother(trials)
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
    learned = np.fmax(z.smooth[:, 0] - f.at(z.smooth, start), 0)
    near = learned < NEAR_START * f.at(drop, end)
    constant = np.log(trials.mean_predictor)
    level = f.at(z.smooth, start)
    near |= (level > constant - NEAR_BASELINE) | at_log_classes(level)
    return start, np.where(enough, length, 0), f.at(drop, end), near


class _Level(NamedTuple):
    """A smoothed log loss [g, t] and its noise [g]."""

    smooth: np.ndarray
    noise: np.ndarray


def _smoother(trials: TrialFeatures) -> _Level:
    """Choose the train loss, or validation where that has less than half of its noise."""
    train, val = trials.shape, trials.val
    other = val.noise < train.noise / 2
    return _Level(np.where(other[:, None], val.smooth, train.smooth), np.where(other, val.noise, train.noise))


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name its first and last epoch."""
    start, length, drop, _ = (values[i] for values in _plateau(trials))
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
