"""The pre-flight check: does an experiment fit its data?

`checks.invalid_values` refuses what no data could make possible; `check_fit` judges, rule by rule (`checks.rules`),
whether the loss, the output, the targets and the optimizer fit each other.
"""

import numpy as np

from nnjax.checks.finding import Finding
from nnjax.checks.rules import RULES
from nnjax.checks.rules.rule_input import TOLERANCE, RuleInput, TargetSummary
from nnjax.core.experiment import Experiment
from nnjax.core.multi_input import Structure
from nnjax.core.types import Prepared, Rows, Scaler

SAMPLE = 4_096  # training examples, evenly spaced, on which means are measured; extremes are measured on all
CHUNK = 4_096  # rows copied at a time


def check_fit(experiment: Experiment, summary: TargetSummary) -> list[Finding]:
    """Judge an experiment, valid and resolved (see `optimizers.resolve`), the most fundamental finding first."""
    case = RuleInput(experiment, summary)
    return [finding for rule in RULES if (finding := rule(case)) is not None]


def summarize_targets(prepared: Prepared, reconstructs: bool) -> TargetSummary:
    """Measure the scaled targets of the training part, or of who `reconstructs` the inputs: .3 s for 60,000 images."""
    dataset, rows = prepared.dataset, prepared.train
    inputs = _sample(dataset.x, rows, prepared.x_scaler)
    sizes = np.sqrt(np.square(inputs).mean(axis=0))
    input_size = float(np.max(sizes, where=Structure(dataset.parts).measured() if dataset.parts else True, initial=0))
    if reconstructs or dataset.y is None:
        task = "reconstruction" if reconstructs else "none"
        return _numbers(task, dataset.x, rows, prepared.x_scaler, inputs, input_size)
    if dataset.task == "regression":
        targets = _sample(dataset.y, rows, prepared.y_scaler)
        return _numbers("regression", dataset.y, rows, prepared.y_scaler, targets, input_size)
    counts = np.bincount(dataset.y[rows], minlength=len(dataset.classes))
    num_classes = len(dataset.classes)
    return TargetSummary(
        task="classification",
        num_outputs=num_classes,
        num_classes=num_classes,
        minimum=0.0,
        maximum=1.0,
        is_integer=True,
        rows_sum_to_one=True,
        entropy=0.0,
        class_counts=tuple(counts.tolist()),
        input_size=input_size,
        classes=tuple(dataset.classes),
        unscored=tuple(
            (name, tuple(np.setdiff1d(np.flatnonzero(counts), dataset.y[part]).tolist()))
            for name, part in (("validation", prepared.validation), ("test", prepared.test))
            if len(part)
        ),
    )


def _numbers(
    task: str, raw: Rows, rows: np.ndarray, scaler: Scaler, sample: np.ndarray, input_size: float
) -> TargetSummary:
    """Summarize targets that are numbers, or the inputs where these are the targets."""
    low, high = _extremes(raw, rows, scaler)
    probabilities = low >= -TOLERANCE and high <= 1 + TOLERANCE
    sums = sample.sum(axis=1)
    return TargetSummary(
        task=task,
        num_outputs=raw.shape[1],
        num_classes=0,
        minimum=low,
        maximum=high,
        is_integer=bool((sample == np.round(sample)).all()),
        rows_sum_to_one=probabilities and bool(np.allclose(sums, 1, rtol=0, atol=1e-4)),
        entropy=_mean_entropy(sample) if probabilities else float("nan"),
        class_counts=(),
        input_size=input_size,
    )


def _sample(raw: Rows, rows: np.ndarray, scaler: Scaler) -> np.ndarray:
    chosen = rows[:: max(1, -(-len(rows) // SAMPLE))]
    part = raw[chosen]
    return np.asarray(scaler(part if scaler.wide else part.astype(np.float32)), np.float32)


def _extremes(raw: Rows, rows: np.ndarray, scaler: Scaler) -> tuple[float, float]:
    """Find the smallest and the largest scaled value; scalers have positive scales, so raw extremes are enough."""
    parts = (raw[rows[start : start + CHUNK]] for start in range(0, len(rows), CHUNK))
    lows, highs = zip(*((part.min(axis=0), part.max(axis=0)) for part in parts), strict=True)
    dtype = np.float64 if scaler.wide else np.float32
    low, high = np.min(lows, axis=0).astype(dtype), np.max(highs, axis=0).astype(dtype)
    return float(scaler(low).min()), float(scaler(high).max())


def _mean_entropy(p: np.ndarray) -> float:
    """Mean of -p log p - (1 - p) log(1 - p) over all elements, in nats; 0 log 0 = 0."""
    p = np.clip(p, 0, 1)
    tiny = np.finfo(p.dtype).tiny
    both = p * np.log(np.maximum(p, tiny)) + (1 - p) * np.log(np.maximum(1 - p, tiny))
    return float(-np.mean(both, dtype=np.float64))
