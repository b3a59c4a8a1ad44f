"""Train and validation part ways: overfitting, no signal, validation noise, validation below train."""

from __future__ import annotations

import numpy as np

from nnjax.diagnose import features as f
from nnjax.diagnose import thresholds as limit
from nnjax.diagnose.rules.case import Case, Rule, percent, sure
from nnjax.diagnose.rules.gap import decompose
from nnjax.diagnose.types import Verdict


def overfitting(case: Case) -> np.ndarray:
    """The validation loss rises after its minimum while the train loss goes on falling (Prechelt 1998)."""
    m, v = case.measures, case.measures.val
    rises = v.rise > limit.RISE + limit.RISE_NOISE * v.rise_error
    falls = m.train.end < f.at(m.train.smooth, v.lowest_at) - limit.TRAIN_FALLS
    known = np.where(m.has_train, falls, v.fall > limit.FLAT)
    return sure(m.has_val & rises & known, v.rise - limit.RISE, 0.1)


def tell_overfitting(case: Case, i: int, confidence: float) -> Verdict:
    """Say when it began and what it cost."""
    m, v = case.measures, case.measures.val
    low = int(np.argmin(v.raw[i]))
    cost = float(v.end[i] - v.lowest[i])
    fall = f.at(m.train.smooth, v.lowest_at)[i] - m.train.end[i]
    text = f"The validation loss was lowest in epoch {low + 1} ({v.raw[i, low]:.4g}) and has risen by {percent(cost)} since"
    text += f", while the train loss fell by a further {percent(-fall)}." if m.has_train[i] else "."
    todo = f"Stop near epoch {low + 1} (patience), or use more data, augmentation, dropout or weight decay."
    evidence = {"cost": cost, "lowest": float(v.raw[i, low]), "last": float(v.raw[i, -1])}
    return Verdict("overfitting", text, evidence, {"minimum": low + 1, "to": m.num_epochs}, confidence, todo)


def no_signal(case: Case) -> np.ndarray:
    """The train loss falls, the validation loss never gets below what guessing gives."""
    m, v = case.measures, case.measures.val
    learns = m.has_train & m.has_val & (m.train.fall > 3 * limit.NEAR_MEAN)
    with np.errstate(divide="ignore", invalid="ignore"):
        anchor = np.log(case.mean_predictor)
    loss_at_chance = v.lowest > anchor - limit.NEAR_MEAN
    never_better = (v.fall < limit.FLAT) & (v.rise > limit.RISE) & (v.start > m.train.start - limit.NEAR_MEAN)
    accuracy = m.dense.val_accuracy
    top = np.median(accuracy[:, -max(3, m.num_epochs // 3) :], axis=1)
    moves = top - np.fmin(case.chance_accuracy, accuracy.min(axis=1))
    guess = np.where(np.isnan(case.chance_accuracy), _guess(v.lowest), case.chance_accuracy)
    at_chance = (top < guess + limit.CHANCE_MARGIN + 1 / np.sqrt(np.fmax(case.num_validation, 1))) | (
        np.isnan(guess) & (moves < limit.ACCURACY_MOVES) & (top < limit.GOOD_ACCURACY) & never_better
    )
    by_loss = np.where(np.isnan(anchor), never_better, loss_at_chance)
    holds = np.where(np.isnan(top), by_loss, at_chance & (by_loss | never_better))
    return sure(learns & holds.astype(bool), m.train.fall - limit.NEAR_MEAN, 0.3)


def _guess(lowest: np.ndarray) -> np.ndarray:
    """1 / C [g] where the lowest validation loss is about log C of C classes; NaN elsewhere."""
    with np.errstate(over="ignore"):
        classes = np.round(np.exp(np.exp(np.minimum(lowest, 2))))
        fits = (classes >= 2) & (np.exp(lowest) > (1 - limit.NEAR_MEAN) * np.log(np.maximum(classes, 2)))
    return np.where(fits, 1 / np.maximum(classes, 1), np.nan)


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
    val = m.has_val & (v.noise > limit.NOISY) & ~(z.noise > 0.7 * v.noise)
    train = (z.noise > limit.ROUGH_WORSE) & (~m.has_val | (v.noise > limit.NOISY))
    return sure(val | train, np.fmax(v.noise, z.noise) - limit.NOISY, 0.1)


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
    with np.errstate(divide="ignore", invalid="ignore"):
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
