"""Diagnose the trials of a run, and count and write down their verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.types import DataFacts
from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.run_curves import contexts_of, curves_of
from nnjax.diagnosis.types import Diagnosis
from nnjax.diagnosis.verdicts import CODES
from nnjax.runs import layer_statistics as run_signals
from nnjax.runs.loss_baselines import Baselines
from nnjax.train.storage.records import FAILED, OVER, Record

if TYPE_CHECKING:
    from nnjax.runs.run import Run

Diagnoses = Sequence[Diagnosis | None]


def diagnose_trials(
    specs: Sequence[TrialSpec], records: Sequence[Record], facts: Mapping[DataConfig, DataFacts], baselines: Baselines
) -> list[Diagnosis | None]:
    """Diagnose the trials of a run: [trials], None for one that failed or has not ended; see `contexts_of`."""
    known = [i for i, record in enumerate(records) if has_curves_to_judge(record)]
    out: list[Diagnosis | None] = [None] * len(specs)
    if known:
        own_specs, own = [specs[i] for i in known], [records[i] for i in known]
        contexts, signals = contexts_of(own_specs, facts, baselines, own), run_signals.stack(own_specs, own)
        for i, found in zip(known, diagnose_curves(curves_of(own), contexts, signals), strict=True):
            out[i] = found
    return out


def note_verdicts(run: Run) -> None:
    """Write the code of each trial's first verdict into its record and the run's table of trials, unless it is there.

    `run.diagnoses` is kept: the report and the terminal do not diagnose the run again.
    """
    if all(record.verdict or not has_curves_to_judge(record) for record in run.records):
        return
    for record, found in zip(run.records, run.diagnoses, strict=True):
        record.verdict = found.primary.code if found else ""
    run.store.save_records(run.specs, run.records)


def has_curves_to_judge(record: Record) -> bool:
    """Whether a trial has ended, and did not fail."""
    return record.status in OVER and record.status != FAILED


def counts(diagnoses: Diagnoses) -> list[tuple[str, int]]:
    """Count the first verdicts: (code, trials), the most frequent first, else in the order of `CODES`."""
    found = Counter(one.primary.code for one in diagnoses if one is not None)
    return sorted(found.items(), key=lambda item: (-item[1], CODES.index(item[0])))


def sentences(diagnoses: Diagnoses) -> list[str]:
    """Describe what a run's curves mean: of one trial its verdict and what to try next, of more the counts."""
    known = [one for one in diagnoses if one is not None]
    if len(diagnoses) == 1 and known:
        first = known[0].primary
        return [f"verdict: {named(first.code)}. {first.sentence}", *[f"next: {first.next}"] * bool(first.next)]
    return [f"verdicts: {', '.join(f'{n:,} {named(code)}' for code, n in counts(known))}"] * bool(known)


def named(code: str) -> str:
    """Write a verdict's code as words."""
    return code.replace("_", " ")
