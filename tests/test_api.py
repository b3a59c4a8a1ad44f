"""nnjax from Python: sweep, load, and resuming under the same and under another plan."""

import dataclasses
import pkgutil
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from fake_runs import digits, fake_run
from populations import CLASSIFIER, StopAfter, blobs, line

import nnjax
from nnjax import api
from nnjax.core import fields
from nnjax.core.errors import UserError
from nnjax.core.experiment import ModelConfig
from nnjax.core.fields import replace
from nnjax.runs.run import Run
from nnjax.spaces import expansion
from nnjax.spaces.space import Arm, Space
from nnjax.train.host.population import Population, Stopped
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.records import DIVERGED, DONE, RUNNING
from nnjax.verify import data_checks

RATES = {"learning_rate": (0.01, 0.1, 0.3)}


def same(one, other):
    """Whether two runs ended with bitwise equal curves and weights."""
    a, b = one.curves(), other.curves()
    curves = all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)
    pairs = [(one.store.load_weights(i), other.store.load_weights(i)) for i in range(len(one.specs))]
    return set(a) == set(b) and curves and all(np.array_equal(x[name], y[name]) for x, y in pairs for name in x)


def test_importing_nnjax_starts_nothing_heavy():
    code = "import sys, nnjax; nnjax.Experiment(); assert not {'jax', 'flax', 'pandas', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names_are_listed_and_no_modules():
    """Before they are fetched; a submodule of such a name would take its place as soon as it is imported."""
    code = "import nnjax; assert 'sweep' not in vars(nnjax); assert set(dir(nnjax)) == set(nnjax.__all__)"
    subprocess.run([sys.executable, "-c", code], check=True)
    modules = {module.name for module in pkgutil.iter_modules(nnjax.__path__)}
    assert "spaces" in modules
    assert not modules & set(nnjax.__all__)
    assert all(getattr(nnjax, name).__module__.startswith("nnjax.") for name in nnjax.__all__)


def test_trials_are_expanded_coerced_and_resolved_once_a_sweep(monkeypatch):
    """Counted where each is used; a sweep of six trials."""
    calls, paths = Counter(), fields.field_types(nnjax.Experiment)

    def count(module, name):
        original = getattr(module, name)

        def counted(*args, **options):
            calls[name] += name != "coerce" or args[2] in paths  # not the fields of plans and spaces
            return original(*args, **options)

        monkeypatch.setattr(module, name, counted)

    for module, name in ((api, "expand"), (api, "coerce_fields"), (expansion, "set_values")):
        count(module, name)
    count(data_checks, "with_hyperparameters")
    count(fields, "coerce")
    nnjax.sweep(CLASSIFIER, {"batch_size": (8, 16), **RATES}, data=blobs())
    coerced = calls.pop("coerce")
    assert calls == {"expand": 1, "coerce_fields": 1, "set_values": 6, "with_hyperparameters": 6}
    assert coerced == len(paths)  # of the experiment; those of the axes are not repeated


def test_one_trial_in_memory():
    run = nnjax.sweep(CLASSIFIER, data=blobs())
    table = run.table()
    assert len(table) == 1
    assert table.status[0] == "done"
    assert run.curves()["val_loss"].shape == (1, CLASSIFIER.epochs)
    assert table.val_loss[0] == pytest.approx(run.curves()["val_loss"][0, -1], rel=1e-6)
    assert run.path is None
    x = blobs().x
    np.testing.assert_allclose(run.outputs(x).sum(axis=1), 1, rtol=1e-5)
    assert run.outputs(x[:0]).shape[0] == 0
    assert run.outputs(x, encode=True).shape == (60, 8)


def test_a_loaded_run_is_the_run_that_was_saved(tmp_path):
    run = nnjax.sweep(CLASSIFIER, RATES, workdir=tmp_path, data=blobs(), title="Blobs")
    again = nnjax.load(tmp_path)
    assert again.specs == run.specs
    assert again.title == "Blobs"
    assert same(run, again)
    assert again.table().equals(run.table())
    x = blobs().x
    for trial in range(3):
        for which in ("final", "best"):
            np.testing.assert_array_equal(again.outputs(x, trial, which), run.outputs(x, trial, which))
    assert again.best_trial() == int(np.argmin([record.values["best_val_loss"] for record in run.records]))


