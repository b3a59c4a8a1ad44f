"""The pages of docs/extending on losses, metrics, objectives and optimizers are true: examples run, tables are full."""

import dataclasses
import math
import pathlib
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnjax import sweep
from nnjax.checks.invalid_values import validate
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.fields import replace
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.object_refs import ObjectRef
from nnjax.data import from_arrays
from nnjax.nn.losses import LOSSES, make_loss
from nnjax.nn.metrics import METRICS, Metric, metric_of
from nnjax.nn.objectives import Batch, make_objective
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.report.text import named
from nnjax.search.learning_rate.tune import rate_range

PAGES = pathlib.Path(__file__).parents[2] / "docs" / "extending"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)).astype("float32")
NUMBERS = from_arrays(X, X @ np.array([[1.0], [-2.0], [0.5]], "float32"), task="regression")
BASE = Experiment(
    data=DataConfig(validation=10, test=10),
    model=ModelConfig(widths=(), output_activation="linear"),
    optimizer=OptimizerConfig("sgd"),
    hyperparameters=Hyperparameters(learning_rate=0.1),
    loss="mean_squared_error",
    epochs=3,
    batch_size=10,
)


def example_of(page):
    [code] = re.findall(r"```python\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)
    names = {}
    exec(compile(code, page, "exec"), names)
    return names


def rows_of(page):
    return re.findall(r"^\| `(.*?)` \|(.*)\|$", (PAGES / page).read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def log_cosh(monkeypatch):
    loss = example_of("loss.md")["LOG_COSH"]
    monkeypatch.setitem(LOSSES, loss.name, loss)
    monkeypatch.setitem(METRICS, loss.name, Metric(loss.definition, False, short=loss.short, takes_raw=False))
    return loss


def test_the_example_of_a_loss_trains(log_cosh):
    y, p = jnp.asarray([[0.0, 1.0]]), jnp.asarray([[2.0, 1.0]])
    assert log_cosh(y, p) == pytest.approx(math.log(math.cosh(2)) / 2)
    run = sweep(replace(BASE, {"loss": "log_cosh"}), data=NUMBERS)
    assert run.records[0].values["test_log_cosh"] == pytest.approx(run.records[0].values["test_loss"], rel=1e-6)
    assert run.records[0].values["val_loss"] < run.records[0].curves["val_loss"][0]
    assert named("log_cosh") == "log cosh"


def test_the_example_of_a_loss_is_checked(log_cosh):
    classes = from_arrays(X, (X[:, 0] > 0).astype(int))
    changes = {"loss": "log_cosh", "epochs": 1}
    [(_, finding)] = sweep(replace(BASE, changes), data=classes).findings
    assert (finding.code, finding.severity) == ("loss-for-classes", "warning")
    assert "log_cosh is a loss for numbers" in finding.sentence
    with pytest.raises(UserError, match="did you mean log_cosh"):
        validate(replace(BASE, {"loss": "log-cosh"}))


def test_the_example_of_a_loss_is_a_function_of_numbers():
    loss = example_of("loss.md")["experiment"].loss
    value = make_loss(loss, "linear")(jnp.asarray([[0.0, 1.0]]), jnp.asarray([[2.0, 1.0]]))
    assert value == pytest.approx(math.log(math.cosh(2)) / 2)


def test_the_example_of_a_loss_trains_as_a_function():
    experiment = example_of("loss.md")["experiment"]
    run = sweep(dataclasses.replace(BASE, loss=experiment.loss), data=NUMBERS)
    assert run.records[0].values["val_loss"] < run.records[0].curves["val_loss"][0]


def test_the_example_of_a_metric_is_reported():
    metrics = example_of("metric.md")["experiment"].metrics
    experiment = replace(BASE, {"output_activation": "softmax", "loss": "categorical_crossentropy"})
    classes = from_arrays(X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0))
    values = sweep(dataclasses.replace(experiment, metrics=metrics), data=classes).records[0].values
    assert 1 >= values["val_top_two"] >= values["val_accuracy"]
    assert 0 < values["val_f1"] <= 1


def test_the_example_of_an_optimizer_trains():
    optimizer = example_of("optimizer.md")["experiment"].optimizer
    hyper = Hyperparameters(learning_rate=0.05, momentum=0.8, weight_decay=0.1)
    experiment = dataclasses.replace(BASE, optimizer=optimizer, hyperparameters=hyper)
    run = sweep(experiment, data=NUMBERS)
    assert run.records[0].values["val_loss"] < run.records[0].curves["val_loss"][0]
    assert rate_range(optimizer.name).low == pytest.approx(1e-7)
    with pytest.raises(UserError, match=r"rho=0.9 is set.*signed"):
        validate(replace(experiment, {"rho": 0.9}))


def test_the_example_of_an_optimizer_by_hand():
    signed = example_of("optimizer.md")["signed"]
    optimizer = signed({"momentum": jnp.float32(0.5)}, lambda count: jnp.float32(0.1))
    state, params = optimizer.init(jnp.zeros(2)), jnp.zeros(2)
    for gradient, step in (([1.0, -1.0], [-0.1, 0.1]), ([-0.4, 4.0], [-0.1, -0.1]), ([-1.0, 0.0], [0.1, -0.1])):
        updates, state = optimizer.update(jnp.asarray(gradient), state, params)
        np.testing.assert_allclose(updates, step, rtol=1e-6)


def test_the_example_of_a_metric():
    metric = example_of("metric.md")["TOP_TWO"]
    labels, p = jnp.asarray([0, 2]), jnp.asarray([[0.3, 0.5, 0.2], [0.3, 0.5, 0.2]])
    assert float(metric_of(ObjectRef(metric)).of_examples(labels, p)) == 0.5


def test_the_example_of_an_objective():
    names = example_of("objective.md")
    batch = Batch(jnp.ones((4, 2)), jnp.ones((4, 2)), jnp.ones(4))
    objective = make_objective(names["experiment"].loss)
    values, state, more = objective(
        lambda variables, x, *, key, hyper: (x, {}), None, batch, key=jax.random.key(0), hyper={"noise": jnp.float32(0)}
    )
    np.testing.assert_allclose(values, 0.01 * np.ones(4), rtol=1e-6)
    assert (state, list(more)) == ({}, ["size"])


def test_the_tables_list_what_there_is():
    told = {name: cells.split("|") for name, cells in rows_of("loss.md")}
    assert {name: [cell.strip() for cell in cells] for name, cells in told.items()} == {
        name: [loss.compares, loss.short] for name, loss in LOSSES.items()
    }
    told = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows_of("optimizer.md")}
    assert told == {
        name: [", ".join(own.reads), ", ".join(own.presets), f"{own.usual_rate:g}"] for name, own in OPTIMIZERS.items()
    }
    told = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows_of("metric.md")}
    assert told == {
        name: ["highest" if own.maximized else "lowest", own.head]
        for name, own in METRICS.items()
        if name not in LOSSES
    }
