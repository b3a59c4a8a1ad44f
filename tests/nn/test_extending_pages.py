"""docs/extending/loss.md and optimizer.md are true: their examples train, their tables list what there is."""

import math
import pathlib
import re

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nnjax import sweep
from nnjax.checks.invalid_values import validate
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, Hyperparameters, ModelConfig, OptimizerConfig
from nnjax.core.fields import replace
from nnjax.data import from_arrays
from nnjax.nn.losses import LOSSES
from nnjax.nn.metrics import METRICS, Metric
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
    monkeypatch.setitem(METRICS, loss.name, Metric(loss.definition, loss.short))  # as `METRICS` makes them of `LOSSES`
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


def test_the_example_of_an_optimizer_trains(monkeypatch):
    optimizer = example_of("optimizer.md")["LION"]
    monkeypatch.setitem(OPTIMIZERS, optimizer.name, optimizer)
    changes = {"optimizer.name": "lion", "learning_rate": 0.05, "weight_decay": 0.1}
    run = sweep(replace(BASE, changes), data=NUMBERS)
    assert run.records[0].values["val_loss"] < run.records[0].curves["val_loss"][0]
    assert (rate_range("lion").low, rate_range("lion").high) == (pytest.approx(1e-8), pytest.approx(1.0))
    with pytest.raises(UserError, match=r"rho=0.9 is set.*lion"):
        validate(replace(BASE, {"optimizer.name": "lion", "rho": 0.9}))


def test_the_example_of_an_optimizer_is_optax_lion(monkeypatch):
    rule = example_of("optimizer.md")["LION"].rule("optax", {"b1": jnp.float32(0.9), "b2": jnp.float32(0.99)})
    ours, theirs = optax.chain(rule, optax.scale(-0.01)), optax.lion(0.01, weight_decay=0.0)
    params = jnp.asarray([1.0, -2.0])
    states = ours.init(params), theirs.init(params)
    for step in range(4):
        grads = jnp.asarray([math.sin(step), math.cos(3 * step)], jnp.float32)
        (one, first), (two, second) = ours.update(grads, states[0], params), theirs.update(grads, states[1], params)
        np.testing.assert_allclose(one, two, rtol=1e-6)
        states = first, second


def test_the_tables_list_what_there_is():
    told = {name: cells.split("|") for name, cells in rows_of("loss.md")}
    assert {name: [cell.strip() for cell in cells] for name, cells in told.items()} == {
        name: [loss.compares, loss.short] for name, loss in LOSSES.items()
    }
    told = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows_of("optimizer.md")}
    assert told == {
        name: [", ".join(own.reads), ", ".join(own.presets), f"{own.usual_rate:g}"] for name, own in OPTIMIZERS.items()
    }
