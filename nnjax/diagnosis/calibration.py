"""How often a verdict is right as the first one, by its code and its rule's confidence.

A logistic regression on labeled curves, our own tuning part and two sets of runs of other tools, which count as much
each, less what curves are accepted less often that the rules have never been changed after; made by
`python -m scripts.calibrate_verdicts` (docs/diagnoses.md says how well it does on curves it has not seen).
"""

import math

SLOPE = 0.486
MEAN = 1.5  # log-odds of a verdict that is not in the table
ODDS = {
    "diverged": 1.53,
    "too_short_to_say": 1.42,
    "rising": 1.44,
    "stuck_at_start": 1.72,
    "no_signal": 1.36,
    "unstable": 1.43,
    "overfitting": 1.63,
    "spike": 1.21,
    "plateau_then_drop": 1.20,
    "too_slow": 1.34,
    "val_below_train": 1.48,
    "noisy": 1.53,
    "still_learning": 1.29,
    "stopped_too_late": 1.31,
    "converged": 1.05,
}


def calibrated(code: str, confidence: float) -> float:
    """Return the share of such verdicts that are right, to two digits, from the confidence of their rule."""
    sure = min(max(confidence, 0.02), 0.98)
    return round(1 / (1 + math.exp(-ODDS.get(code, MEAN) - SLOPE * math.log(sure / (1 - sure)))), 2)
