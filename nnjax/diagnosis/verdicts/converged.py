"""Verdict `converged`: the loss has fallen and is flat."""

import numpy as np

from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.conditions import at_mean_predictor, flat_from, still_falling
from nnjax.diagnosis.marks import band
from nnjax.diagnosis.trial_features import TrialFeatures
from nnjax.diagnosis.verdict_rule import DONE, Badge, Description, VerdictRule, graded, percent


def confidence(trials: TrialFeatures) -> np.ndarray:
    """Flat at the end, after a fall."""
    z = trials.main
    fell = np.fmax(z.fall, trials.train.fall) > limit.FLAT
    flat = ~still_falling(trials) & ~at_mean_predictor(trials)
    return graded(flat & fell, 1 - z.ahead.sure, 0.5)


def describe(trials: TrialFeatures, i: int) -> Description:
    """Name the level, and its distance from the least possible loss."""
    z, t = trials.main, trials.num_epochs
    text = f"The loss fell by {percent(-z.fall[i])} and is flat at {z.raw[i, -1]:.4g}: training has converged."
    evidence = {"fall": float(z.fall[i]), "gain_ahead": float(z.ahead.gain[i])}
    floor = trials.floor[i]
    if np.isfinite(floor):
        evidence["floor"] = float(floor)
        text = text.rstrip(".") + f", {z.raw[i, -1] - floor:.3g} above the least possible ({floor:.4g})."
    return Description(text, evidence, {"from": int(flat_from(trials)[i]), "to": t})


VERDICT = VerdictRule(
    code="converged",
    precedence=150,
    outcome=DONE,
    badge=Badge("✓", "#009e73", "the loss has fallen and is flat"),
    confidence=confidence,
    describe=describe,
    marks=lambda verdict, losses: [band(verdict, "flat")],
)
