"""The report's section on verdicts: counts, a sentence for each network, data for the script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nnjax.diagnosis import trials as diagnosing
from nnjax.diagnosis.types import Diagnosis, Verdict
from nnjax.report.charts import marks
from nnjax.runs.settings import Setting, number, settings

if TYPE_CHECKING:
    from nnjax.runs.run import Run

MAX_DESCRIBED = 30  # networks with a sentence of their own; the others' verdicts are in the table of trials
MAX_DRAWN = 12  # of them, whose evidence can be drawn on the chart of learning curves


def section(run: Run) -> dict[str, Any] | None:
    """Describe the verdicts of a run; None where no trial has one.

    Returns:
      counts: (code, trials, share of the most frequent).
      networks: of each network, see `_network`.
      left_out: the number of networks that are not described.
    """
    found = diagnosing.counts(run.diagnoses)
    if not found:
        return None
    chosen = [setting for setting in settings(run) if trial_of(run, setting) is not None]
    return {
        "counts": [(code, n, n / found[0][1]) for code, n in found],
        "networks": [_network(run, setting) for setting in chosen[:MAX_DESCRIBED]],
        "left_out": max(0, len(chosen) - MAX_DESCRIBED),
    }


def trial_of(run: Run, setting: Setting) -> int | None:
    """Choose the trial that represents a setting: the first with its most frequent verdict; None without."""
    own = diagnosing.counts([run.diagnoses[trial] for trial in setting.trials])
    return next((t for t in setting.trials if own and code_of(run, t) == own[0][0]), None)


def code_of(run: Run, trial: int) -> str:
    """Name a trial's first verdict; "" where there is none."""
    found = run.diagnoses[trial]
    return found.primary.code if found else ""


def _network(run: Run, setting: Setting) -> dict[str, Any]:
    """Describe a network: its label, (code, trials) pairs, the trial that is described, and its verdicts."""
    trial = trial_of(run, setting)
    assert trial is not None
    diagnosis = run.diagnoses[trial]
    assert diagnosis is not None
    return {
        "label": setting.label,
        "counts": diagnosing.counts([run.diagnoses[i] for i in setting.trials]),
        "trial": trial,
        "many": len(setting.trials) > 1,
        **verdicts(diagnosis),
    }


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
    name = diagnosing.named(verdict.code)
    parts = [f"{key.replace('_', ' ')} {number(float(value))}" for key, value in verdict.evidence.items()]
    parts += [f"{key.replace('_', ' ')}: epoch {epoch}" for key, epoch in verdict.epochs.items()]
    return [(f"{name}, {100 * verdict.confidence:.0f} % sure", ", ".join(parts))]


def drawn(run: Run) -> list[dict[str, Any]]:
    """Give the evidence that the chart of learning curves can draw; empty where there are many networks."""
    some = settings(run)
    if len(some) > MAX_DRAWN:
        return []
    chosen = [(setting, trial) for setting in some if (trial := trial_of(run, setting)) is not None]
    return [
        {"label": setting.label, "quantity": setting.experiment.loss, **_evidence(run, trial)}
        for setting, trial in chosen
    ]


def _evidence(run: Run, trial: int) -> dict[str, Any]:
    diagnosis = run.diagnoses[trial]
    assert diagnosis is not None
    return {
        "trial": trial,
        "code": diagnosis.primary.code,
        "marks": [marks.as_json(mark) for mark in marks.marks(diagnosis, run.records[trial].curves)],
    }


def sweep_data(run: Run, trials: Sequence[int]) -> list[dict[str, Any] | None]:
    """Describe the first verdict on each trial of a sweep: sentence, next, numbers, marks; None without."""
    return [None if run.diagnoses[trial] is None else _of_trial(run, trial) for trial in trials]


def _of_trial(run: Run, trial: int) -> dict[str, Any]:
    diagnosis = run.diagnoses[trial]
    assert diagnosis is not None
    first = diagnosis.primary
    also = ", ".join(diagnosing.named(other.code) for other in diagnosis.others)
    return {
        "sentence": first.sentence,
        "next": first.next,
        "also": also,
        "numbers": "; ".join(": ".join(pair) for pair in numbers(first)),
        "marks": [marks.as_json(mark) for mark in marks.marks(Diagnosis(first), run.records[trial].curves)],
    }
