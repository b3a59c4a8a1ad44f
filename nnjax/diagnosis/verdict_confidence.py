"""The confidence of a verdict: how often it is right as the first one, by its code and its rule's own confidence.

A logistic regression on labeled curves, our own tuning part and three sets of runs of other tools, which count as much
each, less what curves are accepted less often that the rules have never been changed after; made by
`python -m scripts.calibrate_verdicts` (docs/diagnoses.md says how well it does on curves it has not seen).
"""

import math

SLOPE = 0.497
MEAN = 1.4  # log-odds of a verdict that is not in the table
ODDS = {
    "diverged": 1.50,
    "too_short_to_say": 1.39,
    "rising": 1.42,
    "stuck_at_start": 1.59,
    "no_signal": 1.33,
    "unstable": 1.45,
    "overfitting": 1.61,
    "spike": 1.14,
    "plateau_then_drop": 1.16,
    "too_slow": 1.45,
    "val_below_train": 1.39,
    "noisy": 1.52,
    "still_learning": 1.22,
    "stopped_too_late": 1.32,
    "converged": 1.00,
}


def calibrated(code: str, confidence: float) -> float:
    """Return the share of such verdicts that are right, to two digits, from the confidence of their rule."""
    sure = min(max(confidence, 0.02), 0.98)
    return round(1 / (1 + math.exp(-ODDS.get(code, MEAN) - SLOPE * math.log(sure / (1 - sure)))), 2)
