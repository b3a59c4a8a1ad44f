"""Verdict `val_below_train`: validation lies below training, by regularization, averaging or an easier split."""

from collections.abc import Mapping

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis.marks import Losses, Mark, band
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.types import Verdict
from nnjax.diagnosis.verdict_rule import REMARK, Badge, Description, VerdictRule, graded, percent

BELOW = 0.02  # validation below train: less is the luck of the split
BELOW_KNOWN = 0.005  # where the re-evaluated loss tells that the average over the epoch is the cause,
ALWAYS = 0.95  # and validation is below in nearly all of the last half's epochs
BELOW_SHARE = 0.8  # of the last half's epochs
LUCK = 2.0  # standard errors of the share of the validation examples that is wrong
FIRST_FROM = 0.94  # with less confidence, how far training has come is the first thing to know

REGULARIZATION, AVERAGING, SPLIT = "regularization", "averaging", "easier split"
EITHER = "regularization or easier split"  # where the train loss was not re-evaluated
CAUSES = {
    REGULARIZATION: (
        "mostly regularization, which acts (dropout) or counts (penalties) in training only.",
        "Nothing is wrong: compare validation with the train loss in evaluation mode; if both are high, regularize "
        "less.",
    ),
    AVERAGING: (
        "mostly because the train loss is an average over the epoch, in which the network was improving.",
        "Nothing is wrong: compare validation with the train loss re-evaluated at the epoch's end.",
    ),
    SPLIT: (
        "the validation examples are easier than the training examples, also in evaluation mode.",
        "Look at how the split was drawn: stratify, shuffle before splitting, or cross-validate.",
    ),
    EITHER: (
        "more than the average over the epoch explains, so regularization or an easier split.",
        "Re-evaluate the train loss in evaluation mode at the epoch's end: that tells which.",
    ),
}


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The validation loss lies below the printed train loss through most of the last half."""
    gap, share = _below(trials)
    little = (gap > BELOW_KNOWN) & (share > ALWAYS) & (_averaging(trials) > gap / 2)
    both = trials.has_train & trials.has_val
    both &= ~(trials.curves.of_accuracy & ~(_doubtless(trials)))
    return graded(both & (((gap > BELOW) & (share > BELOW_SHARE)) | little), gap - BELOW, 0.1)


def _doubtless(trials: TrialFeatures) -> np.ndarray:
    """Whether the shares [g] that are wrong in the last half are further apart than chance and few examples bring."""
    half = trials.num_epochs // 2
    train, val = (np.median(one.raw[:, half:], axis=1) for one in (trials.train, trials.val))
    count = np.where(np.isnan(trials.num_validation), 1 / f.smallest_step(trials.val.raw), trials.num_validation)
    middle = np.maximum((train + val) / 2, 0.5 / count)
    return train - val > LUCK * np.sqrt(middle * (1 - middle) / count)


def _averaging(trials: TrialFeatures) -> np.ndarray:
    """Median of log running mean over re-evaluated train loss [g] in the last half; NaN where one is not known."""
    half, curves = trials.num_epochs // 2, trials.curves
    return np.median(np.log(curves.train_loss[:, half:]) - np.log(curves.train_loss_eval[:, half:]), axis=1)


def _below(trials: TrialFeatures) -> tuple[np.ndarray, np.ndarray]:
    """Median of log train over validation loss in the last half, and the share of epochs in which it is positive."""
    half = trials.num_epochs // 2
    gap = np.log(trials.train.raw[:, half:]) - np.log(trials.val.raw[:, half:])
    return np.median(gap, axis=1), (gap > 0).mean(axis=1)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the largest part of the gap, and the share of each."""
    gap, shares = float(_below(trials)[0][i]), decompose(trials, i)
    because, advice = CAUSES[max(shares, key=lambda name: shares[name])]
    text = f"The validation loss lies {percent(-gap)} below the train loss: {because}"
    half = trials.num_epochs // 2
    return Description(text, {"gap": gap, **shares}, {"from": half + 1, "to": half * 2}, advice)


def decompose(trials: TrialFeatures, i: int) -> dict[str, float]:
    """Split the gap of a trial over its last half into parts, as shares that add up to 1.

    With T_e the running mean of epoch e, E_e the train loss and V_e the validation loss at its end, and T'_e the mean
    of E_(e-1) and E_e, which is what T_e would be in evaluation mode:
    T_e - V_e = (T_e - T'_e) regularization + (T'_e - E_e) averaging + (E_e - V_e) easier split.
    Where E is not known, V stands in for it in T'_e - E_e, and the rest is one part.
    """
    curves, regularized = trials.curves, trials.regularized[i]
    last = slice(max(1, trials.num_epochs // 2), None)
    running, again, val = curves.train_loss[i], curves.train_loss_eval[i], curves.val_loss[i]
    if not np.isfinite(running[0]):
        return {SPLIT: 1.0}
    known = bool(np.isfinite(again[0]))
    ends = again if known else val
    before = np.concatenate([ends[:1], ends[:-1]])
    averaging = float(np.median((before - ends)[last])) / 2
    gap = float(np.median((running - val)[last]))
    if not known:
        rest = EITHER if np.isnan(regularized) else REGULARIZATION if regularized else SPLIT
        return _as_shares({rest: gap - averaging, AVERAGING: averaging})
    split = float(np.median((again - val)[last]))
    if regularized == 0:  # then all that the running mean lies above is averaging, faster than a straight line
        return _as_shares({AVERAGING: gap - split, SPLIT: split})
    return _as_shares({REGULARIZATION: gap - averaging - split, AVERAGING: averaging, SPLIT: split})


def _as_shares(parts: Mapping[str, float]) -> dict[str, float]:
    whole = sum(parts.values())
    return {name: part / whole if whole else 1 / len(parts) for name, part in parts.items()}


def marks(verdict: Verdict, losses: Losses) -> list[Mark]:
    """Mark the epochs, and draw the running mean that is meant, where a chart may show the re-evaluated loss."""
    found, running = [band(verdict, "validation below training")], losses.get("train_loss")
    if running is None or "train_loss_eval" not in losses:
        return found
    x = [epoch for epoch in range(verdict.epochs["from"], verdict.epochs["to"] + 1) if np.isfinite(running[epoch - 1])]
    return [
        *found,
        Mark("trend", tuple(x), tuple(float(running[epoch - 1]) for epoch in x), "train loss, running mean"),
    ]


VERDICT = VerdictRule(
    code="val_below_train",
    precedence=110,
    outcome=REMARK,
    badge=Badge("<", "#ecd0e0", "validation lies below training"),
    confidence=confidence,
    describe=describe,
    marks=marks,
    first_from=FIRST_FROM,
)
