"""What a sweep says of its space, on made-up runs whose answer is known."""

import numpy as np
import pytest
from fake_runs import CLASSIFIER, DIVERGED, fake_run

from nnjax.search.importance import edges, importance, swept
from nnjax.spaces.space import Space

AXES = {"learning_rate": (0.001, 0.01, 0.1, 1.0), "widths": ((4,), (8,)), "dropout": (None, 0.1, 0.2), "seed": (0, 1)}


def scored(score, axes=AXES, **options):
    """A run whose validation losses are a function of its experiments."""
    run = fake_run(CLASSIFIER, Space(axes), **options)
    rng = np.random.default_rng(0)
    for spec, record in zip(run.specs, run.records, strict=True):
        record.values["best_val_loss"] = score(spec.experiment) + 1e-3 * rng.normal()
    return run


def test_a_best_setting_at_an_edge_is_said():
    run = scored(lambda e: abs(np.log10(e.hyperparameters.learning_rate)) + 0.1 * (e.hyperparameters.dropout or 0))
    assert swept(run) == ["model.widths", "hyperparameters.learning_rate", "hyperparameters.dropout"]
    [sentence] = edges(run)
    assert sentence == "The chosen setting has learning_rate 1, the highest that was tried; try higher values too."
    inside = scored(lambda e: abs(np.log10(e.hyperparameters.learning_rate) + 2))
    assert edges(inside) == []


def test_a_lower_edge():
    run = scored(lambda e: e.hyperparameters.learning_rate, {"learning_rate": (0.1, 0.2, 0.3)})
    assert "the lowest that was tried; try lower values too" in edges(run)[0]


def test_nothing_finished_says_nothing():
    run = fake_run(CLASSIFIER, Space({"learning_rate": (0.1, 0.2, 0.3)}), statuses=dict.fromkeys(range(3), DIVERGED))
    assert edges(run) == []
    assert importance(run) == {}


@pytest.mark.parametrize("outlier", [0.0, 1e9])
def test_the_field_that_decides_is_the_important_one(outlier):
    """Most of the variance is the rate's, the rest the widths', nothing dropout's; one trial diverged."""

    def score(experiment):
        rate = experiment.hyperparameters.learning_rate
        return abs(np.log10(rate) + 2) + 0.5 * (experiment.model.widths == (4,)) + outlier * (rate == 1.0)

    run = scored(score, statuses={0: DIVERGED})
    shares = importance(run)
    assert list(shares)[:2] == ["hyperparameters.learning_rate", "model.widths"]
    assert shares["hyperparameters.learning_rate"] > 0.6
    assert shares["hyperparameters.dropout"] < 0.05
    assert sum(shares.values()) == pytest.approx(1)
