"""Sentences added to a trial's first verdict: what was left out, and what the curve shows beside it."""

import math

import numpy as np

from nnjax.diagnosis.conditions import restart_period
from nnjax.diagnosis.trial_features import Trend, TrialFeatures
from nnjax.diagnosis.verdict_rule import percent
from nnjax.diagnosis.verdicts.plateau_then_drop import lowered_rate

WORDS = {"train_loss": "train loss", "train_loss_eval": "re-evaluated train loss", "val_loss": "validation loss"}


def remarks(trials: TrialFeatures, i: int) -> list[str]:
    """Return what is to be said of trial i whatever its verdict."""
    return [*_unmeasured(trials, i), *_last_jump(trials, i), *_step(trials, i)]


def _unmeasured(trials: TrialFeatures, i: int) -> list[str]:
    """Name the losses that are 0 throughout."""
    names = [WORDS[name] for name, zero in trials.curves.all_zero.items() if zero[i]]
    return [f"The {name} is 0 throughout: it was not measured, and is left out." for name in names]


def _last_jump(trials: TrialFeatures, i: int) -> list[str]:
    """Name a last epoch that lies far off."""
    for name, one in (("", trials.main), ("train ", trials.train)):
        if _jumped(one, i):
            below = "above" if one.jump[i] > 0 else "below"
            amount = percent(one.jump[i])
            text = f"In the last epoch ({trials.num_epochs}) the {name}loss jumped to {amount} {below} the ones before"
            return [f"{text}: one epoch makes no trend, and is left out here."]
    return []


def _jumped(one: Trend, i: int) -> bool:
    return math.isfinite(one.jump[i]) and one.jump[i] != 0


def _step(trials: TrialFeatures, i: int) -> list[str]:
    """Name where the loss jumped or fell as where a schedule restarts or lowers the rate."""
    if period := int(restart_period(trials)[i]):
        return [f"Every {period} epochs it jumps up and comes down again, as where a schedule restarts the rate."]
    epoch, drop = (float(np.asarray(values)[i]) for values in lowered_rate(trials))
    if not epoch:
        return []
    return [f"From epoch {epoch:.0f} on it fell by {percent(-drop)}, as where a schedule lowers the learning rate."]
