"""Which weights are kept: the best, whatever happens on the way; what needs others says so."""

import json

import numpy as np
import pytest
from fake_runs import fake_run
from populations import CLASSIFIER, StopAfter, blobs

import nnjax
from nnjax.core.experiment import TrialSpec
from nnjax.core.fields import replace
from nnjax.report import header
from nnjax.report.context import ReportContext
from nnjax.runs.folder import FolderStore
from nnjax.runs.settings import representative
from nnjax.train.host.recovery import Recovery
from nnjax.train.storage import retention
from nnjax.train.storage.records import DIVERGED, DONE, RUNNING, STOPPED, Record
from nnjax.train.storage.store import MemoryStore

RATES = {"learning_rate": (0.0001, 0.3, 0.03, 0.001, 0.1, 0.01), "seed": (0, 1)}
PLAN = nnjax.Plan(2, 1, 1)  # two trials at a time


def swept(path, space=RATES, keep="best:3", experiment=CLASSIFIER, **options):
    return nnjax.sweep(experiment, space, data=blobs(), workdir=path, keep=keep, plan=PLAN, **options)


def files(path):
    return {int(file.stem.split("_")[1]) for file in (path / "checkpoints").glob("weights_*.npz")}


def best_of(run, most):
    """The trials of the lowest validation loss at their best epoch, and all seeds of the lowest mean."""
    loss = [record.values["best_val_loss"] for record in run.records]
    seeds = len({spec.experiment.seed for spec in run.specs})
    means = [np.mean(loss[i : i + seeds]) for i in range(0, len(loss), seeds)]
    chosen = seeds * int(np.argmin(means))
    return {*sorted(range(len(loss)), key=lambda i: (loss[i], i))[:most], *range(chosen, chosen + seeds)}


@pytest.mark.parametrize("text", ["best", "best:0", "best:-1", "best:x", "best:1.5", "none", "", "3", "all "])
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(nnjax.UserError, match=r"but all or best:K was expected, with K of 1 or more"):
        nnjax.sweep(CLASSIFIER, RATES, data=blobs(), keep=text)


def test_what_can_be_read():
    assert [retention.parse_keep(text) for text in ("all", "best:1", "best:20", "best:007")] == [None, 1, 20, 7]
    assert [retention.keep_text(most) for most in (None, 7)] == ["all", "best:7"]


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([3], "3"), ([0, 1, 2, 5], "0-2, 5"), ([1, 2], "1-2"), ([0, 2, 4], "0, 2, 4")]
)
def test_spans(numbers, text):
    assert retention.spans(numbers) == text


def test_many_spans_are_cut():
    assert retention.spans(range(0, 200, 2)).endswith("56, 58, … (100)")


def test_the_best_by_hand():
    """Equal losses by their number; diverged ones last; other data by themselves; those under way do not count."""
    other = replace(CLASSIFIER, {"data.name": "iris"})
    given = [(DONE, 0.3), (DONE, 0.2), (STOPPED, 0.21), (DIVERGED, 0.1), (RUNNING, 0.0), (DONE, np.nan), (DONE, 9.0)]
    records = [Record(status, values={"best_val_loss": value}) for status, value in given]
    specs = [TrialSpec(i, replace(other if i == 6 else CLASSIFIER, {"epochs": i + 1})) for i in range(7)]
    order = [1, 2, 0, 5, 3]
    for most in range(1, 6):
        assert retention.best(specs, records, most) == {*order[:most], 6}
    assert retention.best(specs, records, None) == {0, 1, 2, 3, 5, 6}