def test_resuming_in_one_process_is_bit_for_bit(tmp_path, monkeypatch):
    """Also while the object of the interrupted run is still there, as in a notebook."""
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    whole = nnjax.sweep(CLASSIFIER, RATES, data=blobs())
    for _ in range(2):
        with pytest.raises(Stopped):
            nnjax.sweep(CLASSIFIER, RATES, workdir=tmp_path, data=blobs(), should_stop=StopAfter(1))
    half = nnjax.load(tmp_path)
    assert {record.status for record in half.records} == {RUNNING}
    with pytest.raises(UserError, match="Trial 0 is running: it has no weights yet; resume its run first"):
        half.params(0)
    with pytest.raises(UserError, match="No trial has finished with a finite validation loss"):
        half.best_trial()
    run = nnjax.sweep(CLASSIFIER, RATES, workdir=tmp_path, data=blobs())
    assert same(whole, run)
    assert same(whole, nnjax.sweep(CLASSIFIER, RATES, workdir=tmp_path, data=blobs()))


def test_a_trial_that_diverged_under_way_is_not_called_lost(tmp_path, monkeypatch):
    """Its weights are in the checkpoint until its neighbors end: nothing is trained again, and nothing said."""
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    rates, said = {"learning_rate": (0.01, 1e20)}, []
    whole = nnjax.sweep(CLASSIFIER, rates, data=blobs())
    with pytest.raises(Stopped):
        nnjax.sweep(CLASSIFIER, rates, workdir=tmp_path, data=blobs(), should_stop=StopAfter(1))
    assert [record.status for record in nnjax.load(tmp_path).records] == [RUNNING, DIVERGED]
    run = nnjax.sweep(CLASSIFIER, rates, workdir=tmp_path, data=blobs(), log=said.append)
    assert not [text for text in said if "trained again" in text]
    assert same(whole, run)


@pytest.mark.parametrize("plan", [Plan(devices=1), Plan(devices=2, lanes=1)])
def test_resuming_under_another_plan_is_said_and_agrees_within_tolerance(tmp_path, monkeypatch, plan):
    """Trials that the other layout has no place for begin again."""
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    whole = nnjax.sweep(CLASSIFIER, RATES, data=blobs(), plan=Plan(2, lanes=4))
    said = []
    with pytest.raises(Stopped):
        nnjax.sweep(CLASSIFIER, RATES, workdir=tmp_path, data=blobs(), plan=Plan(2, lanes=4), should_stop=StopAfter(1))
    run = nnjax.sweep(CLASSIFIER, RATES, workdir=tmp_path, data=blobs(), plan=plan, log=said.append)
    assert any("The plan has changed since the last session" in text for text in said)
    assert {record.status for record in run.records} == {DONE}
    for name, curve in whole.curves().items():
        np.testing.assert_allclose(run.curves()[name], curve, rtol=1e-4, atol=1e-6, err_msg=name)


def test_the_number_of_devices_is_kept_on_resuming(tmp_path):
    """A run begun on one device goes on on one, though there are two, and so bit for bit."""
    said = []
    nnjax.sweep(CLASSIFIER, RATES, workdir=tmp_path, data=blobs(), plan=Plan(devices=1))
    run = nnjax.sweep(CLASSIFIER, RATES, workdir=tmp_path, data=blobs(), log=said.append)
    assert not [text for text in said if "The plan is not" in text]
    assert run.store.read_plan()[0]["devices"] == 1


def test_static_and_traced_axes_mix():
    """Two groups of three trials; the second batch size is a program of its own."""
    run = nnjax.sweep(CLASSIFIER, {"batch_size": (8, 16), **RATES}, data=blobs())
    assert [record.status for record in run.records] == [DONE] * 6
    assert run.table().batch_size.tolist() == [8] * 3 + [16] * 3
    assert len(set(run.table().val_loss)) == 6


@pytest.fixture
def untrained(monkeypatch):
    """Train nothing: what is of interest happens before."""
    monkeypatch.setattr(Population, "run", lambda self: self.records)


@pytest.mark.usefixtures("untrained")
def test_repeated_settings_are_said():
    said = []
    run = nnjax.sweep(CLASSIFIER, {"seed": (0, 0)}, data=blobs(), log=said.append)
    assert len(run.specs) == 1
    assert [text.startswith("remark: 1 of the 2 settings") for text in said] == [True]


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        (replace(CLASSIFIER, {"batch_size": 0}), "batch_size is 0"),
        (replace(CLASSIFIER, {"loss": "hubre"}), "did you mean huber"),
        (nnjax.Experiment(data="digits"), "data is 'digits', but a DataConfig was expected"),
        (nnjax.Experiment(model=ModelConfig(widths=("a",))), "model.widths is"),
        (replace(CLASSIFIER, {"batch_size": 49}), "fewer than a batch of 49"),
        (replace(CLASSIFIER, {"epochs": 10**9}), "1,000,000,000 epochs are 5,000,000,000 steps"),
        (replace(CLASSIFIER, {"output_activation": "relu", "loss": "kl_divergence"}), "allow_mismatch=True"),
    ],
)
def test_impossible_experiments_make_no_folder(tmp_path, experiment, words):
    with pytest.raises(UserError, match=words):
        nnjax.sweep(experiment, workdir=tmp_path / "run", data=blobs())
    assert not (tmp_path / "run").exists()


