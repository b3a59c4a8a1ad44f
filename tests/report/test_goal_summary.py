"""The first screen: what it asks, which setting it names, and the numbers beside it, worked out by hand."""

import re

import numpy as np
import pandas as pd
import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, DEMO, REGRESSOR, fake_run, searched

from nnjax.core.fields import replace
from nnjax.data.baselines import Baselines
from nnjax.data.in_memory import as_dataset
from nnjax.report import header
from nnjax.report.charts.summary_svg import best_settings, few_values, scale, thinned
from nnjax.report.context import ReportContext
from nnjax.report.goal_summary import goal_summaries
from nnjax.report.wording import setting_words
from nnjax.spaces.space import Arm, Space
from nnjax.train.storage.records import DIVERGED, FAILED, RUNNING


def two_rates(changes=()):
    run = fake_run(replace(CLASSIFIER, dict(changes)), Space(axes={"learning_rate": (0.1, 0.2), "seed": (0, 1, 2)}))
    for record, loss in zip(run.records, (0.3, 0.4, 0.5, 0.6, 0.7, 0.8), strict=True):
        record.values |= {"best_val_loss": loss, "test_accuracy": 0.9, "best_test_accuracy": 0.95}
    return run


def test_a_sweep_asks_which_and_names_the_chosen():
    report = ReportContext(two_rates())
    report.test_baselines = {
        next(iter(report.groups)): Baselines("classification", "test", 60, {"least squares": {"accuracy": 0.8}})
    }
    [one] = goal_summaries(report)
    assert one.question == "Which of 2 settings classifies digits best?"
    assert (one.label, one.trial, one.rivals) == ("learning rate 0.1", 0, 2)
    assert one.baselines == (("a linear fit", "20.0 %"),)
    half = 4.302653 * 0.1 / 3**0.5  # Student's t of two degrees of freedom, times the standard error of .3, .4, .5
    assert one.scores[0][:2] == ("validation loss", "0.4")
    assert one.scores[0][2] == f"mean of three trials; 95 % interval {0.4 - half:.4g} to {0.4 + half:.4g}"


@pytest.mark.parametrize(("accuracy", "beaten"), [(0.94, False), (0.96, True)])
def test_a_baseline_that_does_better_is_named(accuracy, beaten):
    """The chosen setting is right on .95 of the test part."""
    report = ReportContext(two_rates())
    known = {"least squares": {"accuracy": accuracy}, "majority class": {"accuracy": 0.1}}
    report.test_baselines = {next(iter(report.groups)): Baselines("classification", "test", 60, known)}
    [one] = goal_summaries(report)
    assert any(text.startswith("A linear fit does better on the test part: ") for text in one.next) is beaten


@pytest.mark.parametrize(("tested", "value", "epoch"), [("all", "5.00", "best"), ("chosen", "5.00", "best")])
def test_the_test_score_says_of_which_weights_it_is(tested, value, epoch):
    [one] = goal_summaries(ReportContext(two_rates({"evaluate_test": tested})))
    what, text, remark = one.scores[1]
    assert (what, text.split()[0]) == ("wrong on the test part", value)
    assert remark.startswith(f"with the weights of the {epoch} epoch")


def test_several_goals_have_an_answer_each():
    copies, classes = goal_summaries(ReportContext(fake_run(space=DEMO)))
    assert copies.question == "Which of 4 settings copies digits best?"
    assert classes.question == "How well does this network classify digits?"
    assert "PCA with" in " ".join(what for what, _ in copies.baselines)
    assert classes.caption == "The chosen network's learning curves."
    assert classes.label == "mlp: 64 inputs, hidden layer of 8 units, ten outputs"
    assert copies.caption == "The settings, the best first. A dot is a trial."
    assert copies.chart.count('class="dot"') == 4


def test_the_best_setting_at_each_value():
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": (0.1, 0.2), "dropout": (0.0, 0.5), "seed": (0, 1)}))
    sweep = ReportContext(run).sweep
    known = {
        i: (run.specs[i].experiment.hyperparameters.learning_rate, float(y))
        for i, y in enumerate([5, 7, 1, 3, 4, 2, 9, 9])
    }
    assert best_settings(sweep, known) == [(0.1, 2.0, 1.0, 3.0), (0.2, 3.0, 2.0, 4.0)]


@pytest.mark.parametrize("high", [False, True])
def test_of_many_values_the_best_of_each_part_is_drawn(high):
    """A hundred values on 24 parts of a linear axis: the best mean of each, by NumPy."""
    across, means = scale([0, 99], False, 0, 24), np.random.default_rng(0).normal(size=100)
    found = thinned([(float(x), mean, mean, mean) for x, mean in enumerate(means)], across, high)
    parts = np.floor([across.at(x) for x in range(100)]).astype(int)
    assert [one[1] for one in found] == [(max if high else min)(means[parts == part]) for part in np.unique(parts)]
    few = [(1.0, 2.0, 2.0, 2.0)]
    assert thinned(few, across, high) == few


def test_the_chart_of_a_search_is_of_what_matters_most():
    [one] = goal_summaries(ReportContext(searched(60)))
    assert "learning_rate" in one.caption
    assert 'aria-label="validation loss against learning_rate, lowest at' in one.chart
    assert "chosen</text>" in one.chart
    assert not re.search(r'="-?nan|="[^"]*nan', one.chart)


