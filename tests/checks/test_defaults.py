"""What an experiment leaves open: right by the published models and the usual losses, and said in a sentence."""

import json

import numpy as np
import pandas as pd
import pytest

import nnjax
from nnjax.checks.defaults import FIELDS, describe, resolve
from nnjax.core.experiment import AUTO, DataConfig, Experiment, ModelConfig
from nnjax.core.fields import flatten, from_dict, replace
from nnjax.data import Datasets, from_arrays, load
from nnjax.models.summary import summarize_model
from nnjax.runs import config_json
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Space
from nnjax.verify import data_checks

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
IMAGES = from_arrays(RNG.integers(256, size=(200, 28, 28)).astype(np.uint8), np.arange(200) % 10, name="images")
GRAY = from_arrays(RNG.uniform(size=(200, 4)), task="none", name="gray")
SIGNED = from_arrays(X, task="none", name="signed")
NUMBERS = from_arrays(X, X[:, 0] * 10, name="numbers")
TABLE = from_arrays(X, X[:, 0] * 10, name="table", features=("a", "b", "c"))
TWO = from_arrays(X, np.arange(200) % 2, name="two")
MSE, CCE, BCE = "mean_squared_error", "categorical_crossentropy", "binary_crossentropy"


def test_the_plain_experiment_is_what_it_always_was():
    found = resolve(Experiment(), load("mnist5k"))
    assert found.model == ModelConfig("mlp", (300, 100), "relu", "softmax", "glorot_uniform")
    assert found.data == DataConfig("mnist5k", scaling="unit", target_scaling="none")
    assert (found.loss, found.batch_size) == (CCE, 128)
    assert resolve(found, load("mnist5k")) == found


@pytest.mark.parametrize(
    ("kind", "widths", "activation", "parameters"),
    [  # parameters as published: LeCun 1998, today's tutorials, the Keras blog, the slides' digits64
        ("lenet5", (6, 16, 120, 84), "squash", 60_000),
        ("lenet5_modern", (6, 16, 120, 84), "relu", 61_706),
        ("conv_autoencoder", (16, 8, 8), "relu", 4_385),
        ("autoencoder", (128, 64, 128), "relu", 218_192),
        ("mlp", (300, 100), "relu", 784 * 300 + 300 + 30_100 + 1_010),
    ],
)
def test_every_kind_has_its_published_defaults(kind, widths, activation, parameters):
    found = resolve(Experiment(model=ModelConfig(kind)), IMAGES)
    assert (found.model.widths, found.model.activation) == (widths, activation)
    outputs = 784 if "autoencoder" in kind else 10
    assert summarize_model(Experiment(model=ModelConfig(kind)), 784, outputs).parameters == parameters
    published = ("linear", "rbf_map") if kind == "lenet5" else ("sigmoid", BCE) if outputs == 784 else ("softmax", CCE)
    assert (found.model.output_activation, found.loss) == published


@pytest.mark.parametrize(
    ("data", "changes", "loss", "output", "scaling", "targets"),
    [
        (TWO, {}, CCE, "softmax", "unit", "none"),
        (TWO, {"loss": BCE}, BCE, "sigmoid", "unit", "none"),
        (TWO, {"output_activation": "sigmoid"}, BCE, "sigmoid", "unit", "none"),
        (TWO, {"loss": MSE}, MSE, "softmax", "unit", "none"),
        (NUMBERS, {}, MSE, "linear", "unit", "standard"),
        (NUMBERS, {"loss": MSE}, MSE, "linear", "unit", "none"),
        (TABLE, {}, MSE, "linear", "standard", "standard"),
        (TABLE, {"loss": "huber"}, "huber", "linear", "standard", "standard"),
        (TABLE, {"loss": "mean_squared_logarithmic_error"}, None, "softplus", "standard", "none"),
        (TABLE, {"output_activation": "tanh"}, MSE, "tanh", "standard", "none"),
        (TABLE, {"scaling": "none", "target_scaling": "minmax"}, MSE, "linear", "none", "minmax"),
        (GRAY, {"kind": "autoencoder"}, BCE, "sigmoid", "unit", "none"),
        (GRAY, {"kind": "autoencoder", "loss": MSE}, MSE, "sigmoid", "unit", "none"),
        (GRAY, {"kind": "autoencoder", "scaling": "standard"}, MSE, "linear", "standard", "none"),
        (SIGNED, {"kind": "autoencoder"}, MSE, "linear", "unit", "none"),
        (SIGNED, {"kind": "autoencoder", "output_activation": "tanh"}, MSE, "tanh", "unit", "none"),
        (TABLE, {"kind": "autoencoder"}, MSE, "linear", "standard", "none"),
        (IMAGES, {"kind": "autoencoder"}, BCE, "sigmoid", "unit", "none"),
    ],
)
def test_loss_output_and_scaling_follow_from_the_task(data, changes, loss, output, scaling, targets):
    found = resolve(replace(Experiment(), changes), data)
    assert (found.loss, found.model.output_activation) == (loss or changes["loss"], output)
    assert (found.data.scaling, found.data.target_scaling) == (scaling, targets)
    assert not {AUTO, None} & {flatten(found)[p] for p in ("model.widths", "model.kernel_init", "batch_size")}


