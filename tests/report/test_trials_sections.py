import json

from fake_runs import AUTOENCODER, CLASSIFIER, DEMO, DIVERGED, WAITING, fake_run

from nnjax.core.fields import replace
from nnjax.report.context import ReportContext
from nnjax.report.sections.environment import _plan, environment
from nnjax.report.sections.model_summary import summaries
from nnjax.report.sections.run import build, settings_table, shared, varied
from nnjax.report.sections.trials import trials_table
from nnjax.spaces.space import Arm, Space


def rows_of(table):
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def test_every_trial_has_a_row_with_what_sets_it_apart():
    run = fake_run(
        CLASSIFIER, Space(axes={"learning_rate": (0.1, 0.01), "seed": (0, 1)}), statuses={1: DIVERGED, 2: WAITING}
    )
    run.records[0].values |= {"test_accuracy": 0.95, "val_loss": 0.123456}
    rows = rows_of(trials_table(ReportContext(run)))
    assert [row["status"] for row in rows] == ["done", "diverged", "waiting", "done"]
    assert [row["learning_rate"] for row in rows] == ["0.1", "0.1", "0.01", "0.01"]
    assert [row["seed"] for row in rows] == ["0", "1", "0", "1"]
    assert rows[0]["test wrong answers, %"] == "5.00"
    assert rows[0]["validation loss"] == "0.1235"
    assert rows[1]["diverged at step"] == "17"
    assert rows[2]["test wrong answers, %"] == "–"
    assert rows[1]["epochs"] == "3/6"


def test_arms_are_told_apart_by_name_alone():
    columns = trials_table(ReportContext(fake_run(space=DEMO)))["columns"]
    assert columns[:5] == ["trial", "arm", "status", "verdict", "seed"]


def test_verdicts_and_seconds_are_shown_once_there_are_some():
    waiting = fake_run(CLASSIFIER, statuses={0: WAITING})
    assert {"verdict", "seconds"}.isdisjoint(trials_table(ReportContext(waiting))["columns"])
    run = fake_run(CLASSIFIER)
    run.records[0].seconds = 1.5
    row = rows_of(trials_table(ReportContext(run)))[0]
    assert (row["verdict"], row["seconds"]) == ("still_learning", "1.5")


def test_networks_are_listed_while_they_are_few():
    rows = rows_of(settings_table(ReportContext(fake_run(space=DEMO))))
    assert rows[3]["layers"] == "64-16-8-2-8-16-64"
    assert rows[0]["output"] == "linear"
    assert rows[0]["parameters"] == f"{(64 * 16 + 16) + (16 * 4 + 4) + (4 * 16 + 16) + (16 * 64 + 64):,}"
    many = fake_run(CLASSIFIER, Space(axes={"learning_rate": [0.01 * i for i in range(1, 20)]}))
    assert settings_table(ReportContext(many))["rows"] == []


def test_an_arm_that_starts_from_another_says_so():
    run = fake_run(space=Space(arms={"a": Arm(), "b": Arm(start_from="a")}))
    assert [row["network"] for row in rows_of(settings_table(ReportContext(run)))] == ["a", "b (starts from trial 0)"]


def test_what_varied_and_what_did_not():
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": [0.1 * i for i in range(1, 13)], "seed": (0, 1)}))
    assert varied(run) == [("hyperparameters.learning_rate", "0.1 … 1.2 (12)"), ("seed", "0, 1")]
    found = dict(shared(run))
    assert found["data.name"] == "digits"
    assert "seed" not in found
    assert "hyperparameters.momentum" not in found  # none


def test_census_of_the_deck():
    """218,192 parameters (DECK.md section 1), on inputs as wide as MNIST's; here 64 wide by the same rule."""
    run = fake_run(replace(AUTOENCODER, {"widths": (128, 64, 128)}))
    item = summaries(run, ReportContext(run).settings)[0]
    parts = [(64, 128, 128), (128, 64, 64), (64, 128, 128), (128, 64, 64)]
    assert item["parts"] == [f"({a} × {b} + {bias})" for a, b, bias in parts]
    assert item["parameters"] == sum(a * b + bias for a, b, bias in parts)
    assert dict(item["training"])["loss"] == "mean_squared_error"


def test_census_merges_networks_of_the_same_layers():
    run = fake_run(space=DEMO)
    found = summaries(run, ReportContext(run).settings)
    assert [len(item["names"]) for item in found] == [3, 1, 1]
    assert dict(found[0]["training"])["loss"] == "mean_squared_error / binary_crossentropy"


def test_origin_of_a_run_in_memory():
    report = ReportContext(fake_run(CLASSIFIER))
    found = build(report)
    assert found["command"] == ""
    assert json.loads(found["config"])["loss"] == "categorical_crossentropy"
    rows = dict(environment(report))
    assert "jax" in rows["versions"]
    assert report.run.facts(0).sha256[:16] in rows["data"]


def test_a_plan_is_worded_without_its_measurements():
    one = {
        "trials": [0],
        "devices": 2,
        "lanes": 1,
        "order": "own",
        "fixed": False,
        "measured": [[1, 1.15]],
        "model": "x:y",
    }
    other = {"trials": [1], "devices": 1, "lanes": 8, "order": "shared", "fixed": True, "envelope": {"widths": [8]}}
    assert _plan([one, one, other]) == (
        "2 devices × 1 lane, each lane has its own order of examples; 1 device × 8 lanes, lanes share the order of "
        "examples, networks of several sizes padded to one, chosen by hand"
    )
    assert _plan(None) == ""
