"""The rule by which the best is chosen: worked by hand, and the same wherever a best network is used."""

import json
import math

import numpy as np
import pytest
from fake_runs import CLASSIFIER, DEMO, DIVERGED, RUNNING, fake_run
from populations import CLASSIFIER as TINY
from populations import StopAfter, blobs

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.exchange.prediction_tables import open_network
from nnjax.report import header
from nnjax.report.context import ReportContext
from nnjax.runs import settings
from nnjax.runs.choice import choices
from nnjax.search.importance import edges
from nnjax.spaces.space import Arm, Space
from nnjax.train.host.population import Stopped

AXES = {"learning_rate": (0.3, 0.2, 0.1), "seed": (0, 1)}
CHOSEN = replace(CLASSIFIER, {"evaluate_test": "chosen"})


def run_of(losses, axes=AXES, experiment=CHOSEN, statuses=None):
    run = fake_run(experiment, Space(axes=axes), statuses=statuses)
    for record, loss in zip(run.records, losses, strict=True):
        record.values |= {"best_val_loss": loss, "val_loss": 9.0 - loss, "best_val_accuracy": loss / 10}
    return run


def test_the_mean_over_replicates_decides_and_the_best_replicate_stands_for_it():
    run = run_of([0.1, 0.9, 0.4, 0.3, 0.5, 0.5])  # means .5, .35, .5
    choice = run.chosen()
    assert (choice.setting.label, choice.trial, choice.metric, choice.rivals) == ("learning_rate 0.2", 3, "loss", 3)
    assert choice.mean == pytest.approx(0.35)
    assert run.best_trial() == 3
    assert run.settings().setting[0] == "learning_rate 0.2"
    assert run.resolve() == (3, "best")
    assert run.resolve(1) == (1, "final")


def test_another_metric_with_its_direction():
    run = run_of([0.1, 0.9, 0.4, 0.3, 0.9, 0.8])
    assert run.best_trial("accuracy") == 4
    chosen = run_of([0.1, 0.9, 0.4, 0.3, 0.9, 0.8], experiment=replace(CHOSEN, {"select": "accuracy"}))
    assert (chosen.best_trial(), chosen.chosen().metric) == (4, "accuracy")


def test_equal_settings_by_their_parameters_then_their_index():
    axes = {"widths": ((8,), (4,), (4, 4)), "seed": (0, 1)}  # 64 inputs: 610, 310 and 330 parameters
    assert run_of([0.5] * 6, axes).best_trial() == 2
    assert run_of([0.5] * 6).best_trial() == 0
    assert run_of([0.5, 0.5, 0.5, 0.5, 0.4, 0.6], axes).best_trial() == 2  # 1 / 2 in each


def test_a_setting_with_a_diverged_replicate_comes_after_all_others():
    run = run_of([0.1, 0.0, 0.4, 0.3, 0.5, 0.5], statuses={1: DIVERGED})
    assert run.best_trial() == 3
    alone = run_of([0.1, 0.0], {"learning_rate": (0.3,), "seed": (0, 1)}, statuses={1: DIVERGED})
    assert alone.best_trial() == 0


def test_what_cannot_be_compared_has_a_choice_each():
    run = fake_run(space=DEMO)
    found = {choice.setting.goal: choice for choice in choices(run)}
    assert set(found) == {"reconstruction", "classification"}
    assert found["reconstruction"].metric == "mean_squared_error"  # the losses differ
    with pytest.raises(nnjax.UserError, match=r"2 kinds of settings that cannot be compared.*name a trial"):
        run.chosen()


def test_without_a_validation_part_nothing_is_chosen_unless_a_trial_is_named():
    run = fake_run(replace(CHOSEN, {"data.validation": 0}), Space(axes=AXES))
    with pytest.raises(nnjax.UserError, match=r"no validation part, so nothing is chosen: name a trial"):
        run.outputs(np.zeros((1, 64)))
    assert run.outputs(np.zeros((1, 64)), trial=2).shape == (1, 10)
    assert edges(run) == []
    page = " ".join(header.sentences(ReportContext(run)))
    assert "There is no validation part, so no setting is chosen" in page
    assert "The chosen" not in page


def test_of_a_run_under_way_those_that_finished_count():
    assert run_of([0.1, 0.2, 0.4, 0.3, 0.5, 0.5], statuses={0: RUNNING, 1: RUNNING}).best_trial() == 3
    with pytest.raises(nnjax.UserError, match="No trial has finished with a finite validation loss"):
        run_of([0.5] * 6, statuses=dict.fromkeys(range(6), RUNNING)).best_trial()