def test_a_single_network_has_its_curves_and_the_best_epoch():
    run = fake_run(AUTOENCODER)
    [one] = goal_summaries(ReportContext(run))
    best = int(np.argmin(run.records[0].curves["val_loss"])) + 1
    assert f"best epoch, {best}</text>" in one.chart


def test_places_on_a_scale():
    assert scale([1, 100], True, 0, 100).at(10) == pytest.approx(50)
    assert scale([0, 10], False, 0, 100).at(5) == pytest.approx(50)
    assert scale([3, 3], False, 0, 100).at(3) == pytest.approx(50)
    assert scale([0, 10], False, 0, 100).at(1e9) == 100


def test_where_the_highest_is_the_best_the_highest_is_drawn():
    run = two_rates({"metrics": ("accuracy", "balanced_accuracy"), "select": "balanced_accuracy"})
    for i, record in enumerate(run.records):
        record.values["best_val_balanced_accuracy"] = 0.5 + 0.05 * i
    [one] = goal_summaries(ReportContext(run))
    assert one.label == "learning rate 0.2"
    assert ReportContext(run).sweep.metrics[0].high
    assert "highest at learning_rate 0.2" in one.chart


ENDS = [
    ({}, {0: DIVERGED, 1: DIVERGED}, "None: both trials diverged."),
    ({}, {0: DIVERGED, 1: FAILED}, "None: one diverged and one failed."),
    ({}, {0: DIVERGED, 1: RUNNING}, "Not known yet: no trial of 2 has finished."),
    ({"data.validation": 0}, {}, "No setting is chosen: there is no validation part."),
]


@pytest.mark.parametrize(("changes", "statuses", "label"), ENDS)
def test_where_nothing_is_chosen_the_reason_stands_first(changes, statuses, label):
    """And of a run that diverged what to do: the verdict on its first trial."""
    run = fake_run(replace(CLASSIFIER, changes), Space(axes={"learning_rate": (0.1, 0.2)}), statuses=statuses)
    [one] = goal_summaries(ReportContext(run))
    assert (one.question, one.label, one.trial) == ("Which of 2 settings classifies digits best?", label, None)
    assert one.code == ("diverged" if label.startswith("None: ") else "")
    assert bool(one.next) == label.startswith(("None", "No setting"))


def test_a_single_trial_that_diverged_has_no_score():
    [one] = goal_summaries(ReportContext(fake_run(CLASSIFIER, statuses={0: DIVERGED})))
    assert (one.label, one.code, one.scores) == ("None: the trial diverged.", "diverged", ())


def a_table(columns):
    """Rows of two inputs and some targets, as of a file."""
    frame = pd.DataFrame({name: np.linspace(i, i + 1, 40) for i, name in enumerate(["a", "b", *columns])})
    return as_dataset(frame, columns if len(columns) > 1 else columns[0])


@pytest.mark.parametrize(
    ("columns", "words"),
    [(["price"], "“price”"), (["price", "rent"], "“price” and “rent”"), (["t1", "t2", "t3", "t4"], "4 columns")],
)
def test_the_question_of_a_table_names_its_target(columns, words):
    config = replace(REGRESSOR, {"data.validation": 8, "data.test": 8, "data.target_scaling": "standard"})
    report = ReportContext(fake_run(config, dataset=a_table(columns)))
    [one] = goal_summaries(report)
    assert one.question == f"How well does this network predict {words}?"
    assert header.title(report) == f"One network that predicts {words}"
    outputs = "one output" if len(columns) == 1 else f"{['two', 'four'][len(columns) > 2]} outputs"
    assert one.label == f"two inputs, hidden layer of 8 units, {outputs}"


def test_the_error_of_one_target_is_in_its_units():
    """By NumPy: the root of the mean squared error of the scaled target times the standard deviation of training."""
    config = replace(REGRESSOR, {"data.validation": 8, "data.test": 8, "data.target_scaling": "standard"})
    run = fake_run(config, dataset=a_table(["price"]))
    run.records[0].values["best_test_loss"] = 0.25
    report = ReportContext(run)
    known = {"mean of the targets": {"mean_squared_error": 1.0}}
    report.test_baselines = {next(iter(report.groups)): Baselines("regression", "test", 8, known)}
    [one] = goal_summaries(report)
    prepared = run.data(0)
    spread = np.std(np.asarray(prepared.dataset.y, float)[prepared.train])
    what, text, remark = one.scores[-1]
    assert what == "root mean squared error on the test part"
    assert float(text) == pytest.approx(0.5 * spread, rel=1e-3)
    assert remark.startswith("in the target's units, ")
    assert float(one.baselines[0][1]) == pytest.approx(spread, rel=1e-3)


def test_names_of_fields_are_words_and_names_of_arms_are_not():
    space = Space(axes={"learning_rate": (0.1, 0.2)}, arms={"my_learning_rate": Arm(), "b": Arm({"weight_decay": 0.1})})
    labels = [setting_words(one) for one in ReportContext(fake_run(CLASSIFIER, space)).settings]
    assert labels[:2] == ["my_learning_rate, learning rate 0.1", "my_learning_rate, learning rate 0.2"]


def test_a_few_values_are_named_along_the_axis_and_many_are_not():
    across = scale([0.001, 0.03], True, 0, 500)
    assert few_values(across, {0.03, 0.001, 0.01, 0.003}) == [
        (0.001, "0.001"),
        (0.003, "0.003"),
        (0.01, "0.01"),
        (0.03, "0.03"),
    ]
    assert few_values(across, set(np.geomspace(0.001, 0.03, 30))) == []
