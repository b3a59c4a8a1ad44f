"""Verdict `rising`: training goes uphill."""

import numpy as np

from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.marks import chord, training_loss
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import BROKEN, DONE, UNFINISHED, Badge, Description, VerdictRule, graded, percent

RISING = 0.02  # from the lowest smoothed train loss to the end
RISING_NOISE = 0.10  # from epoch to epoch: a rougher loss jumps, whatever else it does
UPHILL_ORDER = 0.9  # of a loss that rises from its first epoch on, by however little
RISING_ORDER = 0.6  # share of steps up minus share of steps down after the minimum: a steady rise, no oscillation


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The train loss itself (the validation loss, if nothing else is known) rises steadily from its minimum on."""
    train, val = trials.train, trials.val
    rises = train.rise > RISING + limit.RISE_NOISE * train.rise_error
    rises &= train.rises_visibly(limit.VISIBLE) & trials.weights.rises_visibly(limit.VISIBLE) & ~(val.rise < RISING)
    rises &= train.noise < RISING_NOISE
    uphill = (train.lowest_at == 0) & (_order(train.smooth, train.lowest_at) > UPHILL_ORDER)
    uphill &= train.smooth[:, -1] - train.start > 6 * train.noise + 1e-5
    steady = _order(train.smooth, train.lowest_at) > RISING_ORDER
    alone = ~trials.has_train & (val.rise > limit.RISE) & (val.fall < limit.FLAT)
    alone &= _order(val.smooth, val.lowest_at) > RISING_ORDER
    uphill |= _validation_alone(trials)
    rise = np.where(trials.has_train, train.rise, val.rise)
    return graded((rises & steady) | uphill | alone, rise - RISING, np.where(trials.has_train, 0.1, 0.5))


def _validation_alone(trials: TrialFeatures) -> np.ndarray:
    """Whether validation rises from its first epoch on [g], and a train loss that is rougher has not fallen."""
    train, val = trials.train, trials.val
    rises = (val.lowest_at == 0) & (_order(val.smooth, val.lowest_at) > UPHILL_ORDER)
    rises &= val.smooth[:, -1] - val.start > RISING + 6 * val.noise
    return rises & (train.noise > val.noise) & (train.end > train.start)


def _order(z: np.ndarray, since: np.ndarray) -> np.ndarray:
    """Share of steps up minus share of steps down [g] after an epoch [g] of [g, t]."""
    after = np.arange(z.shape[1] - 1) >= since[:, None]
    return (np.sign(np.diff(z, axis=1)) * after).sum(axis=1) / np.maximum(after.sum(axis=1), 1)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the epoch from which it rises."""
    curve, name = (trials.train, "train") if trials.has_train[i] else (trials.val, "validation")
    low, t = int(curve.lowest_at[i]), trials.num_epochs
    start = "from the start" if low == 0 else f"from epoch {low + 1} on"
    text = f"The {name} loss rises {start}, by {percent(curve.rise[i])}: training goes uphill."
    advice = "Look at the learning-rate schedule: the rate may be rising, or too high by now."
    if low < t / 4:
        advice = "Look for a wrong sign (a loss to be maximized, an optimizer without its minus)."
    return Description(text, {"rise": curve.rise[i]}, {"from": low + 1, "to": t}, advice)


VERDICT = VerdictRule(
    code="rising",
    precedence=30,
    outcome=BROKEN,
    badge=Badge("↗", "#a35a00", "training goes uphill"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [
        chord(training_loss(losses), verdict, f"rises by {percent(verdict.evidence['rise'])}")
    ],
    silences=frozenset({BROKEN, UNFINISHED, DONE, "overfitting", "noisy", "val_below_train"}),
)
