"""The verdicts of trials as the report's sections show them: counts, sentences, numbers, marks."""

from collections.abc import Sequence
from typing import Any

from nnjax.diagnosis import trials
from nnjax.diagnosis.marks import Mark
from nnjax.diagnosis.types import Diagnosis
from nnjax.report.sweep.columns import rounded
from nnjax.report.verdict_details import marks, numbers
from nnjax.runs.run import Run


def verdict_counts(run: Run) -> list[tuple[str, int, float]]:
    """Count the verdicts: (code, trials, share of the most frequent)."""
    found = trials.counts(run.diagnoses)
    return [(code, n, n / found[0][1]) for code, n in found]


def code_of(run: Run, trial: int) -> str:
    """Name a trial's first verdict; "" where there is none."""
    found = run.diagnoses[trial]
    return found.primary.code if found else ""


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


def mark_data(mark: Mark) -> dict[str, Any]:
    """Write a mark for the page's script."""
    return {
        "kind": mark.kind,
        "x": [rounded(float(x)) for x in mark.x],
        "y": [rounded(float(y)) for y in mark.y],
        "label": mark.label,
    }
