"""Tuning in real populations: small ones, trained in a moment."""

import dataclasses

import numpy as np
import pytest
from populations import CLASSIFIER, StopAfter, blobs

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.search.learning_rate.budget import RUNS, SEEDS
from nnjax.search.learning_rate.replay import log_loss
from nnjax.search.learning_rate.tune import phase_range, rate_range, train_grid, tune, with_optimizer
from nnjax.search.options import Options
from nnjax.spaces.ranges import Range
from nnjax.train.host.population import Population, Stopped
from nnjax.train.storage.records import DIVERGED, DONE, STOPPED, Record

BASE = replace(CLASSIFIER, {"epochs": 8, "hyperparameters.learning_rate": None})


@pytest.fixture(scope="module")
def found():
    """Two searches in one population."""
    ranges = {"sgd": rate_range("sgd"), "adam": Range(1e-4, 1.0, 20, log=True)}
    return tune(BASE, ranges, Options(data=blobs()))


@pytest.mark.slow
def test_the_budget_and_the_seeds(found):
    assert [measured.optimizer for measured in found] == ["sgd", "adam"]
    for measured, num in zip(found, (64, 20), strict=True):
        assert measured.losses.shape == (num, SEEDS, 8)
        assert 0.5 * RUNS < measured.runs() <= RUNS
        assert measured.epochs()[measured.best, 0] == 8
        assert measured.seeds == (0, 1, 2)


@pytest.mark.slow
def test_the_recommended_rate_is_among_the_best_of_the_whole_grid(found):
    """Of 20 rates trained to the end with the same seeds, the recommended one is among the best five."""
    measured = found[1]
    axes = {"learning_rate": measured.rates.tolist(), "seed": range(SEEDS)}
    swept = nnjax.sweep(BASE, axes, data=blobs())
    losses = np.array([record.values.get("val_loss", np.inf) for record in swept.records]).reshape(20, SEEDS)
    assert (losses.mean(axis=1) < losses.mean(axis=1)[measured.best]).sum() < 5


def test_losses_are_those_of_the_trial_trained_alone(found):
    """A trial that waited at the rungs has the curve of one that did not; only the lanes around it differ."""
    measured = found[1]
    alone = tune_alone(measured.rates[measured.best])
    np.testing.assert_allclose(measured.losses[measured.best, 0], alone, rtol=2e-4)


def tune_alone(rate):
    """The validation losses of a single trial."""
    return nnjax.sweep(replace(BASE, {"learning_rate": float(rate)}), data=blobs()).curves()["val_loss"][0]


def test_one_program_an_optimizer_for_each_number_of_lanes(monkeypatch):
    seen = []
    original = Population.run
    monkeypatch.setattr(Population, "run", lambda self: (seen.append(self), original(self))[1])
    tune(BASE, {"sgd": rate_range("sgd", 1e-3, 1.0)}, Options(data=blobs()))
    assert len(seen[0].layouts.programs) <= 4


def test_a_search_that_is_stopped_says_so():
    with pytest.raises(Stopped):
        tune(BASE, {"sgd": rate_range("sgd")}, Options(data=blobs(), should_stop=StopAfter(1)))


def test_no_finite_loss_is_one_sentence():
    with pytest.raises(UserError, match=r"No rate from 1e[+]28 to 1e[+]30 gives sgd a finite loss"):
        tune(BASE, {"sgd": rate_range("sgd", 1e28, 1e30)}, Options(data=blobs()))


def test_without_a_validation_part_the_training_loss_decides():
    base = replace(BASE, {"data.validation": 0})
    [measured] = tune(base, {"adam": rate_range("adam", 1e-3, 1.0)}, Options(data=blobs()))
    assert measured.metric == "train_loss_eval"


def test_the_usual_range_has_64_rates_and_a_narrow_one_fewer():
    assert len(rate_range("adam").points()) == 64
    np.testing.assert_allclose([rate_range("adam").low, rate_range("adam").high], [1e-7, 10.0])
    assert len(rate_range("adam", 1e-3, 1e-1).points()) == 17
    assert len(phase_range("sgd").points()) == 12
    for name, optimizer in OPTIMIZERS.items():
        low, high = rate_range(name).low, rate_range(name).high
        np.testing.assert_allclose([low * high, high / low], [optimizer.usual_rate**2, 1e8], err_msg=name)


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((1.0, 0.1), "smaller end comes first"),
        ((0.0, 1.0), "low end of the rates is 0"),
        ((-1.0, 1.0), "above 0 was expected"),
        ((1e-3, float("inf")), "high end of the rates is inf"),
        ((float("nan"), 1.0), "low end of the rates is nan"),
        ((0.1, 0.11), "differ too little"),
        ((0.1, 0.1), "smaller end comes first"),
        ((1e6, None), "smaller end comes first"),
    ],
)
def test_impossible_ranges(ends, words):
    with pytest.raises(UserError, match=words):
        rate_range("sgd", *ends)


def test_an_unknown_optimizer():
    with pytest.raises(UserError, match=r"There is no optimizer 'sdg'; choose some of sgd, momentum"):
        rate_range("sdg")


def test_another_optimizer_leaves_foreign_hyperparameters():
    base = dataclasses.replace(
        replace(BASE, {"optimizer.name": "momentum"}), hyperparameters=Hyperparameters(momentum=0.8, dropout=0.1)
    )
    assert with_optimizer(base, "adam").hyperparameters == Hyperparameters(dropout=0.1)
    assert with_optimizer(base, "momentum").hyperparameters == base.hyperparameters
    assert with_optimizer(base, "adam").optimizer.name == "adam"


def test_losses_of_trials_that_ended_otherwise():
    curve = {"val_loss": np.array([4.0, 1.0, 2.0])}
    assert log_loss(Record(DONE, 3, curves=curve), "val_loss", 3) == pytest.approx(np.log(2))
    assert log_loss(Record(STOPPED, 3, curves=curve), "val_loss", 8) == 0.0
    assert log_loss(Record(DIVERGED, 3, curves=curve), "val_loss", 8) == np.inf
    assert log_loss(Record(DIVERGED, 3, curves=curve), "val_loss", 2) == 0.0
    assert log_loss(Record(DIVERGED, 0), "val_loss", 1) == np.inf


@pytest.mark.slow
def test_a_grid_of_rates_and_batch_sizes():
    [phase] = train_grid(BASE, {"sgd": Range(1e-4, 1e30, 3, log=True)}, [4, 16], Options(data=blobs()))
    assert (phase.batch_sizes, phase.losses.shape, phase.verdicts.shape) == ((4, 16), (3, 2), (3, 2))
    assert np.isnan(phase.losses[2]).all()
    assert (phase.verdicts[2] == "diverged").all()
    assert all(place in (0, 1) for place in phase.best())


def test_a_batch_larger_than_the_training_part():
    with pytest.raises(UserError, match=r"leaves 40 training examples, fewer than a batch of 64"):
        train_grid(BASE, {"sgd": phase_range("sgd")}, [16, 64], Options(data=blobs()))
