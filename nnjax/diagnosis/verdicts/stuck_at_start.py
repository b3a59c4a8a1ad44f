"""Verdict `stuck_at_start`: the loss never left where it began; why, as far as the inside of the network is known."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnjax.diagnosis import features as f
from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.conditions import (
    at_mean_predictor,
    ends_guessing,
    going_nowhere,
    inferred_guessing,
    learned_in_first_epoch,
    steadily_falling,
)
from nnjax.diagnosis.marks import band, constant_answer
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import BROKEN, EVERYTHING, Badge, Description, VerdictRule, graded

FLAT_FALL = 0.15  # the whole fall of a loss that is flat from the second epoch on and has learned nothing
DOUBLES = 0.7  # a loss that rises by as much is not stuck
ACCURACY_MOVES = 0.05  # more than this and LUCK, and something was learned
LUCK = 2.0  # standard errors of the difference of two shares of so many examples

BURST = 1.5  # times its first value: a loss that exploded, and came back to guessing
DEAD = 0.9  # share of a layer's units: the few that live carry no gradient worth the name
SATURATED = 0.9
SAME = 1e-6  # activation variance of a layer that answers everything alike
VANISHING = 1e-3  # gradient norm of the first layer over that of the last

UNKNOWN = (
    "Dead units, an all-zero start, saturated units or a missing gradient are the usual causes; the curves alone do "
    "not tell which.",
    "Look at the activations and gradients layer by layer; try another seed, a smaller initial scale and a lower rate.",
)


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The loss never left where it began, or the loss of always predicting the mean."""
    main = trials.main
    fall = np.fmax(trials.train.fall, main.fall)
    later = np.fmax(main.fall, trials.train.z[:, 1] - trials.train.lowest)  # the first epoch's mean is of a bad start
    little = (later < FLAT_FALL) | ends_guessing(trials)
    level = main.rise < limit.FLAT + main.noise
    never = (fall < limit.FLAT) & (main.rise < DOUBLES)
    flat = (never | (going_nowhere(trials) & little & level)) & ~steadily_falling(trials)
    flat |= ends_guessing(trials) & _level_lately(trials) & (main.raw.max(axis=1) > BURST * main.raw[:, 0])
    mean = at_mean_predictor(trials)
    early = learned_in_first_epoch(trials) & ~ends_guessing(trials) & ~mean
    return graded((flat | mean) & ~_learned(trials) & ~early, np.where(mean, 0.1, limit.FLAT - fall), limit.FLAT)


def _level_lately(trials: TrialFeatures) -> np.ndarray:
    """Whether the loss [g] is flat over the last third."""
    main = trials.main
    return np.abs(main.smooth[:, 2 * trials.num_epochs // 3] - main.end) < limit.FLAT


def _learned(trials: TrialFeatures) -> np.ndarray:
    chance, out = trials.chance_accuracy, np.zeros(len(trials.curves.trials), bool)
    for accuracy in (trials.curves.val_accuracy, trials.curves.train_accuracy):
        late = np.median(accuracy[:, -3:], axis=1)
        error = np.sqrt(2 * late * (1 - late) * np.nan_to_num(f.smallest_step(accuracy), posinf=0.0))
        moved = late - accuracy[:, 0] > ACCURACY_MOVES + LUCK * error
        above = np.fmax(chance, 0) + 2 * ACCURACY_MOVES
        out |= moved | (late > np.where(np.isnan(chance), limit.GOOD_ACCURACY, np.minimum(above, 0.99)))
    return out


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the level, and the cause if it is known."""
    main, constant = trials.main, trials.mean_predictor[i]
    level = float(main.raw[i, -1])
    evidence = {"fall": float(main.fall[i]), "level": level}
    where = ""
    if np.isfinite(constant):
        evidence["mean_predictor"] = float(constant)
        if abs(level - constant) < 2 * limit.NEAR_MEAN * abs(constant):
            where = f", the loss of always predicting the mean ({constant:.4g})"
    elif at_mean_predictor(trials)[i]:
        classes = np.exp(np.exp(inferred_guessing(trials)[i]))
        where = f", the log of the number of classes ({classes:.0f}): pure guessing"
    cause, advice = _cause(trials, i)
    low = int(np.argmin(main.raw[i]))
    if low and main.rise[i] > limit.STUCK_HIGH:  # it had been better
        text = f"After epoch {low + 1} the loss went back up to {level:.4g}{where}, and stays there. {cause}"
    else:
        low, text = 0, f"The loss is stuck at {level:.4g} from the start{where}. {cause}"
    return Description(text, evidence, {"from": low + 1, "to": trials.num_epochs}, advice)


def _cause(trials: TrialFeatures, i: int) -> tuple[str, str]:
    """Return the cause, as a sentence, and what to try: dead ReLUs, saturation, no variance, vanishing gradients."""
    statistics, trial = trials.layers, int(trials.curves.trials[i])
    if statistics is None:
        return UNKNOWN
    ratios = _last(statistics.update_ratio[trial])
    norms = _last(statistics.gradient_norm[trial])
    zero = np.isnan(ratios) & np.isfinite(norms)  # the update over weights that are all 0
    if zero.any():
        cause = f"The weights of {statistics.layers[int(np.argmax(zero))]} are all 0, and stay so."
        return cause, "Start from random weights (Glorot, He): they break the symmetry between units."
    layer, value = _worst(statistics.dead_share[trial], np.nanmax)
    if value > DEAD:
        advice = "Lower the learning rate, use a leaky activation, or start with other weights."
        return f"In {statistics.layers[layer]} {100 * value:.0f} % of the ReLU units are dead.", advice
    layer, value = _worst(statistics.saturated_share[trial], np.nanmax)
    if value > SATURATED:
        advice = "Start with smaller weights, scale the inputs, or use ReLU."
        return f"In {statistics.layers[layer]} {100 * value:.0f} % of the outputs are saturated.", advice
    if len(norms) > 1 and 0 < norms[0] < VANISHING * norms[-1]:
        cause = (
            f"The gradient of the first layer is {norms[0] / norms[-1]:.1g} of the last one's: it vanishes on the way."
        )
        return cause, "Use ReLU or fewer layers, and an initialization that keeps the variance (Glorot, He)."
    layer, value = _worst(statistics.activation_variance[trial], np.nanmin)
    if value < SAME:
        cause = f"{statistics.layers[layer]} gives every example the same answer: its weights are zero or all alike."
        return cause, "Start from random weights (Glorot, He), and look at the biases."
    return UNKNOWN


def _last(statistic: np.ndarray) -> np.ndarray:
    """Return the last known values [p] of [t, p]; empty if there is none."""
    known = np.isfinite(statistic).any(axis=1)
    return statistic[np.flatnonzero(known)[-1]] if known.any() else np.zeros(0)


def _worst(statistic: np.ndarray, extreme: Callable[[np.ndarray], Any]) -> tuple[int, float]:
    """Find the layer whose last known value is the extreme one; (0, NaN) if nothing is known."""
    values = _last(statistic)
    if not np.isfinite(values).any():
        return 0, float("nan")
    value = float(extreme(values))
    return int(np.flatnonzero(values == value)[0]), value


VERDICT = VerdictRule(
    code="stuck_at_start",
    precedence=40,
    outcome=BROKEN,
    badge=Badge("–", "#4d4d4d", "the loss never left its start"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [constant_answer(verdict), band(verdict, "never left its start")],
    silences=EVERYTHING,
)
