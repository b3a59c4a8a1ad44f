"""Verdict `unstable`: the train loss jumps: the learning rate is too high."""

import numpy as np

from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.conditions import (
    LOWER_RATE,
    going_nowhere,
    learned_in_first_epoch,
    learns_by_accuracy,
    restart_period,
)
from nnjax.diagnosis.marks import first_known, point
from nnjax.diagnosis.trial_features import Trend, TrialFeatures
from nnjax.diagnosis.verdict_rule import BROKEN, DONE, UNFINISHED, Badge, Description, VerdictRule, graded, percent

ROUGH = 0.07  # noise of the train loss: an average over many steps wobbles so only if steps overshoot
PROGRESS = 0.95  # how surely a longer run gains: then a rough loss is coming down
STEPS_UP = 0.25  # share: a loss that rises less often is falling, however roughly
LEAP = 0.7  # from one epoch to the next: the loss doubles
LEAPS = 3  # once is a spike, and twice may be two of them
COME_FAR = 1.4  # below a constant answer, a quarter of its loss: whoever gets there wobbles, but learns
ROUGH_VISIBLE = 0.02  # of the range of the losses: noise of a tiny loss is not seen
JITTER = 0.001  # noise of a loss that moves about without getting anywhere
JITTER_UP = 0.35  # share of steps up: half of them is no progress at all
FITTED = 4.0  # below where it began, a fiftieth: of such a loss a per cent is nothing, and neither is a rise
OVERSHOOT = 30.0  # times the mean predictor's loss in the first epoch: no initial weights are so bad by themselves
LEARNED = 0.7  # below the mean predictor: half its loss, after which a bad beginning is forgotten
SURELY = 4.0  # standard errors of a rise that no other loss shows: its minimum is one of many noisy epochs
FAR_WORSE = 0.5  # so far above its best the loss has lost something, whatever the accuracy
BURST = 3.0  # times what follows: the mean of a first epoch in which the loss exploded
IF_STILL = "If the loss still jumps, lower the learning rate by a factor of 3 to 10."
BLIND_BURST = 10.0  # where the mean predictor's loss is not known: a good rate may do much in one epoch


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The train loss jumps about without coming down, or has come back up and stays there."""
    z, train, known = trials.weights, trials.train, trials.mean_predictor > 0
    constant = np.log(trials.mean_predictor)
    noise = np.where(trials.weights_ups > STEPS_UP, trials.weights_noise, 0.0)
    began = np.fmax(z.start, train.z[:, 0])
    come_far = z.end < np.where(known, constant, began) - COME_FAR
    overshoot = train.raw[:, 0] > OVERSHOOT * trials.mean_predictor
    overshoot &= z.end > constant - LEARNED
    ends_worse = (noise > limit.ROUGH_WORSE) & _rises(z, limit.ROUGH_WORSE)
    stuck_high = _rises(z, limit.STUCK_HIGH) & ~(z.end < began - FITTED)
    jumps = _rough(trials, noise) | (_leaps(trials) >= LEAPS)
    learns = learns_by_accuracy(trials)
    jumps &= ~learns & ~trials.curves.of_accuracy  # a share of few examples doubles by one of them
    stuck_high &= ~learns | (z.rise > FAR_WORSE + np.minimum(3 * z.rise_error, FAR_WORSE))
    ends_worse &= ~learns
    rises = _not_train_alone(trials)
    stuck_high, ends_worse, jumps = stuck_high & rises, ends_worse & rises, jumps & _in_two_losses(trials)
    jumps, stuck_high, ends_worse = ((restart_period(trials) == 0) & one for one in (jumps, stuck_high, ends_worse))
    return graded(
        trials.has_train & ((jumps & ~come_far) | ends_worse | stuck_high | _jitters(trials, come_far) | overshoot),
        np.fmax(noise - ROUGH, z.rise - limit.STUCK_HIGH),
        0.1,
    )


def _in_two_losses(trials: TrialFeatures) -> np.ndarray:
    """Whether two losses are known [g]: what one shows alone may be its batches, dropout, or few examples."""
    return trials.has_train & (trials.has_val | ~np.isnan(trials.again.noise))


def _not_train_alone(trials: TrialFeatures) -> np.ndarray:
    """Whether another loss tells that a rise of the running mean is in the weights [g], or the rise is beyond doubt.

    The re-evaluated loss does, and a validation loss that is as rough. A calmer one that has not risen denies it.
    """
    val, train = trials.val, trials.train
    shared = ~np.isnan(trials.again.noise) | (val.noise >= train.noise / 2)
    return shared | (~(val.rise < limit.FLAT) & (train.rise > SURELY * train.rise_error))


def _leaps(trials: TrialFeatures) -> np.ndarray:
    """Count the epochs [g] in which the train loss doubles, and another loss rises by half as much."""
    train = trials.train
    visible = np.diff(train.raw, axis=1) > limit.JUMP_VISIBLE * train.span[:, None]
    others = [np.diff(one.z, axis=1) > LEAP / 2 for one in (trials.val, trials.again)]
    return ((np.diff(train.z, axis=1) > LEAP) & visible & (others[0] | others[1])).sum(axis=1)


def _rises(z: Trend, least: float) -> np.ndarray:
    return (z.rise > np.maximum(least, limit.GAIN_ERRORS * z.rise_error)) & z.rises_visibly(limit.VISIBLE)


def _rough(trials: TrialFeatures, noise: np.ndarray) -> np.ndarray:
    """Whether the noise [g] is large and the loss makes no progress, or the noise is very large."""
    z = trials.weights
    progress = z.ahead.sure > PROGRESS
    visible = z.noise * np.exp(z.end) > ROUGH_VISIBLE * z.span
    learned = z.end < np.log(trials.mean_predictor) - LEARNED
    least = np.where(learned | ~(trials.mean_predictor > 0), ROUGH, limit.ROUGH_WORSE)
    early = learned_in_first_epoch(trials)
    return (((noise > least) & ~progress & ~early) | (noise > 3 * ROUGH)) & visible


def _jitters(trials: TrialFeatures, come_far: np.ndarray) -> np.ndarray:
    """Whether the loss moves about without getting anywhere [g], or exploded in the first epoch and stays level."""
    z, train, known = trials.weights, trials.train, trials.mean_predictor > 0
    often_up, nowhere = trials.weights_ups > JITTER_UP, going_nowhere(trials)
    jitter = (trials.weights_noise > JITTER) & often_up & nowhere
    jitter &= ~(come_far & known) & ~learned_in_first_epoch(trials)  # a good end reached early
    jitter &= ~learns_by_accuracy(trials) & _in_two_losses(trials)
    height = train.raw[:, 0] / train.raw[:, 1:].max(axis=1)
    burst = np.where(known, (height > BURST) & ~come_far, height > BLIND_BURST)
    level = np.abs(z.smooth[:, trials.num_epochs // 2] - z.end) < 2 * limit.FLAT + z.noise
    return jitter | (burst & ~trials.curves.of_accuracy & (nowhere | (level & often_up)))


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the size of the jumps, and what the loss had reached before."""
    z = trials.weights
    low = int(z.lowest_at[i])
    text = f"The train loss {_motion(z, i)} from epoch to epoch"
    if z.rise[i] > limit.ROUGH_WORSE:
        text += f", and ends {percent(z.rise[i])} above what it had reached in epoch {low + 1}"
    evidence, marks = {"noise": float(z.noise[i]), "rise": float(z.rise[i])}, {"minimum": low + 1}
    if trials.shuffled[i] == 0:
        text += ": the examples come in the same order in every epoch, or the learning rate is too high."
        return Description(text, evidence, marks, f"Shuffle the examples anew for every epoch. {IF_STILL}")
    return Description(f"{text}: the learning rate is too high.", evidence, marks, LOWER_RATE)


def _motion(z: Trend, i: int) -> str:
    """Say how the loss moves: in per cent; of one that can be 0 or less in numbers; little noise is no jump."""
    if z.raw[i].min() <= 0:
        return f"jumps by about {z.noise[i] * np.ptp(z.raw[i]):.2g}"
    return f"{'jumps' if z.noise[i] > ROUGH / 2 else 'moves up and down'} by {percent(z.noise[i])}"


VERDICT = VerdictRule(
    code="unstable",
    precedence=60,
    outcome=BROKEN,
    badge=Badge("⇅", "#e69f00", "the loss jumps: the learning rate is too high"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [
        point(first_known(losses, "train_loss_eval", "train_loss"), verdict, "minimum", "had come down to this")
    ],
    silences=frozenset({UNFINISHED, DONE, "noisy", "spike", "plateau_then_drop"}),
)
