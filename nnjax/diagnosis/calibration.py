"""How often a verdict is right as the first one, by its code and its rule's confidence.

A logistic regression on labeled curves, our own tuning part and runs of other tools, which count as much; made by
`python -m scripts.calibrate_verdicts` (docs/diagnoses.md says how well it does on curves it has not seen).
"""

import math

SLOPE = 0.126
MEAN = 2.2  # log-odds of a verdict that is not in the table
ODDS = {
    "diverged": 2.82,
    "too_short_to_say": 2.55,
    "rising": 1.89,
    "stuck_at_start": 2.72,
    "no_signal": 1.42,
    "unstable": 2.20,
    "overfitting": 3.03,
    "spike": 1.85,
    "plateau_then_drop": 2.50,
    "too_slow": 1.49,
    "val_below_train": 2.50,
    "noisy": 2.60,
    "still_learning": 2.24,
    "stopped_too_late": 1.70,
    "converged": 1.65,
}


def calibrated(code: str, confidence: float) -> float:
    """Return the share of such verdicts that are right, to two digits, from the confidence of their rule."""
    sure = min(max(confidence, 0.02), 0.98)
    return round(1 / (1 + math.exp(-ODDS.get(code, MEAN) - SLOPE * math.log(sure / (1 - sure)))), 2)
