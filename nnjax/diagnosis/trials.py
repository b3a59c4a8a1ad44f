"""The verdicts of a run: what its trials' curves mean, and their codes in the table of trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.types import DataFacts, Prepared
from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.run_curves import anchors_of, curves_of
from nnjax.diagnosis.types import Diagnosis
from nnjax.diagnosis.verdicts import CODES
from nnjax.runs import signals as run_signals
from nnjax.train.storage.records import FAILED, OVER, MemoryStore, Record

Diagnoses = Sequence[Diagnosis | None]


def diagnose_trials(
    specs: Sequence[TrialSpec],
    records: Sequence[Record],
    facts: Mapping[DataConfig, DataFacts],
    prepared: Mapping[DataConfig, Prepared],
) -> list[Diagnosis | None]:
    """Diagnose the trials of a run in one call.

    Args:
      specs, records: of the run.
      facts: of all its data.
      prepared: the data that are at hand; anchors of the others are guessed (see `of_run.anchors_of`).

    Returns:
      [trials]; None for a trial that has not ended, or failed.
    """
    known = [i for i, record in enumerate(records) if record.status in OVER and record.status != FAILED]
    out: list[Diagnosis | None] = [None] * len(specs)
    if known:
        own_specs, own = [specs[i] for i in known], [records[i] for i in known]
        anchors, signals = anchors_of(own_specs, facts, prepared), run_signals.stack(own_specs, own)
        for i, found in zip(known, diagnose_curves(curves_of(own), anchors, signals), strict=True):
            out[i] = found
    return out


def note_verdicts(
    specs: Sequence[TrialSpec],
    records: Sequence[Record],
    facts: Mapping[DataConfig, DataFacts],
    prepared: Mapping[DataConfig, Prepared],
    store: MemoryStore,
) -> None:
    """Write into each record the code of its first verdict, and all of them into the run's table of trials.

    A run whose trials have theirs already is left as it is.
    """
    if all(record.verdict or record.status not in OVER or record.status == FAILED for record in records):
        return
    for record, found in zip(records, diagnose_trials(specs, records, facts, prepared), strict=True):
        record.verdict = found.primary.code if found else ""
    store.save_records(specs, records)


def counts(diagnoses: Diagnoses) -> list[tuple[str, int]]:
    """Count the first verdicts: (code, trials), the most frequent first, else in the order of `CODES`."""
    found = Counter(one.primary.code for one in diagnoses if one is not None)
    return sorted(found.items(), key=lambda item: (-item[1], CODES.index(item[0])))


def sentences(diagnoses: Diagnoses) -> list[str]:
    """Say what a run's curves mean: of one trial its verdict and what to try next, of more the counts."""
    told = [one for one in diagnoses if one is not None]
    if len(diagnoses) == 1 and told:
        first = told[0].primary
        return [f"verdict: {named(first.code)}. {first.sentence}", *[f"next: {first.next}"] * bool(first.next)]
    return [f"verdicts: {', '.join(f'{n:,} {named(code)}' for code, n in counts(told))}"] * bool(told)


def named(code: str) -> str:
    """Write a verdict's code as words."""
    return code.replace("_", " ")