@pytest.mark.parametrize("name", ["select", "evaluate_test"])
def test_one_rule_serves_a_whole_run(name):
    values = {"select": ("loss", "accuracy"), "evaluate_test": ("chosen", "all")}[name]
    with pytest.raises(nnjax.UserError, match=f"have {name} {values[0]} and {values[1]}, but one rule"):
        nnjax.sweep(TINY, {name: values}, data=blobs())


def test_unknown_rules_are_refused():
    with pytest.raises(nnjax.UserError, match="select is 'acuracy', which is unknown: did you mean accuracy"):
        nnjax.sweep(replace(TINY, {"select": "acuracy"}), data=blobs())
    with pytest.raises(nnjax.UserError, match="evaluate_test is 'none', which is unknown"):
        nnjax.sweep(replace(TINY, {"evaluate_test": "none"}), data=blobs())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Twelve trials of blobs, whose test parts are all evaluated, and the same with the chosen ones'."""
    axes = {"learning_rate": (0.0001, 0.3, 0.03, 0.001, 0.1, 0.01), "seed": (0, 1)}
    path = tmp_path_factory.mktemp("runs")
    base = replace(TINY, {"data.validation": 0.2, "data.test": 0.2, "metrics": "balanced_accuracy"})
    found = {
        name: nnjax.sweep(replace(base, {"evaluate_test": name}), axes, data=blobs(), workdir=path / name)
        for name in ("all", "chosen")
    }
    return path, base, axes, found["all"], found["chosen"]


def test_only_the_chosen_setting_is_tested_with_the_values_of_all(trained):
    *_, every, chosen = trained
    own = chosen.chosen().setting.trials
    assert own == every.chosen().setting.trials
    for trial, (one, other) in enumerate(zip(every.records, chosen.records, strict=True)):
        tested = {name: value for name, value in one.values.items() if "test_" in name}
        assert len(tested) >= 4
        assert other.values == (
            one.values if trial in own else {n: v for n, v in one.values.items() if n not in tested}
        )
    table = chosen.table()
    assert list(table[table.test_loss.notna()].trial) == list(own)


