"""Verdict `overfitting`: validation rises while training falls (Prechelt 1998)."""

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.conditions import still_falling
from nnjax.diagnosis.marks import band, point, result_loss
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import DONE, REMARK, UNFINISHED, Badge, Description, VerdictRule, graded, percent

APART = 0.7  # train below validation, half of it: then a rise is what one expects, and one standard error is enough
ACCURACY_RISES = 0.005  # since the minimum of the loss: worth a sentence
FAR = 0.1  # validation rises by so much: then train need not fall, nor lie below it (dropout, mixup), only not rise
STAYS_UP = 0.05  # above its lowest at the end, by a loss that is not falling: whatever train does, it is not flat
TRAIN_FALLS = 0.01  # meanwhile; without it both losses rise, which is not overfitting


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The validation loss rises after its minimum while the train loss goes on falling."""
    train, weights, val = trials.train, trials.weights, trials.val
    apart = (weights.end < val.lowest - APART) & ~trials.curves.of_accuracy
    rises = val.rise > limit.RISE + np.where(apart, 1.0, limit.RISE_NOISE) * val.rise_error
    falls = (train.end < f.at(train.smooth, val.lowest_at) - TRAIN_FALLS) & (weights.end < val.lowest)
    falls |= (val.rise > FAR + limit.RISE_NOISE * val.rise_error) & (train.rise < TRAIN_FALLS + train.rise_error)
    falls |= (val.rise > STAYS_UP + limit.RISE_NOISE * val.rise_error) & ~still_falling(trials)
    known = np.where(trials.has_train, falls, val.fall > limit.FLAT)
    return graded(trials.has_val & rises & known, val.rise - limit.RISE, 0.1)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the minimum and the cost."""
    train, val = trials.train, trials.val
    low = int(np.argmin(val.raw[i]))
    cost = float(val.end[i] - val.lowest[i])
    fall = f.at(train.smooth, val.lowest_at)[i] - train.end[i]
    lowest = f"The validation loss was lowest in epoch {low + 1} ({val.raw[i, low]:.4g})"
    text = f"{lowest} and has risen by {percent(cost)} since"
    meanwhile = f"fell by a further {percent(-fall)}" if fall > 0 else "did not fall"
    text += f", while the train loss {meanwhile}." if trials.has_train[i] else "."
    rises = _accuracy_rise(trials.curves.val_accuracy[i], low)
    if rises > ACCURACY_RISES:
        text += f" Its accuracy rose by {100 * rises:.1f} % meanwhile: "
        text += "the network becomes over-confident rather than worse."
    advice = f"Stop near epoch {low + 1} (patience), or use more data, augmentation, dropout or weight decay."
    evidence = {"cost": cost, "lowest": float(val.raw[i, low]), "last": float(val.raw[i, -1])}
    evidence |= {"accuracy_rise": rises} if np.isfinite(rises) else {}
    return Description(text, evidence, {"minimum": low + 1, "to": trials.num_epochs}, advice)


def _accuracy_rise(accuracy: np.ndarray, low: int) -> float:
    """How much higher the accuracy of the last tenth is than that of the three epochs around the minimum."""
    last = max(3, len(accuracy) // 10)
    return float(np.mean(accuracy[-last:]) - np.mean(accuracy[max(low - 1, 0) : low + 2]))


VERDICT = VerdictRule(
    code="overfitting",
    precedence=70,
    outcome=REMARK,
    badge=Badge("∪", "#cc79a7", "validation rises while training falls"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [
        point(result_loss(losses), verdict, "minimum", "lowest"),
        band(verdict, "validation rises", "minimum"),
    ],
    silences=frozenset({UNFINISHED, DONE}),
    frequent="overfit: early stopping, more data or regularization will help",
)
