"""How well the diagnosis does on labeled curves."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.types import Curves, Diagnosis, TrainingContext
from scripts.curves import stranger_labels, synthetic
from scripts.curves.curve import NAMES, Labeled
from scripts.curves.sweeps import PACE

HEALTHY = ("rates/", "cosine/", "step/", "late/")  # curves of networks that nothing was done to


class Score(NamedTuple):
    """What came of one curve."""

    one: Labeled
    found: Diagnosis
    accepted: bool
    false_alarm: bool


def score(curves: Sequence[Labeled]) -> list[Score]:
    """Diagnose labeled curves in one call and compare."""
    return [_score(one, found) for one, found in zip(curves, diagnose_curves(*stacked(curves)), strict=True)]


def stacked(curves: Sequence[Labeled]) -> tuple[Curves, list[TrainingContext]]:
    """Stack curves of all lengths, NaN past their ends, with what is known beside them."""
    lengths = [len(next(iter(one.curves.values()))) for one in curves]
    arrays = {name: np.full((len(curves), max(lengths)), np.nan) for name in NAMES}
    for row, (one, t) in enumerate(zip(curves, lengths, strict=True)):
        for name, curve in one.curves.items():
            arrays[name][row, :t] = curve
    ended = [_not_finite(one) for one in curves]
    return Curves(**arrays, diverged_at=np.array(ended)), [_context(one) for one in curves]


def _not_finite(one: Labeled) -> float:
    loss = one.curves.get("train_loss", next(iter(one.curves.values())))  # a log of accuracies has no loss
    return float(np.argmax(~np.isfinite(loss)) + 1) if not np.isfinite(loss).all() else float("nan")


def _context(one: Labeled) -> TrainingContext:
    known: dict[str, Any] = {"mean_predictor": one.mean_predictor, "chance_accuracy": one.chance}
    known["num_validation"] = one.num_validation
    return TrainingContext(**{name: value for name, value in known.items() if math.isfinite(value)})


def _score(one: Labeled, found: Diagnosis) -> Score:
    code = found.primary.code
    others = {verdict.code for verdict in found.others}
    accepted = code in one.accepted or (code in one.beside and one.label in others)
    return Score(one, found, accepted, is_healthy(one) and code not in PACE | one.accepted)


def is_healthy(one: Labeled) -> bool:
    """Whether nothing was done to the network, and the labels find nothing wrong with it."""
    if one.part in ("strangers", "newcomers", "visitors", "settlers", "guests"):
        return stranger_labels.is_healthy(one)
    if one.part == "synthetic":
        return synthetic.is_healthy(one)
    return one.label in PACE and one.source.startswith(HEALTHY)


def calibration_error(scores: Sequence[Score], bins: int = 10) -> float:
    """Give the expected calibration error: the mean distance of confidence and share accepted, over equal bins."""
    sure = np.array([score.found.primary.confidence for score in scores])
    right = np.array([score.accepted for score in scores], float)
    bin_of = np.minimum((sure * bins).astype(int), bins - 1)
    own = [bin_of == i for i in np.unique(bin_of)]
    return float(sum(rows.mean() * abs(sure[rows].mean() - right[rows].mean()) for rows in own))


def wilson(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Give the 95 % confidence interval of a share (Wilson 1927); (0, 1) for n = 0."""
    if not n:
        return 0.0, 1.0
    p, d = hits / n, 1 + z * z / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / d, (middle + half) / d
