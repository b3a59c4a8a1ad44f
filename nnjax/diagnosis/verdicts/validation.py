"""Train and validation part ways: overfitting, no signal, validation noise, validation below train."""

from __future__ import annotations

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.types import Verdict
from nnjax.diagnosis.verdicts.case import Case, Rule, percent, sure
from nnjax.diagnosis.verdicts.gap import decompose


def overfitting(case: Case) -> np.ndarray:
    """The validation loss rises after its minimum while the train loss goes on falling (Prechelt 1998)."""
    m, v = case.measures, case.measures.val
    apart = m.weights.end < v.lowest - limit.APART
    rises = v.rise > limit.RISE + np.where(apart, 1.0, limit.RISE_NOISE) * v.rise_error
    falls = (m.train.end < f.at(m.train.smooth, v.lowest_at) - limit.TRAIN_FALLS) & (m.weights.end < v.lowest)
    known = np.where(m.has_train, falls, v.fall > limit.FLAT)
    return sure(m.has_val & rises & known, v.rise - limit.RISE, 0.1)


def tell_overfitting(case: Case, i: int, confidence: float) -> Verdict:
    """Say when it began and what it cost."""
    m, v = case.measures, case.measures.val
    low = int(np.argmin(v.raw[i]))
    cost = float(v.end[i] - v.lowest[i])
    fall = f.at(m.train.smooth, v.lowest_at)[i] - m.train.end[i]
    lowest = f"The validation loss was lowest in epoch {low + 1} ({v.raw[i, low]:.4g})"
    text = f"{lowest} and has risen by {percent(cost)} since"
    text += f", while the train loss fell by a further {percent(-fall)}." if m.has_train[i] else "."
    todo = f"Stop near epoch {low + 1} (patience), or use more data, augmentation, dropout or weight decay."
    evidence = {"cost": cost, "lowest": float(v.raw[i, low]), "last": float(v.raw[i, -1])}
    return Verdict("overfitting", text, evidence, {"minimum": low + 1, "to": m.num_epochs}, confidence, todo)


def no_signal(case: Case) -> np.ndarray:
    """The train loss falls, the validation loss never gets below what guessing gives."""
    m, v = case.measures, case.measures.val
    anchor = np.log(case.mean_predictor)
    above = v.lowest > anchor - limit.NEAR_MEAN - np.minimum(v.noise, limit.NEAR_MEAN)
    memorises = m.weights.end < np.where(np.isnan(anchor), v.lowest, anchor) - limit.MEMORISES
    began = v.start > m.train.start - limit.BEGAN  # else the first epoch has taught it something
    never = began & (v.fall < limit.NO_BETTER + np.minimum(v.noise, limit.NEAR_MEAN))
    by_loss = np.where(np.isnan(anchor), never, above)
    at_chance = _at_chance(case)
    memorises &= (v.fall < limit.FALLS) & ~((v.ahead > limit.GAIN) & (v.newest > limit.NEWEST))
    by_accuracy = (at_chance == 1) & (above | (np.isnan(anchor) & (v.fall < limit.SETTLES)))
    return sure(
        m.has_train & m.has_val & memorises & ((by_loss & (at_chance != 0)) | by_accuracy),
        m.train.fall - limit.MEMORISES,
        0.3,
    )