@pytest.mark.parametrize(("num", "size"), [(1000, 128), (160, 16), (60, 8), (12, 2), (5, 1)])
def test_few_examples_get_a_smaller_batch(num, size):
    """By hand: 0.8 · 0.9 of 1000 is 720, at least 128; of 160, 115, a quarter 28; of 60, 43, 10; of 12, 9, 2."""
    data = from_arrays(np.zeros((num, 2)), np.arange(num) / 7)
    assert resolve(Experiment(data=DataConfig(validation=1 if num < 20 else 0.1)), data).batch_size == size
    assert resolve(Experiment(batch_size=3, data=DataConfig(validation=1)), data).batch_size == 3


def test_all_folds_have_one_batch_size():
    """By hand: 43 examples in 3 folds train with 28 or 29; a quarter is 7, so 4; with 33 in 3, 22: 5, so 4."""
    data = from_arrays(np.zeros((43, 2)), np.arange(43) / 7)
    sizes = {resolve(Experiment(data=DataConfig(test=0, folds=3, fold=f)), data).batch_size for f in range(3)}
    assert sizes == {4}


def test_a_space_over_kinds_has_each_ones_own_widths():
    specs = expand(Experiment(), Space({"model.kind": ["mlp", "autoencoder", "lenet5_modern"]}))
    found = data_checks.resolve_trials(specs, Datasets(IMAGES))
    assert [s.experiment.model.widths for s in found] == [(300, 100), (128, 64, 128), (6, 16, 120, 84)]
    assert [s.experiment.loss for s in found] == [CCE, BCE, CCE]


def test_what_is_chosen_is_said():
    said = []
    run = nnjax.sweep(Experiment(data=DataConfig("diabetes"), epochs=3), {"seed": [0, 1]}, log=said.append)
    assert said[0] == (
        "remark: diabetes is regression (214 different whole numbers): loss mean_squared_error, linear output, "
        "standardized target, standardized inputs."
    )
    assert sum("is regression" in sentence for sentence in said) == 1
    assert run.records[0].curves["val_loss"][-1] < 0.8  # 1 is the mean of the targets
    assert np.ptp(run.predict(run.data().dataset.x)) > 10  # in the target's own units
    explicit = resolve(Experiment(), TWO)
    assert describe(explicit, explicit, TWO) == ""
    assert describe(Experiment(), explicit, TWO).startswith("two is classification (2 classes): loss categorical_cross")


def test_a_run_folder_holds_what_was_chosen(tmp_path):
    base = Experiment(data=DataConfig("diabetes"), epochs=1)
    run = nnjax.sweep(base, {"seed": [0, 1]}, workdir=tmp_path / "run")
    flat = flatten(from_dict(json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))["experiment"]))
    assert not {AUTO, None} & {flat[path] for path in FIELDS if path != "data.task"}
    again = nnjax.sweep(base, {"seed": [0, 1]}, workdir=tmp_path / "run")
    assert [s.experiment for s in again.specs] == [s.experiment for s in run.specs]
    assert config_json.differences(run.specs, again.specs) == []


GRADES = np.arange(200) % 21


@pytest.mark.slow
def test_whole_numbers_with_a_loss_of_numbers_are_numbers(tmp_path):
    """Grades from 0 to 20, as a table and as a frame."""
    frame = pd.DataFrame({"hours": GRADES / 4 + RNG.normal(size=200), "grade": GRADES})
    frame.to_csv(tmp_path / "grades.csv", index=False)
    named = Experiment(data=DataConfig(f"csv:{tmp_path}/grades.csv"), loss=MSE, epochs=2)
    for experiment, data in ((named, None), (Experiment(loss=MSE, epochs=2), frame)):
        said = []
        run = nnjax.sweep(experiment, data=data, log=said.append)
        assert (run.facts().task, run.specs[0].experiment.data.task) == ("regression", "regression")
        assert run.specs[0].experiment.model.output_activation == "linear"
        assert "is regression" in said[0]
    assert nnjax.sweep(replace(named, {"loss": AUTO}), log=said.append).facts().task == "classification"
    softmax = replace(named, {"output_activation": "softmax"})
    assert nnjax.sweep(softmax, log=said.append).facts().task == "classification"


def test_a_softmax_over_numbers_is_refused_with_the_remedy_for_numbers():
    data = from_arrays(X, GRADES.astype(float), name="grades")
    with pytest.raises(nnjax.UserError, match="Set output_activation=linear and loss=mean_squared_error"):
        nnjax.sweep(Experiment(model=ModelConfig(output_activation="softmax"), loss=MSE), data=data)
