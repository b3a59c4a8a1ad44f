import json

import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, DEMO, DIVERGED, RUNNING, fake_run, searched

from nnjax.core.fields import replace
from nnjax.report.context import ReportContext
from nnjax.report.sweep import data
from nnjax.spaces.space import Arm, Space
from nnjax.train.storage.records import DROPPED

RATES = (0.001, 0.01, 0.1)


def fields(run):
    return {field["name"]: field for field in data.sweep_data(ReportContext(run).sweep)["fields"]}


def test_named_arms_and_seeds_are_no_space():
    assert ReportContext(fake_run(space=DEMO)).sweep is None
    assert ReportContext(fake_run(CLASSIFIER, Space(axes={"seed": range(3)}))).sweep is None


def test_columns_of_a_sweep():
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": RATES, "seed": (0, 1)}), statuses={1: DIVERGED, 2: RUNNING})
    found = fields(run)
    assert list(found) == [
        *("trial", "status", "verdict", "epochs", "seed", "fold", "learning_rate"),
        *("val_loss", "val_wrong", "test_loss", "test_wrong"),
    ]
    assert found["learning_rate"]["values"] == (0.001, 0.001, 0.01, 0.01, 0.1, 0.1)
    assert [value is None for value in found["val_loss"]["values"]] == [False, True, True, False, False, False]
    assert found["val_wrong"]["values"][0] == pytest.approx(100 * (1 - run.records[0].values["val_accuracy"]), rel=1e-4)
    json.dumps(found, allow_nan=False)


def test_arms_are_an_axis_and_what_tells_them_apart_is_none():
    arms = {"sgd": Arm({"optimizer.name": "sgd"}), "adam": Arm({"optimizer.name": "adam"})}
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": RATES}, arms=arms))
    assert [axis.name for axis in ReportContext(run).sweep.axes] == ["arm", "learning_rate"]


def test_settings_with_several_losses_are_compared_by_what_they_have_in_common():
    losses = ("mean_squared_error", "binary_crossentropy")
    run = fake_run(AUTOENCODER, Space(axes={"loss": losses}))
    sweep = ReportContext(run).sweep
    assert sweep.metrics[0].name == "val_mean_squared_error"
    assert sweep.metrics[0].values[0] == pytest.approx(run.records[0].values["best_val_loss"], rel=1e-4)
    assert sweep.metrics[0].values[1] == pytest.approx(run.records[1].values["val_mean_squared_error"], rel=1e-4)


def test_a_mixed_run_shows_the_goal_with_more_trials():
    mlp = {"model.kind": "mlp", "widths": (8,), "output_activation": "softmax", "loss": "categorical_crossentropy"}
    arms = {"copy": Arm(), "copy_narrow": Arm({"widths": (8, 2, 8)}), "classify": Arm(mlp)}
    run = fake_run(AUTOENCODER, Space(axes={"learning_rate": RATES}, arms=arms))
    assert ReportContext(run).sweep.trials == tuple(range(6))


def test_a_dropped_trial_counts_by_its_last_rung():
    run = fake_run(replace(CLASSIFIER, {"epochs": 4}), Space(axes={"learning_rate": RATES}))
    record = run.records[1]
    record.status, record.epochs, record.values = DROPPED, 2, {}
    record.curves = {name: curve[:2] for name, curve in record.curves.items()}
    sweep = ReportContext(run).sweep
    assert sweep.metrics[0].values[1] == pytest.approx(record.curves["val_loss"][1], rel=1e-4)
    rungs = data.rungs(sweep)
    assert [rung["epoch"] for rung in rungs] == [2, 4]
    assert [value is None for value in rungs[1]["values"]] == [False, True, False]


def test_rungs_of_a_search():
    assert [rung["epoch"] for rung in data.rungs(ReportContext(searched(40, 20)).sweep)] == [5, 15, 20]
