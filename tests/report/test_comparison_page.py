"""The page of two runs: which is better, against SciPy and by hand; what differs; what is refused."""

import json
import re

import numpy as np
import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, REGRESSOR, digits, fake_run, table
from page import Page
from scipy import stats

from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.data import from_arrays
from nnjax.report.comparison.compared_runs import compared_runs, decide
from nnjax.report.comparison.differences import cautions, differences
from nnjax.report.comparison.page import evidence, headline
from nnjax.runs.statistics import difference_of_means
from nnjax.spaces.space import Space
from nnjax.train.storage.records import DIVERGED

FIRST, SECOND = (0.30, 0.34, 0.32), (0.21, 0.26, 0.22)


def scored(values, experiment=CLASSIFIER, seeds=(0, 1, 2), metric="best_val_loss", **options):
    run = fake_run(experiment, Space(axes={"seed": seeds}), **options)
    for record, value in zip(run.records, values, strict=True):
        record.values[metric] = value
    return run


@pytest.fixture(scope="module")
def pair():
    wide = replace(CLASSIFIER, {"widths": (16, 4), "learning_rate": 0.02})
    return scored(FIRST, title="Narrow"), scored(SECOND, wide, title="Wide")


def test_equal_seeds_are_paired(pair):
    sides = compared_runs(pair)
    found = decide(*sides)
    low, high = stats.ttest_rel(FIRST, SECOND).confidence_interval()
    assert (found.difference.low, found.difference.high) == pytest.approx((low, high))
    assert (found.better.letter, found.pairs, found.unit) == ("B", 3, "seed")
    assert headline(found) == "Run B is better."
    text = evidence(sides, found)
    assert f"B's is lower than A's by 0.09 (95 % interval {low:.3g} to {high:.3g}, paired by three seeds)" in text


def test_other_seeds_are_compared_by_welch(pair):
    values = (0.25, 0.5, 0.3, 0.45)
    found = decide(*compared_runs((pair[0], scored(values, seeds=(5, 6, 7, 8)))))
    low, high = stats.ttest_ind(FIRST, values, equal_var=False).confidence_interval()
    assert (found.difference.low, found.difference.high) == pytest.approx((low, high))
    assert headline(found) == "Run A is ahead, but that may be chance."


def test_welch_of_folds_is_wider_by_nadeau_and_bengio():
    one, other, k = np.array(FIRST), np.array(SECOND), 3
    found = difference_of_means(one, other, (k, k))
    plain = difference_of_means(one, other)
    assert (found.high - found.low) / (plain.high - plain.low) == pytest.approx(np.sqrt((1 / 3 + 1 / 2) / (1 / 3)))


def test_a_metric_of_which_the_highest_is_the_best():
    chosen_by = replace(CLASSIFIER, {"select": "accuracy"})
    runs = [scored(values, chosen_by, metric="best_val_accuracy") for values in ((0.8, 0.81, 0.8), (0.9, 0.92, 0.91))]
    sides = compared_runs(tuple(runs))
    assert decide(*sides).better.letter == "B"
    assert "B's is higher than A's by 0.107 (95 % interval 0.0" in evidence(sides, decide(*sides))


def test_one_seed_has_no_interval_and_equal_values_no_winner(pair):
    sides = compared_runs((pair[0], scored((0.1,), seeds=(0,))))
    assert "There is one trial of B only" in evidence(sides, decide(*sides))
    assert headline(decide(*compared_runs((pair[0], scored(FIRST))))) == "Both runs are equally good."


def test_a_setting_with_a_diverged_trial_comes_second(pair):
    broken = scored((0.1, 0.1, np.nan), statuses={2: DIVERGED})
    sides = compared_runs((pair[0], broken))
    assert decide(*sides).better.letter == "A"
    assert "A trial of B's best setting diverged or failed" in evidence(sides, decide(*sides))


def test_other_losses_are_compared_by_a_metric_of_both():
    runs = fake_run(REGRESSOR, dataset=table()), fake_run(replace(REGRESSOR, {"loss": "huber"}), dataset=table())
    with pytest.raises(UserError, match="no metric was recorded in both"):
        compared_runs(runs)
    for run in runs:
        run.records[0].values["best_val_mean_squared_error"] = 0.5
    sides = compared_runs(runs)
    assert sides[1].choice.metric == "mean_squared_error"
    assert any("The losses differ" in sentence for sentence in cautions(*sides))


def other_digits():
    x, y = digits().x, digits().y
    return from_arrays(x[::-1].copy(), y[::-1].copy(), "digits", classes=digits().classes, image_shape=(8, 8))


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (lambda: fake_run(AUTOENCODER), "differ in their goal .A classification, B reconstruction."),
        (lambda: fake_run(CLASSIFIER, dataset=other_digits()), "differ in their data .A digits, SHA-256 "),
        (lambda: fake_run(replace(CLASSIFIER, {"select": "accuracy"})), "validation loss and run B by its validation "),
        (lambda: fake_run(replace(CLASSIFIER, {"data.validation": 0})), r"Run B \(B\) has no setting .* no validation"),
    ],
)
def test_other_tasks_are_refused(pair, other, sentence):
    with pytest.raises(UserError, match=sentence):
        compared_runs((pair[0], other()))


def test_a_run_against_itself_is_refused(pair):
    with pytest.raises(UserError, match="cannot be compared with itself"):
        pair[0].report("x.html", against=pair[0])


def test_what_differs(pair):
    rows, alike = differences(*compared_runs(pair))
    assert rows == [("model.widths", "8", "16-4"), ("hyperparameters.learning_rate", "none", "0.02")]
    assert alike > 20
    searched = fake_run(CLASSIFIER, Space(axes={"learning_rate": (0.1, 0.2, 0.4), "seed": (3, 4)}))
    rows = {path: (a, b) for path, a, b in differences(*compared_runs((pair[0], searched)))[0]}
    assert rows["hyperparameters.learning_rate"][1].endswith("(chosen of 3 values, 0.1 to 0.4)")
    assert rows["seed"] == ("3 values, 0 to 2", "2 values, 3 to 4")
    apart = fake_run(replace(CLASSIFIER, {"data.split_seed": 7}))
    assert any("split the data differently" in sentence for sentence in cautions(*compared_runs((pair[0], apart))))


def test_the_page(pair, tmp_path):
    path = pair[0].report(tmp_path / "two.html", against=pair[1])
    text = path.read_text("utf-8")
    found = Page(text)
    words = " ".join(" ".join(found.text).split())
    assert "Narrow against Wide" in words
    assert "Run B is better." in words
    labels = json.loads(found.scripts[0])["labels"]
    assert labels == {"0": "A: 64-8-10", "1": "B: 64-16-4-10"}
    assert found.sections() == ["curves", "differences", "settings", "diagnoses"]
    assert re.search(r'aria-label="validation loss: A 0\.32, 95 % interval', text)
    with pytest.raises(UserError, match="lives in memory"):
        pair[0].report(against=pair[1])