def test_too_many_devices_make_no_folder(tmp_path):
    with pytest.raises(UserError, match="99 devices, but 2 are available"):
        nnjax.sweep(CLASSIFIER, workdir=tmp_path / "run", data=blobs(), plan=Plan(devices=99))
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("untrained")
def test_an_error_of_the_check_names_its_arm_and_may_be_allowed():
    bad = {"output_activation": "relu", "loss": "kl_divergence"}
    said = []
    with pytest.raises(UserError, match=r"\(in bad\)"):
        nnjax.sweep(CLASSIFIER, Space(arms={"good": Arm(), "bad": Arm(bad)}), data=blobs(), log=said.append)
    assert said == []  # the sentence is not said twice
    allowed = Space(arms={"good": Arm(), "bad": Arm({**bad, "allow_mismatch": True})})
    nnjax.sweep(CLASSIFIER, allowed, data=blobs(), log=said.append)
    assert any(text.startswith("error (bad): ") for text in said)


def test_data_handed_over_cannot_be_loaded_again():
    run = fake_run(dataset=dataclasses.replace(digits(), name="mine"))
    with pytest.raises(UserError, match="The data 'mine' were passed as arrays and are not saved"):
        Run(run.specs, run.records, run.store, {run.specs[0].experiment.data: run.facts()}, {}).data()


def test_inputs_of_another_width():
    with pytest.raises(UserError, match=r"The inputs have shape \(23, 3\), but \(n, 8, 8, 1\) was expected"):
        fake_run().outputs(line().x)


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda run: run.outputs([[0.0] * 64], trial=3), "There is no trial 3; the run has trials 0 to 2"),
        (lambda run: run.params(-1), "There is no trial -1"),
        (lambda run: run.params(0, "bets"), "The weights 'bets' were asked for, but there are 'final' and 'best' ones"),
        (
            lambda run: nnjax.sweep({"epochs": 1}),
            r"but an Experiment or a model was expected: write nnjax.Experiment\(...\)",
        ),
        (lambda run: nnjax.sweep(CLASSIFIER, [1, 2]), "but a Space, or axes such as"),
        (lambda run: nnjax.sweep(CLASSIFIER, data=blobs().name), r"type str, but \(x, y\), .* nnjax.from_arrays"),
    ],
)
def test_other_things_than_were_expected(use, words):
    with pytest.raises(UserError, match=words):
        use(fake_run(space=Space({"seed": range(3)})))


def test_predictions_of_a_list_are_those_of_an_array():
    run = fake_run()
    np.testing.assert_array_equal(run.outputs([[1.0] * 64]), run.outputs(np.ones((1, 64))))


def test_the_best_accuracy_is_the_highest():
    run = fake_run(space=Space({"learning_rate": (0.1, 0.2, 0.3)}))
    for record, accuracy in zip(run.records, (0.5, 0.9, 0.7), strict=True):
        record.values["best_val_accuracy"] = accuracy
    assert run.best_trial("accuracy") == 1


def test_diverged_trials_are_not_the_best():
    run = fake_run(space=Space({"seed": range(3)}), statuses={0: DIVERGED})
    run.records[0].values["best_val_loss"] = 0.0
    assert run.best_trial() == 1


@pytest.mark.parametrize("plan", [{"devices": 0}, {"batch_devices": 0}, {"lanes": -1}, {"order": "mine"}])
def test_impossible_plans_are_refused(plan):
    with pytest.raises(UserError, match=r"The plan has \w+=('mine'|0|-1), but"):
        Plan(**plan)


def test_settings_over_seeds_and_whether_one_is_better():
    """Against pandas and by hand, on a made-up run of two rates and three seeds, one of them diverged."""
    space = Space({"learning_rate": (0.01, 0.1), "seed": (0, 1, 2)})
    run = fake_run(space=space, statuses={4: DIVERGED})
    table = run.settings("val_loss")
    assert list(table.setting) == ["learning_rate 0.01", "learning_rate 0.1"]
    assert list(table["count"]) == [3, 2]
    values = run.table().set_index("trial").val_loss
    assert table["mean"].to_list() == pytest.approx([values[[0, 1, 2]].mean(), values[[3, 5]].mean()])
    assert table.spread[0] == pytest.approx(values[[0, 1, 2]].std())
    found = run.compare("learning_rate 0.01", "learning_rate 0.1")
    assert found.difference.count == 2  # seeds 0 and 2
    assert found.difference.mean == pytest.approx(((values[0] - values[3]) + (values[2] - values[5])) / 2)
    with pytest.raises(UserError, match=r"no setting 'learning_rate 1'; there are learning_rate 0.01; learning_rate"):
        run.compare("learning_rate 1", "learning_rate 0.1")
