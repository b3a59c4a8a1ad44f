"""Diagnose learning curves: `diagnose_curves`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnjax.core.types import Signals
from nnjax.diagnosis.aligned_curves import align, checked, per_trial
from nnjax.diagnosis.trial_features import TrialFeatures, trial_features
from nnjax.diagnosis.types import Anchors, Curves, Diagnosis
from nnjax.diagnosis.verdict_rule import VerdictRule
from nnjax.diagnosis.verdicts import VERDICTS

NO_RULE_HOLDS = 0.3  # the confidence of `converged` then


def diagnose_curves(
    curves: Curves, anchors: Anchors | Sequence[Anchors] | None = None, signals: Signals | None = None
) -> list[Diagnosis]:
    """Find the verdicts that hold for learning curves.

    Args:
      curves: of m trials, as many epochs as there are.
      anchors: what is known of the task, for all trials or for each.
      signals: what was measured inside the networks; names causes.

    Returns:
      [m]; the most important verdict first. `docs/diagnoses.md` has the rules one by one.

    Raises:
      UserError: no curve at all, shapes that differ, or another number of anchors than of trials.
    """
    out: dict[int, Diagnosis] = {}
    known = per_trial(anchors, len(next(iter(checked(curves).values()))))
    with np.errstate(all="ignore"):  # what cannot be computed is NaN, of which no rule holds
        for aligned in align(curves):
            found = _diagnose(trial_features(aligned, known, signals))
            out.update(zip(aligned.trials.tolist(), found, strict=True))
    return [out[trial] for trial in sorted(out)]


def _diagnose(trials: TrialFeatures) -> list[Diagnosis]:
    asked = [rule for rule in VERDICTS.values() if rule.fewest_epochs <= trials.num_epochs]
    confidence = {rule.code: rule.confidence(trials) for rule in asked}
    return [
        _of_trial(trials, i, {code: float(values[i]) for code, values in confidence.items()})
        for i in range(len(trials.curves.trials))
    ]


def _of_trial(trials: TrialFeatures, i: int, confidence: dict[str, float]) -> Diagnosis:
    """Keep the rules that hold and are not silenced by one before them; describe the trial by each."""
    kept: list[VerdictRule] = []
    for rule in (VERDICTS[code] for code, value in confidence.items() if value > 0):
        if not any(rule.is_silenced_by(before) for before in kept):
            kept.append(rule)
    if not kept:
        return Diagnosis(VERDICTS["converged"].verdict(trials, i, NO_RULE_HOLDS))
    kept.sort(key=lambda rule: confidence[rule.code] < rule.first_from)
    first, *others = [rule.verdict(trials, i, round(confidence[rule.code], 2)) for rule in kept]
    return Diagnosis(first, tuple(others))
