"""Sanity checks: healthy experiments pass, and what was broken on purpose is found."""

import dataclasses
import json

import numpy as np
import pytest
from populations import CLASSIFIER, blobs, line, resolve

import nnjax
from nnjax.core.fields import replace
from nnjax.data import prepare_loaded
from nnjax.verify.sanity import data as sanity_data
from nnjax.verify.sanity import run as sanity_run
from nnjax.verify.sanity.references import References
from nnjax.verify.sanity.rules import Measurements, Outcome, judge

SANE = resolve(replace(CLASSIFIER, {"validation": 60, "test": 0, "learning_rate": 0.03, "dropout": 0.3}))
REGRESSION = resolve(
    replace(SANE, {"output_activation": "linear", "loss": "mean_squared_error", "stratify": False, "validation": 20})
)


def checked(experiment, dataset=None, change=lambda prepared: prepared):
    prepared = change(prepare_loaded(dataset or blobs(300), experiment.data))
    return {check.name: check for check in sanity_run.check(experiment, prepared)}


def failed(checks):
    return [name for name, check in checks.items() if not check.passed]


def misaligned(prepared):
    """Each input with the target of another example."""
    y = np.random.default_rng(1).permutation(prepared.dataset.y)
    return dataclasses.replace(prepared, dataset=dataclasses.replace(prepared.dataset, y=y))


def leaking(prepared):
    """The validation examples train too."""
    return dataclasses.replace(prepared, validation=prepared.train[:60])


def test_a_healthy_classifier_passes():
    checks = checked(SANE)
    assert list(checks) == ["start", "overfits small batch", "inputs matter", "without inputs", "shuffled labels"]
    assert failed(checks) == []
    assert checks["start"].evidence["expected"] == pytest.approx(np.log(3), rel=1e-5)
    assert checks["without inputs"].evidence["constant"] == pytest.approx(np.log(3), rel=1e-3)
    assert "(log 3)" in checks["start"].sentence


def test_labels_of_other_examples_are_found():
    assert failed(checked(SANE, change=misaligned)) == ["inputs matter"]


def test_a_rate_of_zero_is_found():
    assert failed(checked(replace(SANE, {"learning_rate": 0.0}))) == ["overfits small batch", "inputs matter"]


def test_a_huge_rate_is_found():
    assert "overfits small batch" in failed(checked(replace(SANE, {"learning_rate": 1e6})))


def test_a_start_at_zero_is_found():
    checks = checked(replace(SANE, {"kernel_init": "zeros"}))
    assert failed(checks) == ["overfits small batch", "inputs matter"]
    assert checks["start"].evidence["loss"] == pytest.approx(np.log(3), rel=1e-5)


@pytest.mark.slow
def test_large_initial_weights_are_found():
    assert "start" in failed(checked(replace(SANE, {"init_scale": 100.0})))


def test_a_degenerate_loss_is_found():
    """Kullback-Leibler with sigmoids: all outputs 1 cost nothing (deck section 5), so nothing is learned."""
    wrong = {"loss": "kl_divergence", "output_activation": "sigmoid", "learning_rate": 0.3}
    assert "overfits small batch" in failed(checked(replace(SANE, wrong)))


@pytest.mark.slow
def test_examples_in_both_parts_are_found():
    """A network that memorizes shuffled labels knows those of the validation part."""
    wide, data = replace(SANE, {"widths": (64, 64), "learning_rate": 0.003}), blobs(300, 60)
    assert "shuffled labels" in failed(checked(wide, data, leaking))
    assert failed(checked(wide, data)) == []


@pytest.mark.slow
def test_a_regression():
    """Expected at the start: the mean square of the targets; without inputs: their variance about the training mean."""
    checks, prepared = checked(REGRESSION, line(200)), prepare_loaded(line(200), REGRESSION.data)
    train, validation = (prepared.dataset.y[part].astype(float) for part in (prepared.train, prepared.validation))
    assert checks["start"].evidence["expected"] == pytest.approx(np.mean(train**2), rel=1e-5)
    constant = np.mean((validation - train.mean()) ** 2)
    assert checks["without inputs"].evidence["constant"] == pytest.approx(constant, rel=1e-5)
    assert failed(checks) == []
    assert "inputs matter" in failed(checked(REGRESSION, line(200), misaligned))


@pytest.mark.slow
def test_an_autoencoder_has_the_checks_that_apply():
    experiment = replace(REGRESSION, {"model.kind": "autoencoder", "widths": (8, 3, 8)})
    checks = checked(experiment)
    assert list(checks) == ["start", "overfits small batch"]
    assert failed(checks) == []
    assert failed(checked(replace(experiment, {"learning_rate": 1e-9}))) == ["overfits small batch"]


def test_it_is_one_program_compiled_once(monkeypatch):
    made = []

    class Noted(sanity_run.Population):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(sanity_run, "Population", Noted)
    checked(replace(SANE, {"batch_size": 10}))
    [population] = made
    [program] = population.layouts.programs.values()
    assert len(population.layouts.groups) == 5
    assert program.train_segment.jitted._cache_size() == 1