def test_a_kill_before_the_test_part_is_evaluated_loses_nothing(trained, tmp_path, monkeypatch):
    _, base, axes, _, chosen = trained
    base = replace(base, {"evaluate_test": "chosen"})
    with monkeypatch.context() as patch:
        patch.setattr(
            "nnjax.train.host.population.evaluate_chosen", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            nnjax.sweep(base, axes, data=blobs(), workdir=tmp_path, keep="best:1")
    with pytest.raises(Stopped):
        nnjax.sweep(base, axes, data=blobs(), workdir=tmp_path / "stopped", should_stop=StopAfter(3))
    for path, keep in ((tmp_path, "best:1"), (tmp_path / "stopped", "all")):
        again = nnjax.sweep(base, axes, data=blobs(), workdir=path, keep=keep)
        for trial in chosen.chosen().setting.trials:
            for name, value in chosen.records[trial].values.items():
                assert again.records[trial].values[name] == pytest.approx(value, rel=1e-6), name


def test_everyone_uses_the_same_best(trained, tmp_path):
    """In memory, loaded, by the command line's function, exported, and in the report's head."""
    path, *_, run = trained
    best = run.best_trial()
    loss = np.array([record.values["best_val_loss"] for record in run.records]).reshape(6, 2)
    assert best == 2 * loss.mean(axis=1).argmin() + loss[loss.mean(axis=1).argmin()].argmin()
    loaded, x = nnjax.load(path / "chosen"), blobs().x
    expected = run.outputs(x, best, "best")
    np.testing.assert_array_equal(run.outputs(x), expected)
    np.testing.assert_array_equal(loaded.outputs(x), expected)
    np.testing.assert_allclose(open_network(str(path / "chosen")).outputs(x), expected, rtol=1e-5, atol=1e-6)
    run.export(tmp_path / "net.safetensors")
    np.testing.assert_allclose(
        open_network(str(tmp_path / "net.safetensors")).outputs(x), expected, rtol=1e-5, atol=1e-6
    )
    labels = {setting.trials: setting.label for setting in run.all_settings}
    assert labels[run.chosen().setting.trials] in " ".join(header.sentences(ReportContext(loaded)))


def test_the_test_score_is_that_of_the_network_that_is_used(trained):
    *_, run = trained
    best, data = run.best_trial(), run.data()
    right = (run.outputs(data.dataset.x[data.test]).argmax(axis=1) == data.dataset.y[data.test]).mean()
    assert run.records[best].values["best_test_accuracy"] == pytest.approx(right)


def test_scores_of_the_chosen_are_of_its_best_epoch_and_figures_of_the_one_that_is_scored(trained):
    *_, every, chosen = trained
    for run, part in ((every, "test"), (chosen, "validation")):
        choice, data = run.chosen(), run.data()
        losses = []
        for trial in choice.setting.trials:
            outputs = run.outputs(data.dataset.x[data.test], trial, "best")
            losses.append(-np.log(outputs[np.arange(len(data.test)), data.dataset.y[data.test]]).mean())
        found = settings.test_scores(run, choice.setting, run.specs[0].experiment.loss)
        np.testing.assert_allclose(found, losses, rtol=1e-4)
        page = ReportContext(run)
        assert "with the weights of its best epoch" in run.chosen_scores[0].sentence()
        assert "with the weights of the best epoch" in " ".join(header.sentences(page))
        for shown in page.snapshots:
            which, epoch = ("best", "best") if part == "validation" else ("final", "last")
            assert (shown.part, shown.weights) == (part, f"the weights of the {epoch} epoch")
            rows = data.dataset.x[shown.rows]
            np.testing.assert_allclose(shown.outputs, run.outputs(rows, shown.trial, which), rtol=1e-5, atol=1e-6)


def test_optuna_is_told_what_the_choice_is_made_by():
    pytest.importorskip("optuna")
    import optuna

    space = Space({"learning_rate": nnjax.Range(0.001, 0.3, log=True), "seed": (0, 1)}, "adaptive", num=6, batch=3)
    storage = optuna.storages.InMemoryStorage()
    from nnjax.search.optuna.search import search

    base = replace(TINY, {"data.test": 0.2})
    run = search(base, space, storage=storage, study_name="s", data=blobs())
    study = optuna.load_study(study_name="s", storage=storage)
    assert study.best_value == pytest.approx(run.chosen().mean, rel=1e-6)
    tested = [i for i, record in enumerate(run.records) if "test_loss" in record.values]
    assert tuple(tested) == run.chosen().setting.trials


def test_refit_trains_on_all_but_the_test_part_for_the_median_best_epoch(trained):
    *_, run = trained
    again = run.refit()
    ends = [run.records[i].values["best_epoch"] for i in run.chosen().setting.trials]
    experiment, before, after = again.specs[0].experiment, run.data(), again.data()
    assert experiment.epochs == math.ceil(np.median(ends))
    assert set(after.train) == {*before.train, *before.validation}
    np.testing.assert_array_equal(after.test, before.test)
    assert experiment.hyperparameters == run.specs[run.best_trial()].experiment.hyperparameters
    right = (again.outputs(before.dataset.x[before.test]).argmax(axis=1) == before.dataset.y[before.test]).mean()
    assert again.records[0].values["test_accuracy"] == pytest.approx(right)


@pytest.mark.slow
def test_refit_of_folds():
    base = replace(TINY, {"data.folds": 3, "data.test": 0.2, "epochs": 4, "patience": 2})
    run = nnjax.sweep(base, {"learning_rate": (0.01, 0.1), "data.fold": (0, 1, 2)}, data=blobs())
    again = run.refit()
    ends = [run.records[i].values["best_epoch"] for i in run.chosen().setting.trials]
    assert again.specs[0].experiment.epochs == math.ceil(np.median(ends))
    assert len(again.data().train) + len(again.data().test) == len(blobs().x)


def test_older_folders_have_all_test_scores(trained, tmp_path):
    path, *_ = trained
    config = json.loads((path / "all" / "config.json").read_text("utf-8"))
    del config["experiment"]["evaluate_test"], config["experiment"]["select"]
    for name in ("data.json", "trials.csv", "curves.npz"):
        (tmp_path / name).write_bytes((path / "all" / name).read_bytes())
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    found = nnjax.load(tmp_path)
    assert {(spec.experiment.evaluate_test, spec.experiment.select) for spec in found.specs} == {("all", "loss")}


def test_refit_leaves_out_the_epochs_of_replicates_that_diverged():
    """Best epochs 0, 0 (diverged at once), 3 and 4: the median of those that finished, 3.5, is rounded up."""
    run = nnjax.sweep(TINY, {"seed": range(4)}, data=blobs())
    for record, status, best in zip(run.records, (DIVERGED, DIVERGED, "done", "done"), (0, 0, 3, 4), strict=True):
        record.status, record.values["best_epoch"] = status, float(best)
    assert run.refit().specs[0].experiment.epochs == 4


def test_arms_that_start_from_others_are_not_refitted():
    arms = {"a": Arm(), "b": Arm(start_from="a")}
    run = nnjax.sweep(TINY, Space(arms=arms), data=blobs())
    run.records[0].values["best_val_loss"] = 9.0
    with pytest.raises(nnjax.UserError, match="went on from another trial's weights"):
        run.refit()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acc", r"No trial recorded a metric 'acc' \(did you mean accuracy\?\); there are loss, accuracy, "),
        ("nonsense", "No trial recorded a metric 'nonsense'; there are loss, accuracy, "),
        ("f1", "No trial recorded a metric 'f1'; there are loss, accuracy, "),
        ("test_accuracies", "did you mean test_accuracy"),
    ],
)
def test_metrics_that_no_trial_recorded_are_refused_everywhere(name, said):
    run = run_of([0.1, 0.9, 0.4, 0.3, 0.5, 0.5])
    with pytest.raises(nnjax.UserError, match=said):
        run.settings(name)
    with pytest.raises(nnjax.UserError, match=said):
        run.compare("learning_rate 0.1", "learning_rate 0.2", name)
    for ask in (run.best_trial, run.chosen, fake_run(CHOSEN).best_trial):
        with pytest.raises(nnjax.UserError, match=f"No trial recorded a metric '{name}'"):
            ask(name)


