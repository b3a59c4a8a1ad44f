"""Verdict `no_signal`: the network memorizes, and validation stays at chance."""

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.marks import Losses, Mark, loss_at, result_loss
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.types import Verdict
from nnjax.diagnosis.verdict_rule import BROKEN, DONE, UNFINISHED, Badge, Description, VerdictRule, graded, percent

NO_BETTER = 0.03  # fall of a validation loss that learns nothing: it settles after the first steps
SETTLES = 0.1  # the same where its accuracy is that of guessing
BEGAN = 0.15  # validation below train in the first epoch: what the network learned in it
FALLS = 0.4  # a validation loss that falls more than this has learned something, if only not to explode
MEMORIZES = 0.08  # the train loss that far below guessing
CHANCE_MARGIN = 0.03  # above chance, within the error of a few hundred examples

MOST_MARGIN = 0.2  # a share of so few examples tells nothing
LUCK = 1.64  # standard errors of a share of so many examples: one in 20 guesses better


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The train loss falls, the validation loss never gets below what guessing gives."""
    train, val, weights = trials.train, trials.val, trials.weights
    guessing = np.log(trials.mean_predictor)
    above = val.lowest > guessing - limit.NEAR_MEAN - np.minimum(val.noise, limit.NEAR_MEAN)
    first = np.fmax(weights.start, train.start - 2 * train.noise)
    began_at = np.minimum(val.lowest, first)  # validation above train from the first epoch on is no memory
    memorizes = weights.end < np.where(np.isnan(guessing), began_at, guessing) - MEMORIZES
    began = val.start > train.start - BEGAN  # else the first epoch has taught it something
    never = began & (val.fall < NO_BETTER + np.minimum(val.noise, limit.NEAR_MEAN))
    at_chance = _at_chance(trials)
    overfits = np.isnan(at_chance) & (val.rise > limit.STUCK_HIGH)  # which of the two, only an accuracy would tell
    by_loss = np.where(np.isnan(guessing), never & ~overfits, above)
    memorizes &= (val.fall < FALLS) & ~((val.ahead.sure > limit.SURE) & (val.newest > limit.NEWEST))
    by_accuracy = (at_chance == 1) & (above | (np.isnan(guessing) & (val.fall < SETTLES)))
    return graded(
        trials.has_train & trials.has_val & memorizes & ((by_loss & (at_chance != 0)) | by_accuracy),
        train.fall - MEMORIZES,
        0.3,
    )


def _at_chance(trials: TrialFeatures) -> np.ndarray:
    """Whether the validation accuracy [g] is that of guessing: 1 if so, 0 if not, NaN if there is no telling.

    Where its accuracy is not known guessing is one in C, C being read from the lowest loss, which is then log C.
    """
    accuracy, lowest = trials.curves.val_accuracy, np.exp(np.minimum(trials.val.lowest, 3.0))
    top = np.median(accuracy[:, -max(3, trials.num_epochs // 3) :], axis=1)
    classes = np.maximum(np.round(np.exp(np.minimum(lowest, 7.0))), 1)
    one_in = np.where((classes > 1) & (lowest > 0.85 * np.log(np.maximum(classes, 2))), 1 / classes, np.nan)
    guess = np.where(np.isnan(trials.chance_accuracy), one_in, trials.chance_accuracy)
    count = np.where(np.isnan(trials.num_validation), 1 / f.smallest_step(accuracy), trials.num_validation)
    margin = CHANCE_MARGIN + LUCK * np.sqrt(guess * (1 - guess) / np.maximum(count, 16))
    known = ~np.isnan(top + guess) & (margin < MOST_MARGIN) & ~(lowest < -0.85 * np.log(guess))
    return np.where(known, (top < guess + margin).astype(float), np.where(top > limit.GOOD_ACCURACY, 0.0, np.nan))


def describe(trials: TrialFeatures, i: int) -> Description:
    """Compare the two losses."""
    fall, lowest = trials.train.fall[i], np.min(trials.val.raw[i])
    text = (
        f"The train loss falls by {percent(-fall)}, but the validation loss is never below guessing "
        f"(lowest {lowest:.4g}): the network memorizes, and what it learns does not carry over."
    )
    evidence = {"train_fall": float(fall), "lowest": float(lowest)}
    accuracy = trials.curves.val_accuracy[i, -1]
    if np.isfinite(accuracy):
        evidence["val_accuracy"] = float(accuracy)
    hint = (
        "Check that inputs and labels belong together (shuffled labels, a wrong join), and that the inputs contain "
        "information about the labels."
    )
    return Description(text, evidence, {"from": 1, "to": trials.num_epochs}, hint)


def marks(verdict: Verdict, losses: Losses) -> list[Mark]:
    """Mark the lowest validation loss."""
    val = result_loss(losses)
    low = int(np.nanargmin(val)) + 1 if np.isfinite(val).any() else 0
    return [Mark("point", (low,), (loss_at(val, low),), "validation: no better than this")]


VERDICT = VerdictRule(
    code="no_signal",
    precedence=50,
    outcome=BROKEN,
    badge=Badge("∅", "#7d3560", "it memorizes; validation is at chance"),
    confidence=confidence,
    describe=describe,
    marks=marks,
    silences=frozenset({UNFINISHED, DONE, "overfitting", "val_below_train"}),
)
