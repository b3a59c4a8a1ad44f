"""Training does not work: diverged, rising, stuck at the start, unstable."""

from __future__ import annotations

import numpy as np

from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.measures import seen, span
from nnjax.diagnosis.types import Verdict
from nnjax.diagnosis.verdicts.case import Case, Rule, percent, sure
from nnjax.diagnosis.verdicts.causes import stuck_cause


def diverged(case: Case) -> np.ndarray:
    """The loss is not finite, or ends a thousand times above where it began, or above the mean predictor's."""
    m = case.measures
    exploded = np.log(limit.EXPLODED)
    height = np.fmax(_height(m.train.raw), np.where(m.has_train, -np.inf, _height(m.val.raw)))
    half = m.num_epochs // 2
    above = np.log(m.main.raw[:, half:].min(axis=1)) - np.log(case.mean_predictor)
    height = np.fmax(height, np.where(case.mean_predictor > 0, above, np.nan))
    return np.where(np.isfinite(m.dense.diverged_at), 0.98, sure(height > exploded, height - exploded, 3.0))


def _height(raw: np.ndarray) -> np.ndarray:
    """Log of the highest loss [g] of the last half over the first one, where both are positive."""
    return np.log(raw[:, raw.shape[1] // 2 :].min(axis=1)) - np.log(raw[:, 0])


def tell_diverged(case: Case, i: int, confidence: float) -> Verdict:
    """Say when."""
    d = case.measures.dense
    if np.isfinite(d.diverged_at[i]):
        epoch = int(d.diverged_at[i])
        text = f"The loss stopped being a finite number in epoch {epoch}: the steps were far too large."
        return Verdict("diverged", text, {}, {"diverged": epoch}, confidence, LOWER)
    main = case.measures.main.raw[i]
    epoch = int(np.argmax(main > main[0] * np.sqrt(limit.EXPLODED))) + 1
    text = f"The loss exploded from {main[0]:.3g} to {main[-1]:.3g}: the steps are far too large."
    return Verdict(
        "diverged", text, {"first": main[0], "last": main[-1]}, {"diverged": max(epoch, 1)}, confidence, LOWER
    )


LOWER = "Lower the learning rate by a factor of 3 to 10; if it must be high, warm it up or clip the gradient."


def rising(case: Case) -> np.ndarray:
    """The train loss itself (the validation loss, if nothing else is known) rises steadily from its minimum on."""
    m = case.measures
    train = m.train.rise > limit.RISING + limit.RISE_NOISE * m.train.rise_error
    train &= seen(m.train, limit.SEEN) & seen(m.weights, limit.SEEN) & ~(m.val.rise < limit.RISING)
    train &= m.train.noise < limit.RISING_NOISE
    uphill = (m.train.lowest_at == 0) & (_order(m.train.smooth, m.train.lowest_at) > limit.UPHILL_ORDER)
    uphill &= m.train.smooth[:, -1] - m.train.start > 6 * m.train.noise + 1e-5
    steady = _order(m.train.smooth, m.train.lowest_at) > limit.RISING_ORDER
    alone = ~m.has_train & (m.val.rise > limit.RISE) & (m.val.fall < limit.FLAT)
    alone &= _order(m.val.smooth, m.val.lowest_at) > limit.RISING_ORDER
    rise = np.where(m.has_train, m.train.rise, m.val.rise)
    return sure((train & steady) | uphill | alone, rise - limit.RISING, np.where(m.has_train, 0.1, 0.5))


def _order(z: np.ndarray, since: np.ndarray) -> np.ndarray:
    """Share of steps up minus share of steps down [g] after an epoch [g] of [g, t]."""
    after = np.arange(z.shape[1] - 1) >= since[:, None]
    return (np.sign(np.diff(z, axis=1)) * after).sum(axis=1) / np.maximum(after.sum(axis=1), 1)


def tell_rising(case: Case, i: int, confidence: float) -> Verdict:
    """Say from where on."""
    m = case.measures
    curve, name = (m.train, "train") if m.has_train[i] else (m.val, "validation")
    low = int(curve.lowest_at[i])
    start = "from the start" if low == 0 else f"from epoch {low + 1} on"
    text = f"The {name} loss rises {start}, by {percent(curve.rise[i])}: training goes uphill."
    todo = (
        "Look for a wrong sign (a loss to be maximised, an optimizer without its minus)."
        if low < m.num_epochs / 4
        else "Look at the learning-rate schedule: the rate may be rising, or too high by now."
    )
    return Verdict("rising", text, {"rise": curve.rise[i]}, {"from": low + 1, "to": m.num_epochs}, confidence, todo)


def stuck_at_start(case: Case) -> np.ndarray:
    """The loss never left where it began, or what a constant answer gives."""
    m = case.measures
    fall = np.fmax(m.train.fall, m.main.fall)
    little = (m.main.fall < limit.FLAT_FALL) | _at_log(m.main.end)
    level = m.main.rise < limit.FLAT + m.main.noise
    flat = ((fall < limit.FLAT) | (nowhere(case) & little & level)) & ~steadily_falling(case)
    mean = at_mean_predictor(case)
    return sure((flat | mean) & ~_learned(case), np.where(mean, 0.1, limit.FLAT - fall), limit.FLAT)


def steadily_falling(case: Case) -> np.ndarray:
    """Whether the train loss falls by little, but beyond doubt, and in its second half as in its first."""
    curve = case.measures.shape
    q = max(1, curve.z.shape[1] // 4)
    fall = curve.z[:, -2 * q : -q].mean(axis=1) - curve.z[:, -q:].mean(axis=1)
    return (fall > 6 * curve.noise * np.sqrt(2 / q) + 1e-5) & (curve.second_half > limit.LINEAR)


def at_mean_predictor(case: Case) -> np.ndarray:
    """Whether the loss has come no lower than a constant answer's, and does not move from there."""
    m = case.measures
    anchor = np.log(np.fmax(case.mean_predictor, np.nan))
    anchor = np.where(np.isnan(anchor), inferred_chance(case), anchor)
    half = m.num_epochs // 2
    no_lower = (m.main.smooth[:, half:].min(axis=1) > anchor - limit.NEAR_MEAN) & (m.main.raw.min(axis=1) > 0)
    train = ~m.has_train | (m.train.smooth[:, half:].min(axis=1) > anchor - 2 * limit.NEAR_MEAN)
    flat = np.abs(m.main.smooth[:, half] - m.main.end) < limit.FLAT
    return no_lower & train & flat & (m.main.ahead < limit.GAIN) & ~steadily_falling(case)


def _at_log(end: np.ndarray) -> np.ndarray:
    """Whether a log loss [g] is that of guessing among some number of classes."""
    loss = np.exp(np.minimum(end, 2.0))
    classes = np.maximum(np.round(np.exp(loss)), 2.0)
    return (np.abs(loss / np.log(classes) - 1) < limit.NEAR_LOG) & (classes <= limit.MOST_CLASSES)


def inferred_chance(case: Case) -> np.ndarray:
    """Log of log C [g], where the end's accuracy is about 1 / C and its loss about log C; NaN elsewhere."""
    m = case.measures
    accuracy = np.fmax(m.dense.val_accuracy[:, -1], np.where(m.has_val, np.nan, m.dense.train_accuracy[:, -1]))
    classes = np.round(1 / accuracy)
    expected = np.log(np.log(classes))
    fits = (classes >= 2) & (classes <= 1000) & (np.abs(np.exp(m.main.end) - np.log(classes)) < 0.1)
    return np.where(fits, expected, np.nan)


def _learned(case: Case) -> np.ndarray:
    d = case.measures.dense
    out = np.zeros(len(d.trials), bool)
    for accuracy in (d.val_accuracy, d.train_accuracy):
        late = np.median(accuracy[:, -3:], axis=1)
        moved = late - accuracy[:, 0] > limit.ACCURACY_MOVES
        above = np.fmax(case.chance_accuracy, 0) + 2 * limit.ACCURACY_MOVES
        out |= moved | (late > np.where(np.isnan(case.chance_accuracy), limit.GOOD_ACCURACY, np.minimum(above, 0.99)))
    return out


def tell_stuck(case: Case, i: int, confidence: float) -> Verdict:
    """Say where, and why if that is known."""
    m = case.measures
    level, anchor = float(m.main.raw[i, -1]), case.mean_predictor[i]
    evidence = {"fall": float(m.main.fall[i]), "level": level}
    where = ""
    if np.isfinite(anchor):
        evidence["mean_predictor"] = float(anchor)
        if abs(level - anchor) < 2 * limit.NEAR_MEAN * abs(anchor):
            where = f", what a constant answer gives ({anchor:.4g}): the mean predictor"
    elif at_mean_predictor(case)[i]:
        where = f", the log of the number of classes ({np.exp(np.exp(inferred_chance(case)[i])):.0f}): pure guessing"
    cause, todo = stuck_cause(case, i)
    low = int(np.argmin(m.main.raw[i]))
    if low and m.main.rise[i] > limit.STUCK_HIGH:  # it had been better
        text = f"After epoch {low + 1} the loss went back up to {level:.4g}{where}, and stays there. {cause}"
    else:
        low, text = 0, f"The loss is stuck at {level:.4g} from the start{where}. {cause}"
    return Verdict("stuck_at_start", text, evidence, {"from": low + 1, "to": m.num_epochs}, confidence, todo)


def unstable(case: Case) -> np.ndarray:
    """The train loss jumps about without coming down, or has come back up and stays there."""
    m = case.measures
    z = m.weights
    progress = z.ahead > limit.GAIN + limit.GAIN_ERRORS * z.ahead_error
    noise = np.where(m.weights_ups > limit.STEPS_UP, m.weights_noise, 0.0)
    shown = z.noise * np.exp(z.end) > limit.ROUGH_SEEN * span(z.raw)
    learned = z.end < np.log(case.mean_predictor) - limit.LEARNED
    rough = (noise > np.where(learned | ~(case.mean_predictor > 0), limit.ROUGH, limit.ROUGH_WORSE)) & ~progress & shown
    wild = (noise > 3 * limit.ROUGH) & shown
    began = np.fmax(z.start, m.train.z[:, 0])
    come_far = z.end < np.where(case.mean_predictor > 0, np.log(case.mean_predictor), began) - limit.COME_FAR
    worse = (
        (noise > limit.ROUGH_WORSE)
        & seen(z, limit.SEEN)
        & (z.rise > np.maximum(limit.ROUGH_WORSE, limit.GAIN_ERRORS * z.rise_error))
    )
    still = nowhere(case)
    jitter = (m.weights_noise > limit.JITTER) & (m.weights_ups > limit.JITTER_UP) & still
    jitter &= ~(come_far & (case.mean_predictor > 0))  # a good end reached early
    height = m.train.raw[:, 0] / m.train.raw[:, 1:].max(axis=1)
    burst = np.where(case.mean_predictor > 0, (height > limit.BURST) & ~come_far, height > limit.BLIND_BURST)
    level = np.abs(z.smooth[:, m.num_epochs // 2] - z.end) < 2 * limit.FLAT + z.noise
    jitter |= burst & (still | (level & (m.weights_ups > limit.JITTER_UP)))
    overshoot = m.train.raw[:, 0] > limit.OVERSHOOT * case.mean_predictor
    overshoot &= z.end > np.log(case.mean_predictor) - limit.LEARNED
    high = (z.rise > np.maximum(limit.STUCK_HIGH, limit.GAIN_ERRORS * z.rise_error)) & seen(z, limit.SEEN)
    leaps = (np.diff(m.train.z, axis=1) > limit.LEAP) & (
        np.diff(m.train.raw, axis=1) > limit.SPIKE_SEEN * span(m.train.raw)[:, None]
    )
    leaping = leaps.sum(axis=1) >= limit.LEAPS
    return sure(
        m.has_train & (((rough | wild | leaping) & ~come_far) | worse | high | jitter | overshoot),
        np.fmax(noise - limit.ROUGH, z.rise - limit.STUCK_HIGH),
        0.1,
    )


def nowhere(case: Case) -> np.ndarray:
    """Whether no loss has fallen since the first epochs (`WARM` of them)."""
    m = case.measures
    warm = max(2, round(limit.WARM * m.num_epochs))
    falls = [one.smooth[:, warm] - one.lowest - 2 * one.noise for one in (m.train, m.val, m.again)]
    return np.fmax(np.fmax(falls[0], falls[1]), falls[2]) < limit.FLAT


def tell_unstable(case: Case, i: int, confidence: float) -> Verdict:
    """Say how much it jumps, and what it had reached before."""
    z = case.measures.weights
    low = int(z.lowest_at[i])
    text = f"The train loss jumps by {percent(z.noise[i])} from epoch to epoch"
    if z.rise[i] > limit.ROUGH_WORSE:
        text += f", and ends {percent(z.rise[i])} above what it had reached in epoch {low + 1}"
    text += ": the learning rate is too high."
    evidence = {"noise": float(z.noise[i]), "rise": float(z.rise[i])}
    return Verdict("unstable", text, evidence, {"minimum": low + 1}, confidence, LOWER)


RULES = (
    Rule("diverged", diverged, tell_diverged),
    Rule("rising", rising, tell_rising),
    Rule("stuck_at_start", stuck_at_start, tell_stuck),
    Rule("unstable", unstable, tell_unstable),
)
