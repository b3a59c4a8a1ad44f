"""Runs whose seconds are over: the best so far, weights included, and in the end the bits of an undisturbed run."""

import itertools

import numpy as np
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax import Evolution, Halving, Range, Space, UserError
from nnjax.core.fields import replace

EXPERIMENT = replace(CLASSIFIER, {"epochs": 9})
AXES = {"learning_rate": (0.001, 0.01, 0.1), "seed": (0, 1)}
SPACES = {
    "plain": Space(AXES),
    "halving": Space(AXES, halving=Halving()),
    "evolution": Space(AXES, evolution=Evolution(every=3, share=0.4)),
    "adaptive": Space({"learning_rate": Range(1e-3, 0.1, log=True), "seed": (0, 1)}, "adaptive", num=4, batch=2),
}


class Clock:
    """Each look at it takes a tenth of a second."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += 0.1
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Let the trainer's time pass by its own steps, seven steps a segment at most."""
    clock = Clock()
    for module in ("train.host.population", "train.host.parallel_groups", "search.options", "search.optuna.session"):
        monkeypatch.setattr(f"nnjax.{module}.time", clock)
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 7)


def sweep(space, **options):
    return nnjax.sweep(EXPERIMENT, space, data=blobs(), **options)


def sessions(space, folder, seconds):
    """Repeat a call until all trials have ended; the run of each call."""
    while True:
        said = []
        run = sweep(space, workdir=folder, max_seconds=seconds, log=said.append)
        yield run, [text for text in said if "max_seconds" in text]
        if not said or not any("max_seconds" in text for text in said):
            return


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "halving" else ()) for name in SPACES]
)
@pytest.mark.usefixtures("clock")
def test_it_goes_on_to_the_same_end_and_has_a_best_network_on_the_way(name, tmp_path):
    whole = sweep(SPACES[name], workdir=tmp_path / "whole")
    *partial, (last, said) = itertools.islice(sessions(SPACES[name], tmp_path / "run", 1.5), 40)
    assert said == []
    assert partial
    for run, sentences in partial:
        assert len(sentences) == 1
        scored = [i for i, record in enumerate(run.records) if "best_epoch" in record.values]
        if any(run.records[i].epochs and run.records[i].status != "dropped" for i in scored):
            best = run.best_trial()
            known = run.records[best].curves["val_loss"]
            assert run.chosen().mean <= max(run.records[i].values["best_val_loss"] for i in scored)
            assert run.records[best].values["best_val_loss"] == pytest.approx(known.min(), rel=1e-5)
            assert run.predict(blobs().x).shape == (60,)
    assert any(record.status == "running" for run, _ in partial for record in run.records) or name == "adaptive"
    for now, then in zip(last.records, whole.records, strict=True):
        assert (now.status, now.epochs) == (then.status, then.epochs)
        np.testing.assert_array_equal(now.curves["val_loss"], then.curves["val_loss"])
    tables = [(tmp_path / run / "trials.csv").read_text("utf-8") for run in ("run", "whole")]
    assert tables[0] == tables[1]
    names = [{path.name for path in (tmp_path / run / "checkpoints").iterdir()} for run in ("run", "whole")]
    assert names[0] == names[1]


@pytest.mark.usefixtures("clock")
def test_the_best_so_far_is_there_in_memory_and_from_the_folder(tmp_path):
    said = []
    run = sweep(SPACES["plain"], max_seconds=1.2, log=said.append, keep="best:1")
    [sentence] = [text for text in said if "max_seconds" in text]
    assert sentence == (
        "remark: The 1.2 seconds of max_seconds are over: 0 of 6 trials have ended, and 6 are scored as far as they "
        "have come; without a workdir it cannot go on."
    )
    chosen = run.chosen()
    values = {trial: run.records[trial].values["best_val_loss"] for trial in range(6)}
    means = [(values[trial] + values[trial + 1]) / 2 for trial in (0, 2, 4)]
    assert chosen.mean == pytest.approx(min(means), rel=1e-6)
    assert not run.records[0].values.keys() & {"test_accuracy", "best_test_accuracy"}
    run = sweep(SPACES["plain"], max_seconds=1.2, workdir=tmp_path)
    loaded = nnjax.load(tmp_path)
    assert loaded.best_trial() == run.best_trial()
    np.testing.assert_array_equal(loaded.predict_proba(blobs().x), run.predict_proba(blobs().x))


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "60", True])
def test_what_is_no_number_of_seconds_is_refused(seconds):
    with pytest.raises(UserError, match=r"max_seconds is .* but a number above 0, or None, was expected"):
        sweep(Space(), max_seconds=seconds)
