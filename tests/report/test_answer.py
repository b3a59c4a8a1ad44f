"""The first screen: what it asks, which setting it names, and the numbers beside it, worked out by hand."""

import re

import numpy as np
import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, DEMO, fake_run, searched

from nnjax.core.fields import replace
from nnjax.data.baselines import Baselines
from nnjax.report.answer import answers
from nnjax.report.charts.answer_svg import best_settings, scale, thinned
from nnjax.report.context import ReportContext
from nnjax.spaces.space import Space


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
    [one] = answers(report)
    assert one.question == "Which of 2 settings classifies digits best?"
    assert (one.label, one.trial, one.rivals) == ("learning_rate 0.1", 0, 2)
    assert one.baselines == (("a linear fit", "20.0 %"),)
    half = 4.302653 * 0.1 / 3**0.5  # Student's t of two degrees of freedom, times the standard error of .3, .4, .5
    assert one.scores[0][:2] == ("validation loss", "0.4")
    assert one.scores[0][2] == f"mean of three trials; 95 % interval {0.4 - half:.4g} to {0.4 + half:.4g}"


@pytest.mark.parametrize(("tested", "value", "epoch"), [("all", "5.00", "best"), ("chosen", "5.00", "best")])
def test_the_test_score_says_of_which_weights_it_is(tested, value, epoch):
    [one] = answers(ReportContext(two_rates({"evaluate_test": tested})))
    what, text, remark = one.scores[1]
    assert (what, text.split()[0]) == ("wrong on the test part", value)
    assert remark.startswith(f"with the weights of the {epoch} epoch")


def test_several_goals_have_an_answer_each():
    copies, classes = answers(ReportContext(fake_run(space=DEMO)))
    assert copies.question == "Which of 4 settings copies digits best?"
    assert classes.question == "How well does this network classify digits?"
    assert "PCA with" in " ".join(what for what, _ in copies.baselines)
    assert classes.caption == "The chosen network's learning curves."


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
    [one] = answers(ReportContext(searched(60)))
    assert "learning_rate" in one.caption
    assert 'aria-label="validation loss against learning_rate, lowest at' in one.chart
    assert "chosen</text>" in one.chart
    assert not re.search(r'="-?nan|="[^"]*nan', one.chart)


def test_a_single_network_has_its_curves_and_the_best_epoch():
    run = fake_run(AUTOENCODER)
    [one] = answers(ReportContext(run))
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
    [one] = answers(ReportContext(run))
    assert one.label == "learning_rate 0.2"
    assert ReportContext(run).sweep.metrics[0].high
    assert "highest at learning_rate 0.2" in one.chart
