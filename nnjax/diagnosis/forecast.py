"""Forecast what a longer run would gain: a weighted set of falling shapes, with the interval that the fits leave open.

Each shape is c + a φ(t) with φ from a bank of power laws and exponentials of different speeds and of no fall at all;
a and c by least squares. A shape's weight is exp(-χ² / 2), χ² its squared error over the noise (Bayesian model
averaging; Hoeting et al. 1999), so a curve with noise keeps several, and the gains that they promise make the interval.
"""

import dataclasses
import functools
import math

import numpy as np

from nnjax.diagnosis.features import FEWEST_TO_SMOOTH, end_level, running_median
from nnjax.diagnosis.thresholds import GAIN

MORE = 1.5  # times the epochs trained
POWERS = (0.01, 0.1, 0.3, 0.6, 1.0, 1.5, 2.5)  # of t, and of t less a third of the epochs before the window
SPEEDS = (0.04, 0.07, 0.12, 0.2, 0.35, 0.6, 1.0, 2.0)  # e-folding times of exponentials, in shares of t
CYCLES = (2, 3, 4, 5)  # of a rate that restarts, and has come down to 0 at the end
CYCLE_WEIGHT = 0.35
CYCLE_EPOCHS = 20
CYCLE_SPEEDS = (0.1, 0.3, 2.0)  # e-folding times of what they draw, in shares of t
LEAST_NOISE = 3e-4  # no formula fits a real loss better than this
MOST_MISFIT = 1.6  # χ² an epoch: a curve that no shape fits over its last half is judged by less of it
PARTS = (2, 4, 8)  # the last half, quarter, eighth
LEAST_OFF = 0.02  # a bend moves a smooth curve off the median of its neighbors by as much
SCHEDULE_WEIGHT = 0.6  # of a schedule that has ended, in the weight of a shape: the curve alone hardly tells
BENDS = 1.25  # times the slowing down between two parts of the curve, for that between the next two
CAUTION = 0.5  # standard errors that are given to the schedule
SCHEDULE_EPOCHS = 12
FEWEST = 5  # epochs of a fit
CORRELATION = 2.5  # epochs are not independent: so many count as one
FLAT_WEIGHT = 1.0  # of no fall, in the weight of a shape
INTERVAL = 0.9  # of the gain
FEWEST_STRAIGHT = 5  # epochs of a straight line
STRAIGHT_ERRORS = 2.0


@dataclasses.dataclass(frozen=True, eq=False)
class Forecast:
    """The gain of half as many epochs again, on the scale of the curve (its log): a mixture of normal distributions.

    Attributes:
      gains, errors, weights: [g, k]; of each shape, what it promises, the standard error, and its weight.
    """

    gains: np.ndarray
    errors: np.ndarray
    weights: np.ndarray

    @functools.cached_property
    def gain(self) -> np.ndarray:
        """The expected gain [g]."""
        return (self.weights * self.gains).sum(axis=1)

    @functools.cached_property
    def sure(self) -> np.ndarray:
        """The probability [g] that the gain is more than `thresholds.GAIN`."""
        return (self.weights * _above(self.gains, self.errors, GAIN)).sum(axis=1)

    def sure_of(self, gain: np.ndarray) -> np.ndarray:
        """Return the probability [g] that the gain is more than so much [g]."""
        return (self.weights * _above(self.gains, self.errors, gain[:, None])).sum(axis=1)

    @property
    def at_rest(self) -> np.ndarray:
        """The probability [g] that a schedule has brought the rate down to 0, so that nothing more is gained."""
        return self.weights[:, -2:].sum(axis=1)

    def interval(self, i: int) -> tuple[float, float]:
        """Return the ends of the interval that holds the gain of curve i in nine cases of ten."""
        own = self.gains[i : i + 1], self.errors[i : i + 1], self.weights[i : i + 1]
        return float(_quantile(*own, 0.5 - INTERVAL / 2)[0]), float(_quantile(*own, 0.5 + INTERVAL / 2)[0])


def forecast(z: np.ndarray, noise: np.ndarray) -> Forecast:
    """Forecast the gain of going on for half as many epochs again: log losses [g, t], their deviation by epoch [g]."""
    z = _without_outliers(z, noise)
    gains, errors, weights, misfit = _fits(z, noise, PARTS[0])
    for part in PARTS[1:]:
        poor = misfit > MOST_MISFIT
        if z.shape[1] // part < FEWEST or not poor.any():
            break
        gains[poor], errors[poor], weights[poor], misfit[poor] = _fits(z[poor], noise[poor], part)
    most = _straight_on(z, noise)[:, None]
    return Forecast(np.where(most < GAIN, np.minimum(gains, most), gains), errors, weights)


