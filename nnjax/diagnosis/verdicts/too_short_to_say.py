"""Verdict `too_short_to_say`: there are too few epochs, or no finite loss, to judge by."""

import numpy as np

from nnjax.diagnosis.thresholds import FEWEST
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import EVERYTHING, UNFINISHED, Badge, Description, VerdictRule


def confidence(trials: TrialFeatures) -> np.ndarray:
    """There are fewer than `FEWEST` epochs, or no loss is known."""
    if trials.num_epochs < FEWEST:
        return np.ones(len(trials.curves.trials))
    return np.where(np.isfinite(trials.main.raw).all(axis=1), 0.0, 1.0)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Count the epochs."""
    t = trials.num_epochs if trials.num_epochs < FEWEST else 0
    what = "There is no finite loss" if t == 0 else f"{t} epoch{'s' * (t != 1)} of losses are too few to say anything"
    return Description(f"{what}.", {"epochs": t}, {}, f"Train for at least {FEWEST} epochs, better 20.")


VERDICT = VerdictRule(
    code="too_short_to_say",
    precedence=20,
    outcome=UNFINISHED,
    badge=Badge("?", "#b0b0b0", "too few epochs to judge"),
    confidence=confidence,
    describe=describe,
    silences=EVERYTHING,
    fewest_epochs=0,
    state="too short to be judged",
)
