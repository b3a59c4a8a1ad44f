"""Any run as an Optuna study: parameters, values by epoch and states, read back by Optuna."""

import numpy as np
import optuna
import pytest
from fake_runs import CLASSIFIER, fake_run
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.spaces.space import Arm, Space

SPACE = Space(axes={"learning_rate": (1e-3, 0.1), "widths": ((8,), (4, 4)), "batch_size": (8, 16), "seed": (0, 1)})


@pytest.fixture(scope="module")
def run():
    """Eight settings of two seeds, as halving and mishaps may leave them."""
    found = fake_run(CLASSIFIER, SPACE)
    for trial, status in {1: "diverged", 2: "dropped", 3: "dropped", 4: "running", 6: "waiting", 7: "waiting"}.items():
        found.records[trial].status = status
    for record in found.records[6:8]:
        record.epochs, record.curves = 0, {}
    return found


def read(path, name="nnjax"):
    """Open a study in a file as a dashboard does."""
    url = f"sqlite:///{path}"
    storage = JournalStorage(JournalFileBackend(str(path))) if path.suffix == ".log" else url
    return optuna.load_study(study_name=name, storage=storage)


@pytest.mark.parametrize("ending", ["db", "log"])
def test_settings_values_and_states_are_read_back(run, tmp_path, ending):
    path = tmp_path / f"study.{ending}"
    run.to_optuna(path)
    study, table, curves = read(path), run.table(), run.curves()["val_loss"]
    assert (study.metric_names, study.direction.name) == (["best_val_loss"], "MINIMIZE")
    assert [t.state.name for t in study.trials] == ["FAIL", "PRUNED", "RUNNING", "WAITING"] + ["COMPLETE"] * 4
    for number, trial in enumerate(study.trials):
        rows = table.iloc[2 * number : 2 * number + 2]
        assert trial.user_attrs["nnjax:trials"] == [2 * number, 2 * number + 1]
        assert trial.params["learning_rate"] == pytest.approx(rows.learning_rate.iloc[0])
        assert trial.params["batch_size"] == rows.batch_size.iloc[0]
        assert {trial.params["model.widths"].replace(",", " ")} == set(rows["model.widths"].astype(str))
        mean = {} if number == 3 else dict(enumerate(np.mean(curves[2 * number : 2 * number + 2], axis=0), 1))
        assert trial.intermediate_values == pytest.approx(mean)
        wanted = rows.best_val_loss.mean() if number > 3 else None
        assert trial.value == (None if wanted is None else pytest.approx(wanted))
        assert trial.distributions == {
            "learning_rate": FloatDistribution(1e-3, 0.1, log=True),
            "batch_size": IntDistribution(8, 16),
            "model.widths": CategoricalDistribution(["8", "4,4"]),
        }
    assert study.best_trial.user_attrs["nnjax:trials"] == list(run.chosen().setting.trials)


def test_arms_metrics_and_parameters_that_some_settings_lack(tmp_path):
    arms = {"plain": Arm({"optimizer.name": "sgd"}), "momentum": Arm({"optimizer.name": "momentum", "momentum": 0.9})}
    experiment = replace(CLASSIFIER, {"metrics": ("accuracy",)})
    run = fake_run(experiment, Space(axes={"patience": (None, 3)}, arms=arms))
    study = run.to_optuna(tmp_path / "a.db", "mine", "accuracy")
    assert read(tmp_path / "a.db", "mine").direction.name == "MAXIMIZE"
    assert study.metric_names == ["best_val_accuracy"]
    assert [trial.params.get("patience") for trial in study.trials] == [None, 3, None, 3]
    assert [trial.params["arm"] for trial in study.trials] == ["plain"] * 2 + ["momentum"] * 2
    assert [trial.params["optimizer.name"] for trial in study.trials] == ["sgd"] * 2 + ["momentum"] * 2
    assert [trial.params.get("momentum") for trial in study.trials] == [None] * 2 + [0.9] * 2


@pytest.mark.parametrize(
    ("storage", "words"),
    [
        ("study.csv", "ends in '.csv', but .db or .log was expected"),
        (3, "The storage is 3, but a file"),
        ("none/study.db", "The folder of .* does not exist"),
        ("nonsense://a", "The storage nonsense://a cannot be used"),
    ],
)
def test_what_is_no_storage_is_refused(run, storage, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=words):
        run.to_optuna(storage)


def test_a_text_that_is_no_journal_stays_as_it_is(run, tmp_path):
    (tmp_path / "notes.log").write_text("my notes", "utf-8")
    with pytest.raises(UserError, match=r"notes\.log cannot be used \(its last line is none of a journal\)"):
        run.to_optuna(tmp_path / "notes.log")
    assert (tmp_path / "notes.log").read_text("utf-8") == "my notes"


def test_a_study_is_never_changed_and_values_have_to_be_comparable(run, tmp_path):
    run.to_optuna(tmp_path / "a.db")
    with pytest.raises(UserError, match=r"has a study 'nnjax' already"):
        run.to_optuna(tmp_path / "a.db")
    run.to_optuna(tmp_path / "a.db", "second")
    with pytest.raises(UserError, match="No trial recorded a metric 'f1'"):
        run.to_optuna(tmp_path / "a.db", "third", "f1")
    with pytest.raises(UserError, match="has no validation part"):
        fake_run(replace(CLASSIFIER, {"data.validation": 0})).to_optuna(tmp_path / "b.db")
