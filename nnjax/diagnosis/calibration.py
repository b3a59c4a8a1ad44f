"""How often a verdict is right as the first one, by its code and its rule's confidence.

A logistic regression on labeled curves, our own tuning part and two sets of runs of other tools, which count as much
each, less what curves are accepted less often that the rules have never been changed after; made by
`python -m scripts.calibrate_verdicts` (docs/diagnoses.md says how well it does on curves it has not seen).
"""

import math

SLOPE = 0.413
MEAN = 1.5  # log-odds of a verdict that is not in the table
ODDS = {
    "diverged": 1.64,
    "too_short_to_say": 1.53,
    "rising": 1.54,
    "stuck_at_start": 1.74,
    "no_signal": 1.29,
    "unstable": 1.54,
    "overfitting": 1.74,
    "spike": 1.40,
    "plateau_then_drop": 1.38,
    "too_slow": 1.44,
    "val_below_train": 1.59,
    "noisy": 1.63,
    "still_learning": 1.35,
    "stopped_too_late": 1.40,
    "converged": 1.25,
}


def calibrated(code: str, confidence: float) -> float:
    """Return the share of such verdicts that are right, to two digits, from the confidence of their rule."""
    sure = min(max(confidence, 0.02), 0.98)
    return round(1 / (1 + math.exp(-ODDS.get(code, MEAN) - SLOPE * math.log(sure / (1 - sure)))), 2)
