import numpy as np
import pytest
from fake_runs import CLASSIFIER, DIVERGED, RUNNING, WAITING, fake_run

import nnjax
from nnjax.core.errors import UserError
from nnjax.diagnosis import trials
from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.types import Diagnosis, Verdict
from nnjax.report.trial_verdicts import verdict_counts
from nnjax.spaces.space import Space
from nnjax.train.storage.records import FAILED
from nnjax.train.storage.store import MemoryStore

SEEDS = Space(axes={"seed": range(5)})


class CountingStore(MemoryStore):
    """Remembers the verdicts that were saved."""

    def __init__(self):
        super().__init__()
        self.saved = []

    def save_records(self, specs, records):
        self.saved.append([record.verdict for record in records])


def test_trials_that_have_ended_have_verdicts():
    run = fake_run(CLASSIFIER, SEEDS, statuses={1: DIVERGED, 2: RUNNING, 3: WAITING, 4: FAILED})
    found = [one and one.primary.code for one in run.diagnoses]
    assert found == ["still_learning", "diverged", None, None, None]  # the made-up losses fall as 1 / epoch
    assert run.diagnoses[1].primary.epochs == {"diverged": run.records[1].epochs + 1}


def test_a_record_without_a_train_loss_is_diagnosed():
    run = fake_run(CLASSIFIER)
    run.records[0].curves = {"val_loss": run.records[0].curves["val_loss"]}
    assert run.diagnoses[0].primary.code == "still_learning"


def test_verdicts_are_noted_once():
    run = fake_run(CLASSIFIER, SEEDS, statuses={3: WAITING})
    run.store = CountingStore()
    trials.note_verdicts(run)
    trials.note_verdicts(run)
    assert run.store.saved == [["still_learning"] * 3 + [""] + ["still_learning"]]


def test_a_run_whose_data_are_gone_is_diagnosed_all_the_same(monkeypatch):
    run = fake_run(CLASSIFIER)
    run._prepared = {}

    def gone(trial):
        raise UserError("The data are gone.")

    monkeypatch.setattr(run, "data", gone)
    assert run.diagnoses[0].primary.code == "still_learning"


def test_the_table_of_a_trained_run_has_its_verdicts(tmp_path, monkeypatch):
    """The second call repairs a table without verdicts, as versions before wrote it.

    Each run is diagnosed once: the table, the report's section and the words on the terminal share its diagnoses.
    """
    calls = []

    def counting(*arguments):
        calls.append(len(arguments[0].diverged_at))
        return diagnose_curves(*arguments)

    monkeypatch.setattr(trials, "diagnose_curves", counting)
    run = nnjax.sweep(CLASSIFIER, {"learning_rate": (1e-6, 1e-3)}, workdir=tmp_path)
    codes = [one.primary.code for one in run.diagnoses]
    assert trials.sentences(run.diagnoses)
    assert verdict_counts(run)
    assert calls == [2]
    assert list(run.table().verdict) == codes
    assert [record.verdict for record in nnjax.load(tmp_path).records] == codes
    text = (tmp_path / "trials.csv").read_text("utf-8")
    for code in codes:
        text = text.replace(f",{code}\n", ",\n")
    (tmp_path / "trials.csv").write_text(text, "utf-8")
    old = nnjax.load(tmp_path)
    assert [record.verdict for record in old.records] == ["", ""]
    old.note_verdicts()
    assert verdict_counts(old)
    assert calls == [2, 2]
    assert [record.verdict for record in nnjax.load(tmp_path).records] == codes


def test_a_run_that_goes_on_is_left_to_its_process():
    run = fake_run(CLASSIFIER, SEEDS, statuses={0: RUNNING})
    run.note_verdicts()
    assert {record.verdict for record in run.records} == {""}


def told(code, after=""):
    return Diagnosis(Verdict(code, "A sentence.", next=after))


def test_counts_come_most_frequent_first_then_in_the_order_of_the_codes():
    found = [told("spike"), told("noisy"), None, told("noisy"), told("overfitting")]
    assert trials.counts(found) == [("noisy", 2), ("overfitting", 1), ("spike", 1)]


@pytest.mark.parametrize(
    ("diagnoses", "lines"),
    [
        ([told("too_slow", "Faster.")], ["verdict: too slow. A sentence.", "next: Faster."]),
        ([told("converged")], ["verdict: converged. A sentence."]),
        ([told("too_slow"), None, told("too_slow"), told("spike")], ["verdicts: 2 too slow, 1 spike"]),
        ([None], []),
        ([None, None], []),
    ],
)
def test_what_the_terminal_says(diagnoses, lines):
    assert trials.sentences(diagnoses) == lines


def test_a_thousand_trials_take_less_than_two_seconds():
    """Well under a second on an idle machine; the best of three, because this one may have other work."""
    import time

    from fake_runs import many

    run, times = many(1000, 50), []
    for _ in range(3):
        begin = time.process_time()
        found = trials.diagnose_trials(run.specs, run.records, run._facts, run._prepared)
        times.append(time.process_time() - begin)
    assert len(found) == 1000
    assert np.all([one is not None for one in found])
    assert min(times) < 2
