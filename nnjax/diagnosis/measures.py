"""All that the rules look at: features of a group of trials, an array [g] each."""

from __future__ import annotations

import dataclasses

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis.dense import Dense

Array = np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Trend:
    """One loss over t epochs on a logarithmic scale (see `features.log_scale`).

    Attributes:
      raw, z, smooth: [g, t]; as measured, on the log scale, and smoothed there.
      noise: [g]; standard deviation from epoch to epoch, of the last half (of short curves, more).
      ups: [g]; the share of steps up in the last two thirds.
      start, end: [g]; the smoothed value at the first epoch; the mean over the last 15 %.
      lowest, lowest_at: [g]; the smoothed minimum and its epoch, from 0.
      fall: [g]; from the start to the lowest.
      rise: [g]; from the lowest to the end; 0 where the lowest is part of the end.
      rise_error: [g]; the standard error of that rise.
      ahead, ahead_error: [g]; what going on for half as long again will gain, and the standard error.
      second_half: [g]; the share of the whole fall, in the loss itself, that the second half brings.
      newest: [g]; where the lowest loss as measured lies, from 0 (first epoch) to 1 (last).
    """

    raw: Array
    z: Array
    smooth: Array
    noise: Array
    ups: Array
    start: Array
    end: Array
    lowest: Array
    lowest_at: Array
    fall: Array
    rise: Array
    rise_error: Array
    ahead: Array
    ahead_error: Array
    second_half: Array
    newest: Array


def trend(raw: Array) -> Trend:
    """Measure one loss [g, t], t ≥ `thresholds.FEWEST`."""
    t = raw.shape[1]
    z = f.log_scale(raw)
    smooth = f.smooth(z)
    late = z[:, t // 2 :] if t >= 16 else z[:, t // 3 :] if t >= 9 else z
    noise = f.noise(late)
    last = max(2, round(0.15 * t))
    end = np.median(z[:, -max(3, last) :], axis=1) if last < 3 else z[:, -last:].mean(axis=1)
    lowest_at = smooth.argmin(axis=1)
    lowest = f.at(smooth, lowest_at)
    ahead, ahead_error = f.gain_ahead(z, noise)
    return Trend(
        raw=raw,
        z=z,
        smooth=smooth,
        noise=noise,
        ups=f.share_up(z[:, t // 3 :]),
        start=smooth[:, 0],
        end=end,
        lowest=lowest,
        lowest_at=lowest_at,
        fall=smooth[:, 0] - lowest,
        rise=np.where(lowest_at < t - max(3, last), end - lowest, 0.0),
        rise_error=noise * np.sqrt(2 / last),
        ahead=ahead,
        ahead_error=ahead_error,
        second_half=second_half(f.smooth(raw)),
        newest=raw.argmin(axis=1) / (t - 1),
    )


def second_half(level: Array) -> Array:
    """Give the share [g] of the fall of a smoothed loss [g, t] that its second half brings."""
    t = level.shape[1]
    middle = (level[:, (t - 1) // 2] + level[:, t // 2]) / 2
    whole = level[:, 0] - level[:, -1]
    return (middle - level[:, -1]) / np.where(whole > 0, whole, np.nan)


def span(raw: Array) -> Array:
    """Give the range [g] that a plot of losses [g, t] shows, without the first epoch, which may have exploded."""
    return raw[:, 1:].max(axis=1) - raw.min(axis=1)


def seen(one: Trend, share: float) -> Array:
    """Whether the rise from the minimum to the end [g] is more than a share of the range of nine epochs in ten."""
    half, lowest = max(2, round(0.15 * one.raw.shape[1])), one.raw.min(axis=1)
    return one.raw[:, -half:].mean(axis=1) - lowest > share * (np.quantile(one.raw[:, 1:], 0.9, axis=1) - lowest)


@dataclasses.dataclass(frozen=True, eq=False)
class Measures:
    """What is known of g trials of t epochs.

    Attributes:
      dense: the curves.
      train: of the running mean where it is known, else of the re-evaluated train loss.
      val: of the validation loss; NaN where it is not known.
      main: of the loss that matters: validation where it is known, else train (re-evaluated if known).
      weights: of the train loss in evaluation mode where it is known, else of the running mean.
      shape: of the train loss (running mean) where it is known, else of the validation loss.
      again: of the re-evaluated train loss; NaN where it is not known.
      has_train, has_val: [g].
    """

    dense: Dense
    train: Trend
    val: Trend
    again: Trend
    main: Trend
    weights: Trend
    shape: Trend
    has_train: Array
    has_val: Array

    @property
    def num_epochs(self) -> int:
        """t."""
        return self.dense.num_epochs

    @property
    def weights_noise(self) -> Array:
        """Noise [g] that all known losses share: it comes from the weights, not from what each loss is measured on."""
        return np.fmin(np.fmin(self.train.noise, self.val.noise), self.again.noise)

    @property
    def weights_ups(self) -> Array:
        """Share of steps up [g] of the loss that has the fewest."""
        known = [np.where(np.isnan(one.noise), 1.0, one.ups) for one in (self.train, self.val, self.again)]
        return np.min(known, axis=0)


def measure(dense: Dense) -> Measures:
    """Measure a group of trials of at least `thresholds.FEWEST` epochs."""
    running, again, val = dense.train_loss, dense.train_loss_eval, dense.val_loss
    has_running, has_again, has_val = (np.isfinite(y).all(axis=1) for y in (running, again, val))
    has_train = has_running | has_again
    train = np.where(has_running[:, None], running, again)
    weights = np.where(has_again[:, None], again, running)
    return Measures(
        dense,
        train=trend(train),
        val=trend(val),
        again=trend(again),
        main=trend(np.where(has_val[:, None], val, weights)),
        weights=trend(weights),
        shape=trend(np.where(has_train[:, None], train, val)),
        has_train=has_train,
        has_val=has_val,
    )
