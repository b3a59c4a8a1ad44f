"""The verdicts of trials as the report's sections show them: counts, sentences, numbers, marks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.core.text import number
from nnjax.diagnosis import trials
from nnjax.diagnosis.marks import Losses, Mark
from nnjax.diagnosis.types import Diagnosis, Verdict
from nnjax.diagnosis.verdicts import VERDICTS
from nnjax.report.sweep.columns import rounded
from nnjax.runs.run import Run


def verdict_counts(run: Run) -> list[tuple[str, int, float]]:
    """Count the verdicts: (code, trials, share of the most frequent)."""
    found = trials.counts(run.diagnoses)
    return [(code, n, n / found[0][1]) for code, n in found]


def code_of(run: Run, trial: int) -> str:
    """Name a trial's first verdict; "" where there is none."""
    found = run.diagnoses[trial]
    return found.primary.code if found else ""


def verdicts(diagnosis: Diagnosis) -> dict[str, Any]:
    """Describe a diagnosis: code, sentence, next, the others as (code, sentence), the numbers as (what, text)."""
    first = diagnosis.primary
    return {
        "code": first.code,
        "sentence": first.sentence,
        "next": first.next,
        "others": [(other.code, other.sentence) for other in diagnosis.others],
        "numbers": [pair for verdict in (first, *diagnosis.others) for pair in numbers(verdict)],
    }


def numbers(verdict: Verdict) -> list[tuple[str, str]]:
    """List a verdict's evidence for researchers: how sure it is, its numbers, its epochs."""
    name = trials.named(verdict.code)
    parts = [f"{key.replace('_', ' ')} {number(float(value))}" for key, value in verdict.evidence.items()]
    parts += [f"{key.replace('_', ' ')}: epoch {epoch}" for key, epoch in verdict.epochs.items()]
    return [(f"{name}, {100 * verdict.confidence:.0f} % sure", ", ".join(parts))]


def verdict_data(run: Run, trials: Sequence[int]) -> list[dict[str, Any] | None]:
    """Describe the verdict on each trial of a sweep: sentence, next, numbers, marks; None without."""
    return [None if run.diagnoses[trial] is None else _of_trial(run, trial) for trial in trials]


def _of_trial(run: Run, trial: int) -> dict[str, Any]:
    diagnosis = run.diagnoses[trial]
    assert diagnosis is not None
    first = diagnosis.primary
    also = ", ".join(trials.named(other.code) for other in diagnosis.others)
    return {
        "sentence": first.sentence,
        "next": first.next,
        "also": also,
        "numbers": "; ".join(": ".join(pair) for pair in numbers(first)),
        "marks": marks_data(run, trial),
    }


def marks_data(run: Run, trial: int, others: bool = False) -> list[dict[str, Any]]:
    """Return the marks of a trial's first verdict, with others of all of its verdicts, for the page's script."""
    diagnosis = run.diagnoses[trial]
    assert diagnosis is not None
    chosen = diagnosis if others else Diagnosis(diagnosis.primary)
    return [mark_data(mark) for mark in marks(chosen, run.records[trial].curves)]


def marks(diagnosis: Diagnosis, losses: Losses) -> list[Mark]:
    """Return the marks of a trial's verdicts, the first verdict's first; what lies beyond the curves is left out.

    Args:
      diagnosis: of the trial.
      losses: of its record.
    """
    verdicts = (diagnosis.primary, *diagnosis.others)
    found = [mark for verdict in verdicts for mark in VERDICTS[verdict.code].marks(verdict, losses)]
    return [mark for mark in found if np.isfinite([*mark.x, *mark.y]).all()]


def mark_data(mark: Mark) -> dict[str, Any]:
    """Write a mark for the page's script."""
    return {
        "kind": mark.kind,
        "x": [rounded(float(x)) for x in mark.x],
        "y": [rounded(float(y)) for y in mark.y],
        "label": mark.label,
    }
