"""Curves and context of nnjax runs."""

import dataclasses

import numpy as np
import pytest
from populations import resolve

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, TrialSpec
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import prepare
from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.run_curves import contexts_of, curves_of
from nnjax.runs.measured_baselines import measure_baselines
from nnjax.train.storage.records import DIVERGED, DONE, Record

DIGITS = resolve(Experiment(data=DataConfig("digits"), model=ModelConfig(widths=(8,)), batch_size=32))


def record(status, values):
    loss = np.array(values)
    return Record(status, len(loss), curves={"train_loss": loss, "val_loss": loss + 0.1})


def test_trials_of_different_lengths_and_one_that_diverged():
    curves = curves_of([record(DONE, np.linspace(2, 1, 12)), record(DIVERGED, [3.0, 9.0]), record(DIVERGED, [])])
    np.testing.assert_array_equal(curves.diverged_at, [np.nan, 3, 1])
    found = diagnose_curves(curves)
    assert [one.primary.code for one in found[1:]] == ["diverged", "diverged"]
    assert found[1].primary.epochs == {"diverged": 3}
    assert found[0].primary.code in ("still_learning", "too_slow")


def test_a_run_that_has_not_begun():
    assert [one.primary.code for one in diagnose_curves(curves_of([Record(), Record()]))] == ["too_short_to_say"] * 2


def test_contexts_by_facts_alone_and_by_data():
    """Ten classes, about equally frequent: the mean predictor's cross-entropy is log 10 and a little more."""
    hyper = Hyperparameters(dropout=0.5)
    specs = [TrialSpec(0, DIGITS), TrialSpec(1, dataclasses.replace(DIGITS, hyperparameters=hyper))]
    prepared = {DIGITS.data: prepare(DIGITS.data)}
    facts = {config: data.facts() for config, data in prepared.items()}
    guessed, measured = contexts_of(specs, facts), contexts_of(specs, facts, measure_baselines(specs, prepared))
    assert [one.regularized for one in guessed] == [False, True]
    assert guessed[0].mean_predictor == pytest.approx(np.log(10))
    assert measured[0].mean_predictor == pytest.approx(np.log(10), abs=0.01)
    assert measured[0].chance_accuracy == pytest.approx(0.1, abs=0.01)
    assert measured[0].batch_size == 32
    assert measured[0].num_validation == len(prepared[DIGITS.data].validation)


def test_contexts_of_an_autoencoder():
    """The mean image by hand, and the entropy of the pixels, which no cross-entropy undercuts."""
    model = ModelConfig("autoencoder", (8,), output_activation="sigmoid")
    experiment = dataclasses.replace(DIGITS, model=model, loss="binary_crossentropy")
    prepared = prepare(DIGITS.data)
    specs = [TrialSpec(0, experiment)]
    measured = measure_baselines(specs, {DIGITS.data: prepared})
    [found] = contexts_of(specs, {DIGITS.data: prepared.facts()}, measured)
    x = prepared.dataset.x / 16
    p = np.clip(x[prepared.train].mean(axis=0), 1e-7, 1 - 1e-7)
    val = x[prepared.validation]
    assert found.mean_predictor == pytest.approx(-(val * np.log(p) + (1 - val) * np.log(1 - p)).mean(), rel=1e-5)
    assert 0 < found.floor < found.mean_predictor
    assert found.chance_accuracy is None
