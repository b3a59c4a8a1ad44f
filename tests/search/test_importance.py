"""What a sweep says of its space, on made-up runs whose answer is known."""

import numpy as np
import pytest
from fake_runs import CLASSIFIER, DIVERGED, fake_run

from nnjax.search.importance import _binned, _explained, edges, importance, swept
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


def test_what_only_a_pair_explains_is_half_of_each():
    """Good where the rate is high or the widths are 4, not where both or neither: alone neither says anything."""
    axes = {"learning_rate": (0.01, 0.1), "widths": ((4,), (8,)), "dropout": (0.1, 0.2), "seed": range(4)}
    run = scored(lambda e: float((e.hyperparameters.learning_rate > 0.05) == (e.model.widths == (4,))), axes)
    shares = importance(run)
    assert list(shares)[2] == "hyperparameters.dropout"
    assert list(shares.values()) == pytest.approx([0.5, 0.5, 0.0], abs=1e-9)


def test_the_share_that_cells_explain_by_hand():
    """Ranks 0 to 7 in cells 0123 4567: R² = 1 - 10 / 42, adjusted 1 - (10 / 6) / (42 / 7) = 13 / 18."""
    explained, chance = _explained(np.arange(8.0), np.arange(8) // 4)
    assert explained == pytest.approx(13 / 18)
    assert chance == pytest.approx(2 * (2 / (6 * 9)) ** 0.5)
    assert _explained(np.arange(4.0), np.arange(4))[0] == 0.0


def test_chance_explains_nothing():
    """Two standard deviations: of 200 times, noise passes in about 5 by one side of a normal distribution."""
    rng = np.random.default_rng(0)
    cells = np.arange(64) % 4
    passed = [np.subtract(*_explained(rng.permutation(np.arange(64.0)), cells)) > 0 for _ in range(200)]
    assert sum(passed) < 15


def test_numbers_beyond_the_bins_keep_their_order():
    assert _binned(np.arange(100), 4).tolist() == sorted([0, 1, 2, 3] * 25)
    assert _binned(np.array([0, 1, 2, 2, 2, 2]), 3).tolist() == [0, 1, 2, 2, 2, 2]