def test_a_short_name_is_the_metric_on_the_validation_part_everywhere():
    run = run_of([0.1, 0.9, 0.4, 0.3, 0.9, 0.8])  # best_val_accuracy .01 .09 .04 .03 .09 .08
    found = run.settings("accuracy").set_index("setting")["mean"]
    assert found["learning_rate 0.1"] == pytest.approx(0.085)
    assert found["learning_rate 0.3"] == pytest.approx(0.05)
    assert run.compare("learning_rate 0.1", "learning_rate 0.3", "accuracy").difference.mean == pytest.approx(0.035)
    assert run.settings("val_loss").set_index("setting")["mean"]["learning_rate 0.1"] == pytest.approx(8.15)
    assert run.best_trial("accuracy") == run.best_trial("val_accuracy") == run.best_trial("best_val_accuracy") == 4
    assert run.settings("loss").equals(run.settings("categorical_crossentropy"))


def test_a_run_says_what_it_is():
    text = repr(run_of([0.1, 0.9, 0.4, 0.3, 0.5, 0.5], statuses={1: DIVERGED}))
    assert text.startswith("<nnjax run: six trials (5 done, 1 diverged) of three settings; chosen: learning_rate 0.2 (")
    assert len(text) < 200
    assert repr(fake_run(CLASSIFIER, Space(axes=AXES), statuses=dict.fromkeys(range(6), "waiting"))) == (
        "<nnjax run: six trials (6 waiting) of three settings>"
    )


@pytest.mark.parametrize("trial", [-1, 1, "a", 0.0, [0]])
@pytest.mark.parametrize("method", ["model", "data", "facts", "experiment", "num_outputs", "params"])
def test_trials_that_are_not_there(method, trial):
    """A number below 0 is refused as well: Python would count from the end."""
    with pytest.raises(UserError, match=r"There is no trial .*the run has only trial 0"):
        getattr(fake_run(), method)(trial)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda run: run.export(3), "A path was expected, but 3"),
        (lambda run: run.plot(b"x.png"), "A path was expected, but b'x.png'"),
        (lambda run: run.report(3), "A path was expected, but 3"),
        (lambda run: run.report(against=3), "A run to compare with was expected"),
        (lambda run: run.settings(3), "No trial recorded a metric '3'"),
        (lambda run: run.settings([]), "No trial recorded a metric '\\[\\]'"),
        (lambda run: run.best_trial([]), "No trial recorded a metric \\[\\]"),
        (lambda run: run.keep_epochs(0, "a"), "Epoch 'a' cannot be kept"),
        (lambda run: run.keep_epochs(0, 3.5), "Epoch 3.5 cannot be kept"),
    ],
)
def test_values_of_other_types_are_refused_in_a_sentence(trained, call, words):
    *_, run = trained
    with pytest.raises(UserError, match=words):
        call(run)
