"""How far training has come: too slow, plateau, spike, still learning, converged, stopped too late, too short."""

from __future__ import annotations

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.measures import Measures, Trend, span
from nnjax.diagnosis.types import Verdict
from nnjax.diagnosis.verdicts.broken import at_mean_predictor, steadily_falling
from nnjax.diagnosis.verdicts.case import Case, Rule, percent, sure


def too_slow(case: Case) -> np.ndarray:
    """The loss falls almost along a straight line, or still lies above a constant answer's."""
    m, z = case.measures, case.measures.main
    surely = z.ahead > limit.SLOW_ERRORS * z.ahead_error
    falling = (still_falling(case) & surely) | steadily_falling(case)
    fall = np.fmax(z.fall, m.train.fall)
    share = late_share(m)
    late = (share > limit.LATE) & (fall > limit.LATE_FALL)
    least = max(limit.LINEAR, np.log(2) / np.log(m.num_epochs))  # the most that a power law can bring
    linear = (share > least) & (fall > limit.SLOW_FALL) & (z.fall < limit.FAST_FALL) & ~late
    crawling = steadily_falling(case) & (fall <= limit.SLOW_FALL)
    above = above_mean(case)
    return sure(falling & (linear | crawling | above), np.fmax(share - limit.LINEAR, above * 0.1), 0.1)


def late_share(m: Measures) -> np.ndarray:
    """Share of the whole fall [g] that the second half brings, to the loss where it is less.

    A validation loss does not show what the first epoch brought; the mean of that epoch's batches does.
    """
    return np.fmin(m.main.second_half, m.shape.second_half)


def above_mean(case: Case) -> np.ndarray:
    """Whether the loss ends above that of the mean predictor."""
    end = case.measures.main.raw[:, -1]
    return end > case.mean_predictor * (1 + limit.NEAR_MEAN)


def tell_slow(case: Case, i: int, confidence: float) -> Verdict:
    """Say how straight the line is."""
    z, t = case.measures.main, case.measures.num_epochs
    share = float(late_share(case.measures)[i])
    how = "almost along a straight line" if share > limit.LINEAR else "slowly and steadily"
    text = (
        f"The loss fell by {percent(-z.fall[i])} in {t} epochs, {100 * share:.0f} % of that in the second "
        f"half: {how}, so the learning rate is too low."
    )
    evidence = {"fall": float(z.fall[i]), "second_half": share}
    if above_mean(case)[i]:
        evidence["mean_predictor"] = float(case.mean_predictor[i])
        text = text.rstrip(".") + (
            f"; {z.raw[i, -1]:.4g} is still worse than the mean predictor, a constant answer "
            f"({case.mean_predictor[i]:.4g})."
        )
    todo = "Raise the learning rate by a factor of 3 to 10, until the loss falls fast and then flattens."
    return Verdict("too_slow", text, evidence, {"from": 1, "to": t}, confidence, todo)


def spike(case: Case) -> np.ndarray:
    """A jump far above the neighbouring epochs, from which the loss came back."""
    m = case.measures
    z = m.shape
    tall = spikes(z) & (_seen_elsewhere(m) | ~m.has_val[:, None])
    count = (tall[:, 1:] & ~tall[:, :-1]).sum(axis=1)
    few = (count >= 1) & (count <= limit.MOST_SPIKES) & (tall.mean(axis=1) <= limit.SPIKE_SHARE + 1 / m.num_epochs)
    back = ~tall[:, -1] & (z.rise < limit.ROUGH_WORSE + limit.GAIN_ERRORS * z.rise_error)
    height = np.where(tall, f.spike_heights(z.z), 0).max(axis=1)
    return sure(few & back, height - limit.SPIKE, 0.3)


def _seen_elsewhere(m: Measures) -> np.ndarray:
    """Where [g, t] another loss jumps too, in the same epoch or the one before or after."""
    others = [
        f.spike_heights(one.z) > np.maximum(limit.SPIKE_ELSEWHERE, 3 * one.noise)[:, None] for one in (m.val, m.again)
    ]
    jumps = np.pad(others[0] | others[1], ((0, 0), (1, 1)))
    return jumps[:, :-2] | jumps[:, 1:-1] | jumps[:, 2:]


def spikes(curve: Trend) -> np.ndarray:
    """Which epochs [g, t] of a loss are part of a spike."""
    r = f.spike_heights(curve.z)
    shown = f.spike_heights(curve.raw) > limit.SPIKE_SEEN * span(curve.raw)[:, None]
    tall = shown & (r > limit.SPIKE) & (f.robust_z(r, 0.005) > limit.SPIKE_Z)
    tall[:, 0] = False
    return tall


def tell_spike(case: Case, i: int, confidence: float) -> Verdict:
    """Say when and how high."""
    m = case.measures
    z = m.shape
    height = np.where(spikes(z)[i], f.spike_heights(z.z[i : i + 1])[0], 0)
    epoch = int(height.argmax())
    text = f"The loss jumped by {percent(height[epoch])} in epoch {epoch + 1} and came back."
    todo = "One spike does no harm; if there are more, clip the gradient or lower the learning rate a little."
    return Verdict("spike", text, {"height": float(height[epoch])}, {"spike": epoch + 1}, confidence, todo)


def plateau_then_drop(case: Case) -> np.ndarray:
    """For a good part of the epochs nothing happened, and then the loss fell."""
    return sure(_plateau(case)[1] > 0, _plateau(case)[2] - limit.PLATEAU_DROP, 0.3)


