"""Verdict `diverged`: the loss is not finite any more, or has exploded."""

import numpy as np

from nnjax.diagnosis.causes import Cause, cause, evidence, was_stable
from nnjax.diagnosis.conditions import LOWER_RATE
from nnjax.diagnosis.marks import line
from nnjax.diagnosis.thresholds import FEWEST
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import BROKEN, EVERYTHING, Badge, Description, VerdictRule, graded

CALM = 1.1  # times its lowest: the loss before that was not growing
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
    return np.where(not_finite, 0.98, graded((height > exploded) & ~trials.curves.of_accuracy, height - exploded, 3.0))


def _height(raw: np.ndarray) -> np.ndarray:
    """Log of the lowest loss [g] of the last 5 % of the epochs (at least 2) over the first, where both are positive."""
    last = max(2, raw.shape[1] // 20)
    return np.log(raw[:, -last:].min(axis=1)) - np.log(raw[:, 0])


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the epoch and the cause, as far as it is known."""
    when, known, numbers = trials.curves.diverged_at[i], cause(trials, i), evidence(trials, i)
    if np.isfinite(when):
        text, at = f"The loss stopped being a finite number in epoch {int(when)}", {"diverged": int(when)}
        if known is None:
            return _by_curve(trials, i, text, at, numbers)
        return Description(f"{text}: {known.text}.", numbers, at, known.next)
    main = trials.main.raw[i]
    epoch = int(np.argmax(main > main[0] * np.sqrt(EXPLODED))) + 1
    text, advice = known or Cause("the steps are far too large", LOWER_RATE)
    text = f"The loss exploded from {main[0]:.3g} to {main[-1]:.3g}: {text}."
    return Description(text, {"first": main[0], "last": main[-1], **numbers}, {"diverged": max(epoch, 1)}, advice)


def _by_curve(trials: TrialFeatures, i: int, text: str, at: dict[str, int], numbers: dict[str, float]) -> Description:
    """Tell the causes apart as far as the curves do: from the first epoch on, after a growth, or out of a good run."""
    when = at["diverged"]
    if when <= 1:
        advice = "Look for inputs or targets that are not finite or not scaled; if they are, lower the rate tenfold."
        text = f"{text}, the first one: large inputs or targets, or steps far too large.{was_stable(trials, i)}"
        return Description(text, numbers, at, advice)
    known = [y[i, : when - 1] for y in (trials.curves.train_loss, trials.curves.val_loss)]
    before = next((y for y in known if len(y) > 2 and np.isfinite(y).all()), np.zeros(0))
    if len(before) and 0 < before[-1] < CALM * before.min() and before[-1] < before[0] / 2:
        text += f", out of a fall to {before[-1]:.3g}: the log or the quotient of a 0, or a single step far too large."
        advice = "Look for log(0), a division or a square root in the loss (clip its argument); else clip the gradient."
        return Description(f"{text}{was_stable(trials, i)}", {"last": float(before[-1]), **numbers}, at, advice)
    return Description(f"{text}: the steps were far too large.{was_stable(trials, i)}", numbers, at, LOWER_RATE)


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
