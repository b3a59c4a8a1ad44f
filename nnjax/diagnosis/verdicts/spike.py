"""Verdict `spike`: the loss jumped once and came back."""

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.conditions import restart_period
from nnjax.diagnosis.marks import point, training_loss
from nnjax.diagnosis.trial_features import Trend, TrialFeatures
from nnjax.diagnosis.verdict_rule import REMARK, Badge, Description, VerdictRule, graded, percent

SPIKE = 0.18  # above the median of its neighbors
LEAP = 1.0  # the loss nearly triples
SPIKE_Z = 5.0  # robust z: of 1,000,000 normal epochs none lies so high
FEWEST_HALF = 10  # epochs of a half whose own noise is told
MOST_SPIKES = 3  # more are oscillation
SPIKE_ELSEWHERE = 0.01  # in another loss, which may see but the end of it
SPIKE_SHARE = 0.20  # of the epochs may be spikes


def confidence(trials: TrialFeatures) -> np.ndarray:
    """A jump far above the neighboring epochs, from which the loss came back."""
    z = trials.shape
    tall = _spikes(z) & (_in_another_loss(trials) | ~trials.has_val[:, None])
    tall |= _leaps(trials.val) & _leaps(trials.again)  # of the weights at the epoch's end, which its mean hides
    count = (tall[:, 1:] & ~tall[:, :-1]).sum(axis=1)
    few = (count >= 1) & (count <= MOST_SPIKES) & (tall.mean(axis=1) <= SPIKE_SHARE + 1 / trials.num_epochs)
    back = ~tall[:, -1] & (_comes_back(z) | _comes_back(trials.weights))
    heights = np.fmax(f.spike_heights(z.z), np.nan_to_num(f.spike_heights(trials.val.z)))
    height = np.where(tall, heights, 0).max(axis=1)
    return graded(few & back & (restart_period(trials) == 0), height - SPIKE, 0.3)


def _leaps(z: Trend) -> np.ndarray:
    return _spikes(z) & (f.spike_heights(z.z) > LEAP)


def _comes_back(z: Trend) -> np.ndarray:
    return z.rise < limit.ROUGH_WORSE + limit.GAIN_ERRORS * z.rise_error


def _in_another_loss(trials: TrialFeatures) -> np.ndarray:
    """Where [g, t] another loss jumps too, in the same epoch or the one before or after."""
    others = [
        f.spike_heights(one.z) > np.maximum(SPIKE_ELSEWHERE, 3 * one.noise)[:, None]
        for one in (trials.val, trials.again)
    ]
    jumps = np.pad(others[0] | others[1], ((0, 0), (1, 1)))
    return jumps[:, :-2] | jumps[:, 1:-1] | jumps[:, 2:]


def _spikes(curve: Trend) -> np.ndarray:
    r = f.spike_heights(curve.z)
    visible = f.spike_heights(curve.raw) > limit.JUMP_VISIBLE * curve.span[:, None]
    half = r.shape[1] // 2
    z = f.robust_z(r, 0.005)
    if half >= FEWEST_HALF:  # noise that grows, or dies out, is no spike
        z = np.minimum(z, np.hstack([f.robust_z(r[:, :half], 0.005), f.robust_z(r[:, half:], 0.005)]))
    tall = visible & (r > np.maximum(SPIKE, 3 * curve.noise)[:, None]) & (z > SPIKE_Z)
    tall[:, 0] = False
    return tall


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the epoch and the height."""
    z = trials.shape.of(i)
    height = np.where(_spikes(z), f.spike_heights(z.z), 0)[0]
    epoch = int(height.argmax())
    text = f"The loss jumped by {percent(height[epoch])} in epoch {epoch + 1} and came back."
    advice = "One spike does no harm; if there are more, clip the gradient or lower the learning rate a little."
    return Description(text, {"height": float(height[epoch])}, {"spike": epoch + 1}, advice)


VERDICT = VerdictRule(
    code="spike",
    precedence=80,
    outcome=REMARK,
    badge=Badge("∧", "#d1c62f", "it jumped once and came back"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [point(training_loss(losses), verdict, "spike", "a jump")],
)
