"""Verdict `diverged`: the loss is not finite any more, or has exploded."""

import numpy as np

from nnjax.diagnosis.conditions import LOWER_RATE
from nnjax.diagnosis.marks import line
from nnjax.diagnosis.thresholds import FEWEST
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import BROKEN, EVERYTHING, Badge, Description, VerdictRule, graded

EXPLODED = 1e3  # times its first value: no loss comes back from there, and the next stop is NaN


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The loss is not finite, or ends a thousand times above where it began, or above the mean predictor's."""
    not_finite = np.isfinite(trials.curves.diverged_at)
    if trials.num_epochs < FEWEST:
        return np.where(not_finite, 0.9, 0.0)
    exploded = np.log(EXPLODED)
    height = np.fmax(_height(trials.train.raw), np.where(trials.has_train, -np.inf, _height(trials.val.raw)))
    half = trials.num_epochs // 2
    above = np.log(trials.main.raw[:, half:].min(axis=1)) - np.log(trials.mean_predictor)
    height = np.fmax(height, np.where(trials.mean_predictor > 0, above, np.nan))
    return np.where(not_finite, 0.98, graded(height > exploded, height - exploded, 3.0))


def _height(raw: np.ndarray) -> np.ndarray:
    """Log of the lowest loss [g] of the last half over the first one, where both are positive."""
    return np.log(raw[:, raw.shape[1] // 2 :].min(axis=1)) - np.log(raw[:, 0])


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the epoch."""
    when = trials.curves.diverged_at[i]
    if np.isfinite(when):
        text = f"The loss stopped being a finite number in epoch {int(when)}: the steps were far too large."
        return Description(text, {}, {"diverged": int(when)}, LOWER_RATE)
    main = trials.main.raw[i]
    epoch = int(np.argmax(main > main[0] * np.sqrt(EXPLODED))) + 1
    text = f"The loss exploded from {main[0]:.3g} to {main[-1]:.3g}: the steps are far too large."
    return Description(text, {"first": main[0], "last": main[-1]}, {"diverged": max(epoch, 1)}, LOWER_RATE)


VERDICT = VerdictRule(
    code="diverged",
    precedence=10,
    outcome=BROKEN,
    badge=Badge("∞", "#d55e00", "the loss is no longer finite"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [line(verdict, "diverged")],
    silences=EVERYTHING,
    fewest_epochs=0,
)