def test_the_replicates_of_the_setting_that_may_be_chosen_are_kept():
    """Trial 0 has the lowest loss, but the mean of its setting is .5; that of trials 2 and 3 is .3."""
    specs = [TrialSpec(i, replace(CLASSIFIER, {"epochs": 1 + i // 2, "seed": i % 2})) for i in range(6)]
    values = [0.1, 0.9, 0.3, 0.3, 0.4]
    records = [Record(DONE, values={"best_val_loss": value}) for value in values] + [Record(RUNNING)]
    assert retention.best(specs, records, 1) == {0, 2, 3, 4}  # the last setting may come to .25 yet
    records[5] = Record(DONE, values={"best_val_loss": 0.5})
    assert retention.best(specs, records, 1) == {0, 2, 3}
    records[3] = Record(DIVERGED)  # .3 of what is left; after all settings whose trials all finished
    assert retention.best(specs, records, 1) == {0, 4, 5}


@pytest.mark.parametrize("path", [True, False])
def test_the_best_are_kept_and_serve(tmp_path, path):
    run = swept(tmp_path if path else None)
    kept = {i for i in range(12) if run.store.has_weights(i)}
    assert kept == best_of(run, 3)
    assert run.best_trial() in kept
    if path:
        assert files(tmp_path) == kept
        assert json.loads((tmp_path / "config.json").read_text("utf-8"))["keep"] == "best:3"
        run = nnjax.load(tmp_path)
    lost = min(set(range(12)) - kept)
    with pytest.raises(nnjax.UserError, match=f"The weights of trial {lost} were not kept, those of .* were"):
        run.params(lost)
    run.params(min(kept))


def test_weights_are_let_go_while_others_train(tmp_path, monkeypatch):
    """With a checkpoint after every segment."""
    monkeypatch.setattr(Recovery, "is_due", lambda self, active: True)
    most = 0

    def observe(progress):
        nonlocal most
        most = max(most, len(files(tmp_path)))

    swept(tmp_path, observe=observe)
    assert most <= 3 + 2  # and those that have just ended


@pytest.mark.parametrize("stop", [1, 9, *(pytest.param(stop, marks=pytest.mark.slow) for stop in (5, 13, 17))])
def test_a_killed_run_ends_with_the_same_weights(tmp_path, stop):
    whole = swept(tmp_path / "whole")
    stopped = False
    try:
        swept(tmp_path / "killed", should_stop=StopAfter(stop))
    except nnjax.api.Stopped:
        stopped = True
    assert stopped
    said = []
    again = swept(tmp_path / "killed", log=said.append)
    assert not any("trained again" in text for text in said)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
    for trial in files(tmp_path / "whole"):
        one, two = whole.store.load_weights(trial), again.store.load_weights(trial)
        assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_kill_before_records_are_written_loses_none(tmp_path, monkeypatch):
    """Weights are let go after the table that says so is on disk."""
    order = []
    write, keep = FolderStore.write, FolderStore.keep_weights
    monkeypatch.setattr(FolderStore, "write", lambda s, name, c: (order.append(name), write(s, name, c)))
    monkeypatch.setattr(FolderStore, "keep_weights", lambda s, t: (order.append("keep"), keep(s, t)))
    swept(tmp_path)
    assert [order[i - 1] for i, name in enumerate(order) if name == "keep"] == ["trials.csv"] * order.count("keep")
    assert "keep" in order


def test_weights_that_should_be_there_are_trained_again(tmp_path):
    run = swept(tmp_path)
    kept = files(tmp_path)
    (tmp_path / "checkpoints" / f"weights_{run.best_trial():05d}.npz").unlink()
    said = []
    swept(tmp_path, log=said.append)
    assert [text for text in said if f"Trial {run.best_trial()} is trained again" in text]
    assert len([text for text in said if "trained again" in text]) == 1
    assert files(tmp_path) == kept


def test_the_winner_stays_while_it_is_trained_again(tmp_path):
    """Killed between the last table and the end of its group: a checkpoint from before goes on."""
    run = swept(tmp_path)
    winner = run.best_trial()
    path = tmp_path / "trials.csv"
    lines = path.read_text("utf-8").splitlines()
    lines[1 + winner] = lines[1 + winner].replace(",done,", ",running,")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    present = []
    swept(tmp_path, observe=lambda progress: present.append(winner in files(tmp_path)))
    assert present
    assert all(present)


def test_parents_stay_until_their_children_have_ended(tmp_path):
    """The parents are the worst by far; the run is killed after they have ended, with one child at a time."""
    arms = {"a": nnjax.Arm({"epochs": 1}), "b": nnjax.Arm({"learning_rate": 0.1, "epochs": 3}, start_from="a")}
    space = nnjax.Space({"seed": (0, 1, 2)}, arms=arms)
    slow = replace(CLASSIFIER, {"learning_rate": 1e-6, "evaluate_test": "all"})
    stops = 0
    while True:
        try:
            run = swept(tmp_path, space, "best:1", slow, should_stop=StopAfter(1))
        except nnjax.api.Stopped:
            stops += 1
        else:
            break
    assert stops > 3
    assert files(tmp_path) == best_of(run, 1)
    whole = nnjax.sweep(slow, space, data=blobs(), plan=PLAN)
    for name, curves in whole.curves().items():
        np.testing.assert_array_equal(run.curves()[name], curves, err_msg=name)
    (tmp_path / "checkpoints" / f"weights_{run.best_trial():05d}.npz").unlink()
    said = []  # the child is trained again, and for it its parent
    swept(tmp_path, space, "best:1", slow, log=said.append)
    assert len([text for text in said if "trained again" in text]) == 2
    assert files(tmp_path) == best_of(run, 1)


def test_another_choice_is_another_experiment(tmp_path):
    swept(tmp_path)
    with pytest.raises(nnjax.UserError, match=r"another experiment \(keep: best:3 → all\)"):
        swept(tmp_path, keep="all")
    with pytest.raises(nnjax.UserError, match=r"keep: best:3 → best:4"):
        swept(tmp_path, keep="best:4")


def test_an_adaptive_search_keeps_the_best(tmp_path):
    space = nnjax.Space({"learning_rate": nnjax.Range(0.001, 0.1, log=True)}, mode="adaptive", num=6, batch=2)
    run = swept(tmp_path, space, "best:2")
    assert files(tmp_path) == best_of(run, 2)


def test_the_report_names_those_without_weights(tmp_path):
    run = fake_run(space=nnjax.Space({"seed": range(5)}))
    assert header._kept(run) == []
    run.store.keep = 2
    run.store.keep_weights({1, 3})
    assert header._kept(run) == [
        "Only the weights of the best were kept (keep=best:2): trials 0, 2, 4 can be neither shown nor used."
    ]
    assert representative(run, run.all_settings[0]) in (1, 3)
    assert "of those whose weights were kept" in header.shown_networks(ReportContext(run))
    run.report(tmp_path)
    run.store.keep_weights(set())
    assert run.report(tmp_path).read_text("utf-8").count("can be neither shown nor used") == 1


def test_memory_forgets_too():
    store = MemoryStore(1)
    store.weights = {1: {}, 2: {}}
    store.keep_weights({2, 3})
    assert (store.has_weights(1), store.has_weights(2), store.has_weights(3)) == (False, True, False)
