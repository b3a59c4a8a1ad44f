"""Compute the features of a group of trials by which the rules of the verdicts decide."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from nnjax.core.layer_statistics import LayerStatistics
from nnjax.diagnosis import features as f
from nnjax.diagnosis.curves_by_length import AlignedCurves
from nnjax.diagnosis.forecast import Forecast, forecast
from nnjax.diagnosis.types import TrainingContext

Array = np.ndarray
T = TypeVar("T")


@dataclasses.dataclass(frozen=True, eq=False)
class Trend:
    """One loss over t epochs on a logarithmic scale (see `features.log_scale`)."""

    raw: Array  # raw, z, smooth: [g, t]; as measured, on the log scale, and smoothed there
    z: Array
    smooth: Array
    jump: Array  # [g]; how far the last epoch lies off the ones before, where that is far: it is replaced in the others
    noise: Array  # [g]; standard deviation from epoch to epoch, of the last half (of short curves, more)
    ups: Array  # [g]; the share of steps up in the last two thirds
    start: Array  # start, end: [g]; the smoothed value at the first epoch; the mean over the last 15 %
    end: Array
    lowest: Array  # lowest, lowest_at: [g]; the smoothed minimum and its epoch, from 0
    lowest_at: Array
    fall: Array  # [g]; from the start to the lowest
    rise: Array  # [g]; from the lowest to the end; 0 where the lowest is part of the end
    rise_error: Array  # [g]; the standard error of that rise
    second_half: Array  # [g]; the share of the whole fall, in the loss itself, that the second half brings
    newest: Array  # [g]; where the lowest loss as measured lies, from 0 (first epoch) to 1 (last)

    @functools.cached_property
    def ahead(self) -> Forecast:
        """What going on for half as long again will gain."""
        return forecast(self.z, self.noise)

    @property
    def span(self) -> Array:
        """The range [g] that a plot of the losses shows, without the first epoch, which may have exploded."""
        return self.raw[:, 1:].max(axis=1) - self.raw.min(axis=1)

    def of(self, i: int) -> "Trend":
        """One trial's: g = 1."""
        return Trend(*(getattr(self, field.name)[i : i + 1] for field in dataclasses.fields(self)))

    def rises_visibly(self, share: float) -> Array:
        """Whether the rise from the minimum to the end [g] exceeds a share of the range of nine epochs in ten."""
        last, lowest = max(2, round(0.15 * self.raw.shape[1])), self.raw.min(axis=1)
        most = np.quantile(self.raw[:, 1:], 0.9, axis=1)
        return self.raw[:, -last:].mean(axis=1) - lowest > share * (most - lowest)