def _at_chance(case: Case) -> np.ndarray:
    """Whether the validation accuracy [g] is that of guessing: 1 if so, 0 if not, NaN if there is no telling.

    Without an anchor guessing is one in C, C being read from the lowest loss, which is then log C.
    """
    m = case.measures
    accuracy, lowest = m.dense.val_accuracy, np.exp(np.minimum(m.val.lowest, 3.0))
    top = np.median(accuracy[:, -max(3, m.num_epochs // 3) :], axis=1)
    classes = np.maximum(np.round(np.exp(np.minimum(lowest, 7.0))), 1)
    one_in = np.where((classes > 1) & (lowest > 0.85 * np.log(np.maximum(classes, 2))), 1 / classes, np.nan)
    guess = np.where(np.isnan(case.chance_accuracy), one_in, case.chance_accuracy)
    gaps = np.diff(np.sort(accuracy, axis=1), axis=1)
    one_example = np.where(gaps > 1e-6, gaps, np.inf).min(axis=1, initial=np.inf)
    count = np.where(np.isnan(case.num_validation), 1 / one_example, case.num_validation)
    margin = limit.CHANCE_MARGIN + np.minimum(1 / np.sqrt(np.maximum(count, 16)), 0.25)
    known = ~np.isnan(top + guess) & ~(lowest < -0.85 * np.log(guess))
    return np.where(known, (top < guess + margin).astype(float), np.where(top > limit.GOOD_ACCURACY, 0.0, np.nan))


def tell_no_signal(case: Case, i: int, confidence: float) -> Verdict:
    """Say how far apart they are."""
    m, v = case.measures, case.measures.val
    text = (
        f"The train loss falls by {percent(-m.train.fall[i])}, but the validation loss is never below guessing "
        f"(lowest {np.min(v.raw[i]):.4g}): the network memorises, and what it learns does not carry over."
    )
    evidence = {"train_fall": float(m.train.fall[i]), "lowest": float(np.min(v.raw[i]))}
    if np.isfinite(m.dense.val_accuracy[i, -1]):
        evidence["val_accuracy"] = float(m.dense.val_accuracy[i, -1])
    todo = "Check that inputs and labels belong together (shuffled labels, a wrong join), and that the inputs can tell."
    return Verdict("no_signal", text, evidence, {"from": 1, "to": m.num_epochs}, confidence, todo)


def noisy(case: Case) -> np.ndarray:
    """The loss wobbles from epoch to epoch more than it moves, although training goes well."""
    m, v, z = case.measures, case.measures.val, case.measures.train
    main = np.where(m.has_val, v.noise, z.noise)
    late = np.where(m.has_val[:, None], v.z, z.z)[:, m.num_epochs // 2 :]
    ups = f.share_up(late, limit.NOISY)
    wobbles = (ups > limit.NOISY_UPS) & (ups * (late.shape[1] - 1) > limit.FEWEST_UPS - 0.5)
    return sure(wobbles, main - limit.NOISY, 0.1)


def tell_noisy(case: Case, i: int, confidence: float) -> Verdict:
    """Say how much, and whether batch or validation part is the cause."""
    m, v, z = case.measures, case.measures.val, case.measures.train
    level = float(np.fmax(v.noise[i], z.noise[i]))
    only_val = not z.noise[i] > 0.7 * v.noise[i]
    few, batch = case.num_validation[i], case.batch_size[i]
    if only_val:
        text = f"The validation loss wobbles by {percent(level)} from epoch to epoch, the train loss does not"
        text += (
            f": {few:.0f} validation examples are few." if few < 500 else ": a small validation part or large steps."
        )
        todo = (
            "Judge by a smoothed curve or the best of several seeds; use more validation examples or cross-validation."
        )
    else:
        text = f"The loss wobbles by {percent(level)} from epoch to epoch"
        text += f": batches of {batch:.0f} are small." if batch < 16 else ": small batches or a rate at the upper end."
        todo = "Use larger batches, or lower the learning rate towards the end (cosine, step)."
    return Verdict(
        "noisy", text, {"noise": level}, {"from": m.num_epochs // 3 + 1, "to": m.num_epochs}, confidence, todo
    )


def val_below_train(case: Case) -> np.ndarray:
    """The validation loss lies below the printed train loss through most of the last half."""
    m = case.measures
    gap, share = below(case)
    return sure(m.has_train & m.has_val & (gap > limit.BELOW) & (share > limit.BELOW_SHARE), gap - limit.BELOW, 0.1)


def below(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Median of log train over validation loss in the last half, and the share of epochs in which it is positive."""
    m = case.measures
    half = m.num_epochs // 2
    gap = np.log(m.train.raw[:, half:]) - np.log(m.val.raw[:, half:])
    return np.median(gap, axis=1), (gap > 0).mean(axis=1)


def tell_below(case: Case, i: int, confidence: float) -> Verdict:
    """Say why, part by part."""
    gap = float(below(case)[0][i])
    parts = decompose(case, i)
    text = f"The validation loss lies {percent(-gap)} below the train loss: {parts.sentence}"
    evidence = {"gap": gap, **parts.shares}
    half = case.measures.num_epochs // 2
    return Verdict("val_below_train", text, evidence, {"from": half + 1, "to": half * 2}, confidence, parts.todo)


RULES = (
    Rule("no_signal", no_signal, tell_no_signal),
    Rule("overfitting", overfitting, tell_overfitting),
    Rule("noisy", noisy, tell_noisy),
    Rule("val_below_train", val_below_train, tell_below),
)
