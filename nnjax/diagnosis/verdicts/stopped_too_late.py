"""Verdict `stopped_too_late`: the loss was flat for at least half of the epochs."""

import numpy as np

from nnjax.diagnosis.conditions import flat_from
from nnjax.diagnosis.marks import band
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import DONE, Badge, Description, VerdictRule, graded
from nnjax.diagnosis.verdicts import converged

SAVED_SHARE = 0.5  # of the epochs, at least
SAVED_EPOCHS = 5  # fewer are not worth a word


def confidence(trials: TrialFeatures) -> np.ndarray:
    """The loss was flat for the better half of the epochs."""
    t, at = trials.num_epochs, flat_from(trials)
    holds = (converged.confidence(trials) > 0) & (t - at >= SAVED_EPOCHS)
    return graded(holds & (at <= (1 - SAVED_SHARE) * t), (1 - SAVED_SHARE) - at / t, 0.2)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Count the epochs that could have been saved."""
    at, t = int(flat_from(trials)[i]), trials.num_epochs
    text = f"After epoch {at} nothing more was gained: {t - at} of {t} epochs could have been saved."
    advice = "Stop by patience, or spend the epochs on more seeds or a larger network."
    return Description(text, {"saved": t - at}, {"flat_from": at, "to": t}, advice)


VERDICT = VerdictRule(
    code="stopped_too_late",
    precedence=140,
    outcome=DONE,
    badge=Badge("»", "#7fd0b8", "flat for at least half of the epochs"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [band(verdict, "nothing more is gained", "flat_from")],
)