def trend(raw: Array, least_noise: Array | float = 0.0) -> Trend:
    """Compute the features of one loss [g, t], t ≥ `thresholds.FEWEST`, whose noise [g] is at least so much."""
    t = raw.shape[1]
    z, jump = f.without_last_jump(f.log_scale(raw), f.noise(f.log_scale(raw)[:, -(t // 2 + 2) : -1]))
    last = max(2, round(0.15 * t))
    raw = np.where(jump[:, None] != 0, _without_last(raw, z), raw)
    smooth = f.smooth(z)
    late = z[:, t // 2 :] if t >= 16 else z[:, t // 3 :] if t >= 9 else z
    noise = np.fmax(f.noise(late), least_noise) + 0 * late[:, 0]
    end = np.median(z[:, -max(3, last) :], axis=1) if last < 3 else z[:, -last:].mean(axis=1)
    lowest_at = smooth.argmin(axis=1)
    lowest = f.at(smooth, lowest_at)
    reach = np.minimum(max(1, t // 20), np.minimum(lowest_at, t - 1 - lowest_at))
    rise_error = noise * np.sqrt(1 / last + np.maximum(1 / last, 1 / (2 * reach + 1)))
    if last >= 5:
        under_way = f.end_level(z, last) - end
        end = end + np.where(under_way > 2 * noise * np.sqrt(2 / last), under_way, 0.0)
    return Trend(
        raw=raw,
        z=z,
        smooth=smooth,
        jump=jump,
        noise=noise,
        ups=f.share_up(z[:, t // 3 :]),
        start=smooth[:, 0],
        end=end,
        lowest=lowest,
        lowest_at=lowest_at,
        fall=smooth[:, 0] - lowest,
        rise=np.where(lowest_at < t - max(3, last), end - lowest, 0.0),
        rise_error=rise_error,
        second_half=f.second_half(f.smooth(raw)),
        newest=raw.argmin(axis=1) / (t - 1),
    )


def _without_last(raw: Array, z: Array) -> Array:
    """Losses whose last epoch is what its log says; of losses that can be negative, the one before."""
    out = raw.copy()
    out[:, -1] = np.where(raw.min(axis=1) > 0, np.exp(z[:, -1]), raw[:, -2])
    return out


@dataclasses.dataclass(frozen=True, eq=False)
class TrialFeatures:
    """A group of g trials with t epochs, and what is known of them. Trends need `thresholds.FEWEST` epochs.

    Attributes:
      curves: theirs.
      mean_predictor … infinite_at: [g]; as in `TrainingContext`, NaN where they are not known.
      layers: of all trials of the call, whose rows are `curves.trials`.
      computed: what `once` has computed of the group.
    """

    curves: AlignedCurves
    mean_predictor: Array
    chance_accuracy: Array
    floor: Array
    regularized: Array
    num_validation: Array
    batch_size: Array
    shuffled: Array
    schedule_epochs: Array
    learning_rate: Array
    stable_rate: Array
    curvature: Array
    input_size: Array
    target_size: Array
    infinite_at: Array
    layers: LayerStatistics | None = None
    computed: dict[Callable, Any] = dataclasses.field(default_factory=dict, init=False, repr=False)

    @property
    def num_epochs(self) -> int:
        """The number of epochs, t."""
        return self.curves.train_loss.shape[1]

    @functools.cached_property
    def has_train(self) -> Array:
        """Whether a train loss is known [g]."""
        return _known(self.curves.train_loss) | _known(self.curves.train_loss_eval)

    @functools.cached_property
    def has_val(self) -> Array:
        """Whether the validation loss is known [g]."""
        return _known(self.curves.val_loss)

    @functools.cached_property
    def val(self) -> Trend:
        """The trend of the validation loss; NaN where it is not known."""
        return trend(self.curves.val_loss, self._doubt(self.curves.val_loss, self.num_validation))

    @functools.cached_property
    def again(self) -> Trend:
        """The trend of the re-evaluated train loss; NaN where it is not known."""
        return trend(self.curves.train_loss_eval)

    @functools.cached_property
    def train(self) -> Trend:
        """The trend of the train loss: of the running mean where it is known, else of the re-evaluated one."""
        loss = _first_known(self.curves.train_loss, self.curves.train_loss_eval)
        return trend(loss, self._doubt(loss, np.full(len(loss), np.nan)))

    @functools.cached_property
    def weights(self) -> Trend:
        """The trend of the train loss in evaluation mode where it is known, else of the running mean."""
        if not _known(self.curves.train_loss_eval).any():
            return self.train
        return trend(_first_known(self.curves.train_loss_eval, self.curves.train_loss))

    @functools.cached_property
    def main(self) -> Trend:
        """The trend of the loss that matters: validation where it is known, else train (re-evaluated if known)."""
        if self.has_val.all():
            return self.val
        loss = _first_known(self.curves.val_loss, self.weights.raw)
        return trend(loss, self._doubt(loss, np.where(self.has_val, self.num_validation, np.nan)))

    @functools.cached_property
    def shape(self) -> Trend:
        """The trend of the train loss (running mean) where it is known, else of the validation loss."""
        if self.has_train.all():
            return self.train
        loss = _first_known(self.train.raw, self.curves.val_loss)
        return trend(loss, self._doubt(loss, np.where(self.has_train, np.nan, self.num_validation)))

    def _doubt(self, error: Array, count: Array) -> Array:
        """Standard error [g] of the log of an error [g, t], a share of so many examples [g]; 0 where it is a loss."""
        own = self.curves.of_accuracy
        if not own.any():
            return np.zeros(len(error))
        known = np.where(np.isnan(count), 1 / f.smallest_step(error), count)
        late = np.median(error[:, error.shape[1] // 2 :], axis=1)
        return np.where(own & (known > 1), f.share_error(late, np.maximum(known, 2.0)), 0.0)

    @property
    def weights_noise(self) -> Array:
        """Noise [g] that all known losses share: it comes from the weights, not from what each loss is measured on."""
        return np.fmin(np.fmin(self.train.noise, self.val.noise), self.again.noise)

    @property
    def weights_ups(self) -> Array:
        """Share of steps up [g] of the loss that has the fewest."""
        known = [np.where(np.isnan(one.noise), 1.0, one.ups) for one in (self.train, self.val, self.again)]
        return np.min(known, axis=0)


def once(condition: Callable[["TrialFeatures"], T]) -> Callable[["TrialFeatures"], T]:
    """Compute a condition of a group of trials once, however many rules and descriptions ask for it."""

    @functools.wraps(condition)
    def cached(trials: TrialFeatures) -> T:
        if condition not in trials.computed:
            trials.computed[condition] = condition(trials)
        return trials.computed[condition]

    return cached


def _known(loss: Array) -> Array:
    return np.isfinite(loss).all(axis=1)


def _first_known(loss: Array, other: Array) -> Array:
    return np.where(_known(loss)[:, None], loss, other)


def trial_features(
    curves: AlignedCurves, contexts: Sequence[TrainingContext], layers: LayerStatistics | None
) -> TrialFeatures:
    """Join curves with what is known beside them of all trials of the call."""
    own, names = [contexts[trial] for trial in curves.trials], [f.name for f in dataclasses.fields(TrainingContext)]
    known = {name: np.array([getattr(one, name) for one in own], float) for name in names}  # None becomes NaN
    return TrialFeatures(curves, **known, layers=layers)