def _straight_on(z: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """What a straight line through the last eighth of [g, t] gains in half as many epochs again, at most [g].

    A loss that slows down gains less than that, whatever its first part makes a shape promise. `STRAIGHT_ERRORS`
    standard errors are given to the line.
    """
    t = z.shape[1]
    n = max(FEWEST_STRAIGHT, t // PARTS[-1])
    if t < 2 * n:
        return np.full(len(z), np.inf)
    x = np.arange(n) - (n - 1) / 2
    size = (x * x).sum()
    slope = -(z[:, -n:] * x).sum(axis=1) / size
    error = np.sqrt((noise**2 + LEAST_NOISE**2) / size)
    return (MORE - 1) * t * np.maximum(slope + STRAIGHT_ERRORS * error, 0.0)


def _without_outliers(z: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Bring single epochs of [g, t] to within 3 times the noise of the ones around them."""
    most = 3 * noise[:, None] + LEAST_OFF
    middle = running_median(z, 3)
    if z.shape[1] >= FEWEST_TO_SMOOTH:
        middle[:, -1] = end_level(z, FEWEST)
    return np.clip(z, middle - most, middle + most)


def _fits(z: np.ndarray, noise: np.ndarray, part: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Fit all shapes to the last epochs: gains, standard errors and weights [g, k], and the best χ² an epoch [g]."""
    t = z.shape[1]
    n = min(t, max(FEWEST, round(t / part)))
    shapes, ahead = _bank(t, n)
    y = z[:, -n:] - z[:, -n:].mean(axis=1, keepdims=True)
    size = (shapes * shapes).sum(axis=1)
    slope = np.einsum("gn,kn->gk", y, shapes) / size  # not BLAS, whose order of sums depends on the number of curves
    whole = (y * y).sum(axis=1, keepdims=True)
    scale = np.sqrt(noise**2 + LEAST_NOISE**2)[:, None]
    left = np.where(slope > 0, whole - slope * slope * size, whole)
    chi = np.concatenate([whole, left], axis=1) / scale**2
    best = chi.min(axis=1, keepdims=True)
    misfit = best[:, 0] / max(n - 3, 1)
    inflated = np.maximum(misfit, 1.0)[:, None] * CORRELATION
    weights = np.exp(-(chi - best) / (2 * inflated))
    weights[:, 0] *= FLAT_WEIGHT
    weights[:, 1:] *= slope > 0
    first = 1 + 2 * len(POWERS) + len(SPEEDS)
    weights[:, first:-2] *= CYCLE_WEIGHT if t >= CYCLE_EPOCHS else 0.0
    weights[:, -2:] *= SCHEDULE_WEIGHT * _as_by_schedule(z, noise)[:, None]
    weights /= weights.sum(axis=1, keepdims=True)
    gains = np.concatenate([np.zeros_like(whole), np.maximum(slope, 0) * ahead], axis=1)
    errors = scale * np.sqrt(inflated) * np.concatenate([[0.0], ahead / np.sqrt(size)])
    return gains, errors, weights, misfit


def _as_by_schedule(z: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Whether a curve [g, t] falls most in its first half, and slows down more and more over the parts that follow.

    A rate that goes down on a cosine draws such curves. An exponential approach slows down by the same factor from
    part to part, a power law by less and less, and an S falls most in its second half.
    """
    t = z.shape[1]
    if t < SCHEDULE_EPOCHS:
        return np.zeros(len(z), bool)
    w = max(1, t // 12)
    first, before, middle, after, last = (
        z[:, max(i - w, 0) : min(i + w + 1, t)].mean(axis=1) for i in (0, t // 4, t // 2, 3 * t // 4, t - 1)
    )
    error = noise * np.sqrt(2 / (2 * w + 1))
    second, third, fourth = before - middle, middle - after, after - last
    room = CAUTION * error * (2 * np.abs(third) + np.abs(second) + np.abs(fourth))
    bends = third * third + room > BENDS * second * np.maximum(fourth, 0)
    return bends & (third + error > 0) & (first - middle > middle - last)


def _bank(t: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the shapes [k, n] over the last n of t epochs, centered, and how far each falls from t to 1.5 t [k]."""
    x = np.arange(t - n + 1, MORE * t + 1.0)
    shifted = x - (t - n) * 0.7
    rows = [x**-p for p in POWERS] + [shifted**-p for p in POWERS]
    rows += [np.exp(-(x - x[0]) / (share * t)) for share in SPEEDS]
    rows += [np.exp(-_restarted(x, t / k) / (share * t)) for k in CYCLES for share in CYCLE_SPEEDS]
    left = np.maximum(1 - x / t, 0.0)
    rows += [
        left**2,
        np.cos(np.pi * np.minimum(x / t, 1.0)),
    ]  # schedules that end at a rate of 0, and gain nothing more
    whole = np.array(rows)
    whole /= whole[:, :1] - whole[:, n - 1 : n]
    return whole[:, :n] - whole[:, :n].mean(axis=1, keepdims=True), whole[:, n - 1] - whole[:, -1]


def _restarted(x: np.ndarray, period: float) -> np.ndarray:
    """Epochs at full rate that come to the same as those up to x [n], of a cosine that restarts after each period."""
    cycles, part = np.floor(x / period), x / period % 1.0
    return period * (cycles / 2 + (part + np.sin(np.pi * part) / np.pi) / 2)


def _above(gains: np.ndarray, errors: np.ndarray, level: float | np.ndarray) -> np.ndarray:
    """Return the probability [g, k] that a gain is above a level."""
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(errors > 0, (gains - level) / errors, np.where(gains > level, 9.0, -9.0))
    return _normal(np.clip(distance, -9, 9))


def _normal(x: np.ndarray) -> np.ndarray:
    """Approximate the normal distribution function (logistic with a cubic term; Bowling et al. 2009: 1.4e-4)."""
    return 1 / (1 + np.exp(-(0.07056 * x**3 + 1.5976 * x)))


def _quantile(gains: np.ndarray, errors: np.ndarray, weights: np.ndarray, q: float) -> np.ndarray:
    """Find the quantile [g] of the mixture of normal distributions, by bisection."""
    low, high = (gains - 5 * errors).min(axis=1), (gains + 5 * errors).max(axis=1)
    for _ in range(math.ceil(math.log2(1e3))):
        middle = (low + high) / 2
        below = 1 - (weights * _above(gains, errors, middle[:, None])).sum(axis=1)
        low, high = np.where(below < q, middle, low), np.where(below < q, high, middle)
    return (low + high) / 2
