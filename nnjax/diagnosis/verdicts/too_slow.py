"""Verdict `too_slow`: the loss crawls: the learning rate is too low."""

import numpy as np

from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.conditions import steadily_falling, still_falling
from nnjax.diagnosis.marks import Losses, Mark, chord, constant_answer, result_loss
from nnjax.diagnosis.trial_features import Trend, TrialFeatures
from nnjax.diagnosis.types import Verdict
from nnjax.diagnosis.verdict_rule import DONE, UNFINISHED, Badge, Description, VerdictRule, graded, percent

FAST_FALL = 1.2  # by more than two thirds, and the rate was not too low, however straight the line
BRIEF = ((16, 0.25), (25, 0.4))  # epochs, fall: in fewer, who falls by more has but begun, and goes on with more epochs
SPEEDS_UP = 2.0  # times the fall of the beginning: what gathers speed does not need a higher rate
LATE = 0.75  # nearly all of a considerable fall in the second half is no straight line but a late start
LATE_FALL = 0.3
SURELY = 0.95  # a rate too low gives a smooth curve
EXPLODED = 1.5  # times its first value
SLOW_FALL = 0.01  # less than this has not been seen to fall


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The loss falls almost along a straight line, or is still above that of always predicting the mean."""
    z = trials.main
    fall = np.fmax(z.fall, trials.train.fall)
    surely = z.ahead.sure > SURELY
    falling = (still_falling(trials) & surely) | steadily_falling(trials)
    share = _late_share(trials)
    late = (share > LATE) & (fall > LATE_FALL)
    least = max(limit.LINEAR, np.log(2) / np.log(trials.num_epochs))  # the most that a power law can bring
    linear = (share > least) & (fall > SLOW_FALL) & (z.fall < _most_fall(trials.num_epochs)) & ~late
    crawling = steadily_falling(trials) & (fall <= SLOW_FALL)
    above = _above_mean(trials)
    falls = ~trials.has_val | (trials.val.rise < limit.FLAT)
    flat = trials.has_val & (trials.val.fall < 2 * trials.val.noise)
    falling &= (
        falls & ~_exploded(z) & ~(flat & (trials.val.noise > SLOW_FALL)) & ~(_speeds_up(trials) & (fall > LATE_FALL))
    )
    return graded(falling & (linear | crawling | above), np.fmax(share - limit.LINEAR, above * 0.1), 0.1)


def _most_fall(epochs: int) -> float:
    """The fall of the log loss from which on so many epochs were not too slow."""
    return next((fall for fewer, fall in BRIEF if epochs < fewer), FAST_FALL)


def _exploded(z: Trend) -> np.ndarray:
    """Whether the loss [g] rose far above its first value, and came down again: no rate too low does that."""
    return z.raw.max(axis=1) > EXPLODED * z.raw[:, 0]


def _speeds_up(trials: TrialFeatures) -> np.ndarray:
    """Whether the loss [g] falls, somewhere in the middle, more than twice as fast as in the first sixth: an S."""
    loss, t = trials.main.raw, trials.num_epochs
    step = max(2, t // 6)
    if t < 3 * step:
        return np.zeros(len(loss), bool)
    means = np.stack(
        [loss[:, i * t // 6 : max((i + 1) * t // 6, i * t // 6 + 1)].mean(axis=1) for i in range(6)], axis=1
    )
    speed = -np.diff(means, axis=1)
    return (speed[:, 1:].max(axis=1) > SPEEDS_UP * speed[:, 0]) & (speed[:, 0] > -trials.main.span)


def _late_share(trials: TrialFeatures) -> np.ndarray:
    """Share of the whole fall [g] that the second half brings, to the loss where it is less.

    A validation loss does not show what the first epoch brought; the mean of that epoch's batches does.
    """
    return np.fmin(trials.main.second_half, trials.shape.second_half)


def _above_mean(trials: TrialFeatures) -> np.ndarray:
    return trials.main.raw[:, -1] > trials.mean_predictor * (1 + limit.NEAR_MEAN)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the share of the fall that the second half brings."""
    z, t = trials.main, trials.num_epochs
    share = float(_late_share(trials)[i])
    how = "almost along a straight line" if share > limit.LINEAR else "slowly and steadily"
    text = (
        f"The loss fell by {percent(-z.fall[i])} in {t} epochs, {100 * share:.0f} % of that in the second "
        f"half: {how}, so the learning rate is too low."
    )
    evidence = {"fall": float(z.fall[i]), "second_half": share}
    if _above_mean(trials)[i]:
        evidence["mean_predictor"] = float(trials.mean_predictor[i])
        text = text.rstrip(".") + (
            f"; {z.raw[i, -1]:.4g} is still worse than always predicting the mean ({trials.mean_predictor[i]:.4g})."
        )
    advice = "Raise the learning rate by a factor of 3 to 10, until the loss falls fast and then flattens."
    return Description(text, evidence, {"from": 1, "to": t}, advice)


def marks(verdict: Verdict, losses: Losses) -> list[Mark]:
    """Mark the straight line, where the loss falls along one, and the mean predictor's loss."""
    straight = chord(result_loss(losses), verdict, "almost a straight line")
    bent = verdict.evidence.get("second_half", 1.0) <= limit.LINEAR  # slow because it is above a constant answer
    return [*[straight] * (not bent), constant_answer(verdict)]


VERDICT = VerdictRule(
    code="too_slow",
    precedence=100,
    outcome=UNFINISHED,
    badge=Badge("⋯", "#0072b2", "it crawls: the learning rate is too low"),
    confidence=confidence,
    describe=describe,
    marks=marks,
    silences=frozenset({UNFINISHED, DONE}),
    state="learning too slowly",
)
