"""Conditions of a group of trials that several rules share: still falling, at the mean predictor, going nowhere."""

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.trial_features import TrialFeatures, once

FAR_APART = 1.0  # train below validation: a network that memorizes gains little more,
GAINS = 0.1  # unless the second half has brought as much
NEAR_LOG = 0.007  # of log C: the loss of guessing among C classes
MOST_CLASSES = 12  # beyond, some log C is always near
LUCK = 2.0  # standard errors of an accuracy, a share of so many examples
ACCURACY_MOVES = 0.03  # more than this, and something was learned
LEARNED_SHARE = 0.7  # of the loss of the first epoch (or of a constant answer): below it something was learned
BURST = 10.0  # times what follows: the mean of a first epoch in which the loss exploded
WARM = 0.15  # of the epochs, in which even a rate too high brings the loss down from where it started

RESTART_JUMP = 0.15  # of the train loss, up from the lowest that it has come to
RESTART_LOW = 0.05  # above that
RESTART_CALM = 3.0  # times any step of the half cycle before, in which the rate is low
RESTART_FROM = 6  # epochs of a cycle, at least

LOWER_RATE = "Lower the learning rate by a factor of 3 to 10; if it must be high, warm it up or clip the gradient."


@once
def still_falling(trials: TrialFeatures) -> np.ndarray:
    """Whether going on for half as long again would, most surely, gain more than `GAIN`."""
    z = trials.main
    memorizes = trials.weights.end < z.end - FAR_APART
    lately = z.z[:, trials.num_epochs // 2] - z.z[:, -1]
    goes_on = ~(trials.num_epochs >= trials.schedule_epochs)
    at_rest = np.where(trials.has_train, trials.weights.ahead.at_rest, 0.0)  # one schedule bends both losses
    lost = np.maximum(z.smooth[:, -1] - z.lowest - z.noise, 0.0)  # to be won back before anything is gained
    sure = z.ahead.sure_of(limit.GAIN + lost) * np.where(at_rest > 0.5, 1 - at_rest, 1.0)
    least = np.where(trials.has_val | trials.curves.of_accuracy, limit.SURE, limit.SURE_TRAIN)
    return goes_on & (sure > least) & (~memorizes | (lately > GAINS))


@once
def steadily_falling(trials: TrialFeatures) -> np.ndarray:
    """Whether the train loss falls by little, but beyond doubt, and in its second half as in its first."""
    curve = trials.shape
    q = max(1, curve.z.shape[1] // 4)
    fall = curve.z[:, -2 * q : -q].mean(axis=1) - curve.z[:, -q:].mean(axis=1)
    return (fall > 6 * curve.noise * np.sqrt(2 / q) + 1e-5) & (curve.second_half > limit.LINEAR)


@once
def at_mean_predictor(trials: TrialFeatures) -> np.ndarray:
    """Whether the loss has come no lower than a constant answer's, and does not move from there."""
    main, train = trials.main, trials.train
    guessing = np.log(np.fmax(trials.mean_predictor, np.nan))
    guessing = np.where(np.isnan(guessing), inferred_guessing(trials), guessing)
    half = trials.num_epochs // 2
    no_lower = (main.smooth[:, half:].min(axis=1) > guessing - limit.NEAR_MEAN) & (main.raw.min(axis=1) > 0)
    lowest = np.fmin(train.smooth[:, half:].min(axis=1), train.end)
    no_train = ~trials.has_train | (lowest > guessing - 2 * limit.NEAR_MEAN)
    flat = np.abs(main.smooth[:, half] - main.end) < limit.FLAT
    moves = np.fmin(main.ahead.sure, np.where(trials.has_train, train.ahead.sure, np.nan))
    return no_lower & no_train & flat & (moves < limit.SURE) & ~steadily_falling(trials)


def inferred_guessing(trials: TrialFeatures) -> np.ndarray:
    """Log of log C [g], where the end's loss is about log C and its accuracy 1 / C, within its error; NaN elsewhere."""
    curves, loss = trials.curves, np.exp(np.minimum(trials.main.end, 7.0))
    shares = np.where(trials.has_val[:, None], curves.val_accuracy, curves.train_accuracy)
    accuracy, one = shares[:, -1], np.nan_to_num(f.smallest_step(shares), posinf=0.0)
    classes = np.maximum(np.round(np.exp(loss)), 2.0)
    error = LUCK * np.sqrt((1 - 1 / classes) / classes * one)
    classes = np.where(np.abs(accuracy - 1 / classes) < error, classes, np.round(1 / accuracy))
    fits = (classes >= 2) & (classes <= 1000) & (np.abs(loss - np.log(classes)) < 0.1)
    return np.where(fits, np.log(np.log(classes)), np.nan)


def at_log_classes(level: np.ndarray) -> np.ndarray:
    """Whether a log loss [g] is that of guessing among a few classes, log C."""
    loss = np.exp(np.minimum(level, 2.0))
    classes = np.maximum(np.round(np.exp(loss)), 2.0)
    return (np.abs(loss / np.log(classes) - 1) < NEAR_LOG) & (classes <= MOST_CLASSES)


def ends_guessing(trials: TrialFeatures) -> np.ndarray:
    """Whether the loss [g] ends at that of guessing among C classes, and no accuracy above 1 / C."""
    level = trials.main.end
    classes, out = np.maximum(np.round(np.exp(np.exp(np.minimum(level, 2.0)))), 2.0), at_log_classes(level)
    for accuracy in (trials.curves.val_accuracy, trials.curves.train_accuracy):
        late = np.median(accuracy[:, -max(3, trials.num_epochs // 5) :], axis=1)
        error = np.sqrt((1 - 1 / classes) / classes * np.nan_to_num(f.smallest_step(accuracy), posinf=0.0))
        out &= ~(late > 1 / classes + ACCURACY_MOVES + LUCK * error)
    return out


@once
def going_nowhere(trials: TrialFeatures) -> np.ndarray:
    """Whether no loss has fallen since the first epochs (`WARM` of them)."""
    warm = max(2, round(WARM * trials.num_epochs))
    falls = [one.smooth[:, warm] - one.lowest - 2 * one.noise for one in (trials.train, trials.val, trials.again)]
    return np.fmax(np.fmax(falls[0], falls[1]), falls[2]) < limit.FLAT


@once
def learns_by_accuracy(trials: TrialFeatures) -> np.ndarray:
    """Whether an accuracy [g] has risen and stays up, or is high throughout: something was learned."""
    out = np.zeros(len(trials.curves.trials), bool)
    for accuracy in (trials.curves.val_accuracy, trials.curves.train_accuracy):
        late = np.median(accuracy[:, -max(3, trials.num_epochs // 5) :], axis=1)
        top = np.quantile(accuracy, 0.9, axis=1)
        rises = late - accuracy[:, :3].min(axis=1) > ACCURACY_MOVES
        stays = late > top - ACCURACY_MOVES / 2
        out |= stays & (rises | (late > limit.GOOD_ACCURACY)) & (late > np.fmax(2 * trials.chance_accuracy, 0.5))
    return out


@once
def learned_in_first_epoch(trials: TrialFeatures) -> np.ndarray:
    """Whether the mean of the first epoch's batches lies well above all that follows, but has not exploded [g]."""
    train = trials.curves.train_loss
    ratio = train[:, 0] / np.median(train[:, 1:], axis=1)
    unknown = ~(trials.mean_predictor > 0)
    most = np.where(unknown, train[:, 0], trials.mean_predictor) * LEARNED_SHARE
    return (ratio > 1 / LEARNED_SHARE) & (ratio < BURST) & (np.quantile(train[:, 1:], 0.9, axis=1) < most)


@once
def restart_period(trials: TrialFeatures) -> np.ndarray:
    """Epochs [g] from restart to restart of a learning rate, as it seems; 0 where there is none.

    The train loss jumps up from its lowest after one and after two such periods (and after three, …), and nowhere else.
    """
    z, t = trials.train.z, trials.num_epochs
    lowest = np.minimum.accumulate(z, axis=1)
    jumps = (np.diff(z, axis=1) > RESTART_JUMP) & (z[:, :-1] < lowest[:, :-1] + RESTART_LOW)
    out = np.zeros(len(z))
    for i in np.flatnonzero(jumps.sum(axis=1) > 1):
        at = np.flatnonzero(jumps[i]) + 1
        period = at[0]
        due = period * np.arange(1, t // period + 1)
        due = due[due < t - 1]
        slack = max(1, round(0.05 * period))
        if period < RESTART_FROM or len(due) < 2 or len(at) != len(due) or (np.abs(at - due) > slack).any():
            continue
        steps = [np.abs(np.diff(z[i, a - period // 2 : a])).max() for a in at]
        out[i] = period if (z[i, at] - z[i, at - 1] > RESTART_CALM * np.array(steps)).all() else 0
    return out


@once
def flat_from(trials: TrialFeatures) -> np.ndarray:
    """Epochs [g] after which the loss was within `SAVED`, and its noise, of the lowest it came to."""
    z = trials.main
    error = z.noise / np.sqrt(max(2, z.z.shape[1] // 10))
    close = z.smooth <= (z.lowest + limit.SAVED + error)[:, None]
    return np.argmax(close, axis=1) + 1