def test_much_data_are_reduced_and_little_are_kept():
    prepared = prepare_loaded(blobs(3000), replace(SANE, {"validation": 900}).data)
    small = sanity_data.reduced(prepared)
    assert (len(small.train), len(small.validation), len(small.test)) == (1000, 500, 0)
    np.testing.assert_array_equal(small.dataset.x[small.train[-1]], prepared.dataset.x[prepared.train[-1]])
    few = sanity_data.few(small)
    assert len(few.train) == 1000
    assert len(set(few.train.tolist())) == 20
    whole = sanity_data.reduced(prepare_loaded(blobs(60), CLASSIFIER.data))
    assert (len(whole.train), len(whole.validation)) == (40, 10)


def made_up(outcomes, **references):
    known = {"goal": "classification", "start": 2.3, "constant": 2.3, "floor": 0.0, "chance": 0.1, "variance": 0.09}
    known |= {"few_variance": 0.09, "few_chance": 0.1, "num_validation": 500, "num_classes": 10}
    blank = {"start": {"train_loss_eval": [2.3]}, "real": {}, "without inputs": {}, "shuffled": {}, "few": {}}
    curves = {name: {k: np.array(v) for k, v in (own | outcomes.get(name, {})).items()} for name, own in blank.items()}
    found = {name: Outcome(own, "done", 400) for name, own in curves.items()}
    return {check.name: check for check in judge(Measurements(SANE, References(**(known | references)), found))}


def test_chance_has_a_margin_of_three_standard_errors():
    """Of 500 examples at .1: .1 + 3 · .0134 + .002 = .142."""
    assert made_up({"shuffled": {"val_accuracy": [0.3, 0.14]}})["shuffled labels"].passed
    assert not made_up({"shuffled": {"val_accuracy": [0.1, 0.145]}})["shuffled labels"].passed
    assert made_up({"real": {"val_accuracy": [0.145, 0.1]}})["inputs matter"].passed
    assert not made_up({"real": {"val_accuracy": [0.14]}})["inputs matter"].passed


def test_without_a_validation_part_nothing_is_said_of_it():
    checks = made_up({"few": {"train_accuracy_eval": [0.5, 1.0]}}, num_validation=0)
    assert "shuffled labels" not in checks
    assert checks["overfits small batch"].passed


@pytest.mark.parametrize(("right", "passed"), [(0.7, False), (0.75, True), (np.nan, False)])
def test_overfitting_counts_what_guessing_gets_wrong(right, passed):
    """.75 right is (.75 - .1) / .9 = .72 of it."""
    assert made_up({"few": {"train_accuracy_eval": [right]}})["overfits small batch"].passed is passed


def test_a_loss_without_inputs_may_still_fall():
    """Slow gradient descent is on its way to the class frequencies; what stands far above them is not."""
    assert made_up({"without inputs": {"val_loss": [9.0, 8.0, 7.0, 6.0]}})["without inputs"].passed
    assert not made_up({"without inputs": {"val_loss": [9.0, 7.0, 6.99, 6.98]}})["without inputs"].passed
    assert not made_up({"without inputs": {"val_loss": [9.0, 3.0, 8.0, 6.0]}})["without inputs"].passed


@pytest.mark.parametrize(("loss", "passed"), [(1.8, False), (1.9, True), (6.8, True), (7.0, False), (np.nan, False)])
def test_the_start_may_be_a_little_below_and_threefold(loss, passed):
    assert made_up({"start": {"train_loss_eval": [loss]}})["start"].passed is passed


def test_a_run_folder_and_its_report_have_them(tmp_path):
    said = []
    experiment = replace(SANE, {"learning_rate": 0.0, "epochs": 2})
    run = nnjax.sweep(experiment, workdir=tmp_path, data=blobs(300), sanity=True, log=said.append)
    [one] = json.loads((tmp_path / "sanity.json").read_text("utf-8"))
    assert [check["passed"] for check in one["checks"]] == [True, False, False, True, True]
    warnings = [text for text in said if text.startswith("warning: sanity: ")]
    assert len(warnings) == 2
    assert sum(text.startswith("sanity: ") for text in said) == 3
    assert run.records[0].status == "done"  # a failed check warns only
    assert nnjax.load(tmp_path).sanity == run.sanity
    page = run.report().read_text("utf-8")
    assert "overfits small batch, failed" in page
    before = (tmp_path / "sanity.json").stat().st_mtime_ns
    nnjax.sweep(experiment, workdir=tmp_path, data=blobs(300), sanity=True)
    assert (tmp_path / "sanity.json").stat().st_mtime_ns == before


def test_a_run_without_them_has_none(tmp_path):
    assert nnjax.sweep(replace(SANE, {"epochs": 1}), workdir=tmp_path, data=blobs(300)).sanity is None


def test_the_mode_adaptive_has_none():
    space = nnjax.Space({"learning_rate": nnjax.Range(1e-3, 1e-1)}, mode="adaptive", num=4, batch=2)
    with pytest.raises(nnjax.UserError, match="mode adaptive"):
        nnjax.sweep(SANE, space, data=blobs(), sanity=True)
