import math

import numpy as np
import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, DEMO, REGRESSOR, WAITING, fake_run, table

from nnjax.core.fields import replace
from nnjax.runs import settings
from nnjax.spaces.space import Arm, Space


def test_settings_are_trials_that_differ_in_their_seed_only():
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": (0.1, 0.01), "seed": (0, 1, 2)}))
    found = run.all_settings
    assert [setting.label for setting in found] == ["learning_rate 0.1", "learning_rate 0.01"]
    assert [setting.trials for setting in found] == [(0, 1, 2), (3, 4, 5)]
    assert {setting.goal for setting in found} == {"classification"}


@pytest.mark.parametrize(
    ("space", "labels"),
    [
        (Space(), ["64-16-4-16-64"]),
        (Space(arms={"a": Arm(), "b": Arm({"loss": "binary_crossentropy"})}), ["a", "b"]),
        (Space(axes={"epochs": (2, 3)}, arms={"a": Arm()}), ["a, epochs 2", "a, epochs 3"]),
        (Space(axes={"widths": ((4,), (8, 2, 8))}), ["widths 4", "widths 8-2-8"]),
        (Space(axes={"dropout": (None, 0.5)}), ["dropout none", "dropout 0.5"]),
    ],
)
def test_labels(space, labels):
    assert [setting.label for setting in fake_run(space=space).all_settings] == labels


def test_goals():
    assert [s.goal for s in fake_run(space=DEMO).all_settings] == ["reconstruction"] * 4 + ["classification"]
    assert fake_run(REGRESSOR, dataset=table()).all_settings[0].goal == "regression"


def test_a_metric_that_is_the_loss_is_found_under_the_name_of_the_loss():
    run = fake_run(space=DEMO)
    record = run.records[0]  # trained on the mean squared error: recorded as test_loss only
    record.values["test_loss"] = 0.123
    assert "test_mean_squared_error" not in record.values
    assert settings.score(run.specs[0].experiment, record, "mean_squared_error", "test") == 0.123
    assert math.isnan(settings.score(run.specs[0].experiment, record, "accuracy", "test"))


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({}, "validation"),
        ({"data.test": 0}, "validation"),
        ({"data.validation": 0}, "training"),
        ({"data.validation": 0, "data.test": 0, "evaluate_test": "all"}, "training"),
        ({"evaluate_test": "all"}, "test"),
    ],
)
def test_settings_are_compared_on_validation_unless_all_are_tested(changes, reported):
    run = fake_run(replace(CLASSIFIER, {"evaluate_test": "chosen", **changes}))
    assert settings.report_part(run.all_settings[0]) == reported


def test_representative_is_the_trial_of_median_error_among_those_with_weights():
    run = fake_run(CLASSIFIER, Space(axes={"seed": range(5)}), statuses={3: WAITING})
    for trial, right in enumerate((0.5, 0.9, 0.7, 0.1, 0.6)):
        run.records[trial].values["test_accuracy"] = right
    setting = run.all_settings[0]
    assert settings.representative(run, setting) == 2  # errors .1 .3 .4 .5: the lower of the two in the middle
    none = fake_run(CLASSIFIER, statuses={0: WAITING})
    assert settings.representative(none, none.all_settings[0]) is None


def test_mean_and_spread_by_hand():
    assert settings.mean_and_spread([1, 3, np.nan, np.inf]) == (2.0, pytest.approx(math.sqrt(2)), 2)
    mean, spread, count = settings.mean_and_spread([5])
    assert (mean, count) == (5.0, 1)
    assert math.isnan(spread)
    assert settings.mean_and_spread([])[2] == 0


def test_layers_name_all_widths():
    run = fake_run(AUTOENCODER)
    assert settings.layers(run.specs[0].experiment, run.facts(0)) == "64-16-4-16-64"