def _plateau(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First epoch (from 0) and length of the longest plateau, 0 where there is none, and the drop after it; [g]."""
    m = case.measures
    z = m.shape
    t = m.num_epochs
    step = max(1, t // 20)
    rate = (z.smooth[:, :-step] - z.smooth[:, step:]) / step
    later = np.maximum.accumulate(rate[:, ::-1], axis=1)[:, ::-1]
    below = np.minimum.accumulate(z.smooth[:, ::-1], axis=1)[:, ::-1]
    drop = z.smooth[:, :-step] - below[:, :-step]
    real = drop > limit.PLATEAU_DROP + 4 * z.noise[:, None]
    shortest = max(limit.PLATEAU_EPOCHS, limit.PLATEAU * t)
    flat = (np.abs(rate) < limit.PLATEAU_SLOPE * later) & (np.abs(rate) < limit.PLATEAU_FALL / shortest)
    start, length = f.longest_run(flat & real)
    end = np.minimum(start + length, drop.shape[1] - 1)
    enough = (length >= shortest) & (f.at(z.smooth, start) - f.at(z.smooth, end) < limit.PLATEAU_PART * f.at(drop, end))
    return start, np.where(enough, length, 0), f.at(drop, end)


def tell_plateau(case: Case, i: int, confidence: float) -> Verdict:
    """Say from when to when."""
    start, length, drop = (values[i] for values in _plateau(case))
    text = (
        f"From epoch {start + 1} to {start + length} the loss hardly moved, and then fell by {percent(-drop)}: "
        "a plateau is not always the end (a schedule that lowers the rate draws the same picture)."
    )
    todo = "Give such networks more epochs before stopping; a better initialisation, ReLU or Adam shortens the plateau."
    epochs = {"from": int(start) + 1, "to": int(start + length)}
    return Verdict("plateau_then_drop", text, {"drop": float(drop)}, epochs, confidence, todo)


def still_falling(case: Case) -> np.ndarray:
    """Whether going on for half as long again would gain more than `GAIN`, and the last epochs are the best so far."""
    z = case.measures.main
    nearly = (z.newest > limit.NEARLY_NEWEST) & (z.ahead > z.ahead_error)
    memorises = case.measures.weights.end < z.end - limit.FAR_APART
    lately = z.z[:, case.measures.num_epochs // 2] - z.z[:, -1]
    return (z.ahead > limit.GAIN) & ((z.newest > limit.NEWEST) | nearly) & (~memorises | (lately > limit.GAINS))


def still_learning(case: Case) -> np.ndarray:
    """The loss is still falling at the end (deck: "not flat? you are still learning!")."""
    return sure(still_falling(case), case.measures.main.ahead - limit.GAIN, 0.03)


def tell_still(case: Case, i: int, confidence: float) -> Verdict:
    """Say what going on may gain."""
    z, t = case.measures.main, case.measures.num_epochs
    quarter = max(3, round(t / 4))
    more, gain = max(1, t // 2), percent(-z.ahead[i])
    text = f"The loss is still falling: going on for {more} more epochs would lower it by about {gain}."
    return Verdict(
        "still_learning",
        text,
        {"gain_ahead": float(z.ahead[i])},
        {"from": t - quarter + 1, "to": t},
        confidence,
        "Train longer.",
    )


def stopped_too_late(case: Case) -> np.ndarray:
    """The loss was flat for the better half of the epochs."""
    t = case.measures.num_epochs
    at = flat_from(case)
    holds = (converged(case) > 0) & (t - at >= limit.SAVED_EPOCHS)
    return sure(holds & (at <= (1 - limit.SAVED_SHARE) * t), (1 - limit.SAVED_SHARE) - at / t, 0.2)


def flat_from(case: Case) -> np.ndarray:
    """Epochs [g] after which the loss was within `SAVED`, and its noise, of the lowest it came to."""
    z = case.measures.main
    error = z.noise / np.sqrt(max(2, z.z.shape[1] // 10))
    close = z.smooth <= (z.lowest + limit.SAVED + error)[:, None]
    return np.argmax(close, axis=1) + 1


def tell_late(case: Case, i: int, confidence: float) -> Verdict:
    """Say how many epochs could have been saved."""
    at, t = int(flat_from(case)[i]), case.measures.num_epochs
    text = f"After epoch {at} nothing more was gained: {t - at} of {t} epochs could have been saved."
    todo = "Stop by patience, or spend the epochs on more seeds or a larger network."
    return Verdict("stopped_too_late", text, {"saved": t - at}, {"flat_from": at, "to": t}, confidence, todo)


def converged(case: Case) -> np.ndarray:
    """Flat at the end, after a fall."""
    z = case.measures.main
    fell = np.fmax(z.fall, case.measures.train.fall) > limit.FLAT
    flat = ~still_falling(case) & ~at_mean_predictor(case)
    return sure(flat & fell, limit.GAIN - z.ahead - z.ahead_error, limit.GAIN)


def tell_converged(case: Case, i: int, confidence: float) -> Verdict:
    """Say at which level."""
    z, t = case.measures.main, case.measures.num_epochs
    text = f"The loss fell by {percent(-z.fall[i])} and is flat at {z.raw[i, -1]:.4g}: training has converged."
    evidence = {"fall": float(z.fall[i]), "gain_ahead": float(z.ahead[i])}
    floor = case.floor[i]
    if np.isfinite(floor):
        evidence["floor"] = float(floor)
        text = text.rstrip(".") + f", {z.raw[i, -1] - floor:.3g} above the least possible ({floor:.4g})."
    return Verdict("converged", text, evidence, {"from": int(flat_from(case)[i]), "to": t}, confidence, "")


RULES = (
    Rule("spike", spike, tell_spike),
    Rule("plateau_then_drop", plateau_then_drop, tell_plateau),
    Rule("too_slow", too_slow, tell_slow),
    Rule("still_learning", still_learning, tell_still),
    Rule("stopped_too_late", stopped_too_late, tell_late),
    Rule("converged", converged, tell_converged),
)
