"""Conditions of a group of trials that several rules share: still falling, at the mean predictor, going nowhere."""

import numpy as np

from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.trial_features import TrialFeatures

NEARLY_NEWEST = 0.7  # of the epochs, for the lowest loss, where the slope is more than its standard error
FAR_APART = 1.0  # train below validation: a network that memorises gains little more,
GAINS = 0.1  # unless the second half has brought as much
WARM = 0.15  # of the epochs, in which even a rate too high brings the loss down from where it started

LOWER_RATE = "Lower the learning rate by a factor of 3 to 10; if it must be high, warm it up or clip the gradient."


def still_falling(trials: TrialFeatures) -> np.ndarray:
    """Whether going on for half as long again would gain more than `GAIN`, and the last epochs are the best so far."""
    z = trials.main
    nearly = (z.newest > NEARLY_NEWEST) & (z.ahead > z.ahead_error)
    memorises = trials.weights.end < z.end - FAR_APART
    lately = z.z[:, trials.num_epochs // 2] - z.z[:, -1]
    return (z.ahead > limit.GAIN) & ((z.newest > limit.NEWEST) | nearly) & (~memorises | (lately > GAINS))


def steadily_falling(trials: TrialFeatures) -> np.ndarray:
    """Whether the train loss falls by little, but beyond doubt, and in its second half as in its first."""
    curve = trials.shape
    q = max(1, curve.z.shape[1] // 4)
    fall = curve.z[:, -2 * q : -q].mean(axis=1) - curve.z[:, -q:].mean(axis=1)
    return (fall > 6 * curve.noise * np.sqrt(2 / q) + 1e-5) & (curve.second_half > limit.LINEAR)


def at_mean_predictor(trials: TrialFeatures) -> np.ndarray:
    """Whether the loss has come no lower than a constant answer's, and does not move from there."""
    main, train = trials.main, trials.train
    guessing = np.log(np.fmax(trials.mean_predictor, np.nan))
    guessing = np.where(np.isnan(guessing), inferred_guessing(trials), guessing)
    half = trials.num_epochs // 2
    no_lower = (main.smooth[:, half:].min(axis=1) > guessing - limit.NEAR_MEAN) & (main.raw.min(axis=1) > 0)
    no_train = ~trials.has_train | (train.smooth[:, half:].min(axis=1) > guessing - 2 * limit.NEAR_MEAN)
    flat = np.abs(main.smooth[:, half] - main.end) < limit.FLAT
    return no_lower & no_train & flat & (main.ahead < limit.GAIN) & ~steadily_falling(trials)


def inferred_guessing(trials: TrialFeatures) -> np.ndarray:
    """Log of log C [g], where the end's accuracy is about 1 / C and its loss about log C; NaN elsewhere."""
    curves = trials.curves
    accuracy = np.fmax(curves.val_accuracy[:, -1], np.where(trials.has_val, np.nan, curves.train_accuracy[:, -1]))
    classes = np.round(1 / accuracy)
    expected = np.log(np.log(classes))
    fits = (classes >= 2) & (classes <= 1000) & (np.abs(np.exp(trials.main.end) - np.log(classes)) < 0.1)
    return np.where(fits, expected, np.nan)


def going_nowhere(trials: TrialFeatures) -> np.ndarray:
    """Whether no loss has fallen since the first epochs (`WARM` of them)."""
    warm = max(2, round(WARM * trials.num_epochs))
    falls = [one.smooth[:, warm] - one.lowest - 2 * one.noise for one in (trials.train, trials.val, trials.again)]
    return np.fmax(np.fmax(falls[0], falls[1]), falls[2]) < limit.FLAT


def flat_from(trials: TrialFeatures) -> np.ndarray:
    """Epochs [g] after which the loss was within `SAVED`, and its noise, of the lowest it came to."""
    z = trials.main
    error = z.noise / np.sqrt(max(2, z.z.shape[1] // 10))
    close = z.smooth <= (z.lowest + limit.SAVED + error)[:, None]
    return np.argmax(close, axis=1) + 1
