"""The data sets, networks and optimizers of the labelled curves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import nnjax
from nnjax.config import DataConfig, Experiment, Hyperparameters, ModelConfig, OptimizerConfig
from nnjax.data import load
from nnjax.types import Dataset


class Task(NamedTuple):
    """What is learned, by what.

    Attributes:
      data: the name of a source, of which `limit` examples train.
      widths: hidden widths.
      kind: "mlp" or "autoencoder".
      output, loss: as in `Experiment`.
      batch_size: examples a step.
      first: epochs of the shortest curve; the others are 2, 4, 8 and 16 times as long.
    """

    data: str
    widths: tuple[int, ...]
    kind: str = "mlp"
    output: str = "softmax"
    loss: str = "categorical_crossentropy"
    batch_size: int = 32
    first: int = 6
    limit: int | None = None


MSE, BCE = "mean_squared_error", "binary_crossentropy"
TASKS = {
    "digits": Task("digits", (64, 32), limit=600, first=7),
    "digits_autoencoder": Task("digits", (32, 12, 32), "autoencoder", "sigmoid", BCE, limit=600, first=6),
    "digits_linear_autoencoder": Task("digits", (32, 16, 32), "autoencoder", "linear", MSE, limit=600, first=8),
    "mnist5k": Task("mnist5k", (64,), limit=800, first=6),
    "mnist5k_autoencoder": Task("mnist5k", (64, 16, 64), "autoencoder", "sigmoid", MSE, limit=500, first=5),
    "breast_cancer": Task("breast_cancer", (32, 16), batch_size=16, first=6),
    "iris": Task("iris", (16,), batch_size=8, first=10),
    "wine": Task("wine", (16,), batch_size=16, first=9),
    "diabetes": Task("diabetes", (32,), output="linear", loss=MSE, batch_size=32, first=8),
    "moons": Task("moons:400", (32, 32), batch_size=32, first=10),
    "two_spirals": Task("two_spirals:400", (32, 32), batch_size=32, first=10),
}

# The untouched part: these data sets with any optimizer, and this optimizer on any data set.
TEST_TASKS = ("mnist5k", "mnist5k_autoencoder", "breast_cancer", "two_spirals", "digits_linear_autoencoder")
TEST_OPTIMIZERS = ("rmsprop",)

# Rates from far too low to far too high, three a decade at most.
RATES = {
    "sgd": np.geomspace(1e-4, 30.0, 13),
    "momentum": np.geomspace(1e-5, 3.0, 13),
    "adam": np.geomspace(1e-5, 1.0, 13),
    "adadelta": np.geomspace(1e-3, 100.0, 13),
    "rmsprop": np.geomspace(1e-5, 1.0, 13),
}
GOOD = {"sgd": 0.1, "momentum": 0.01, "adam": 0.002, "adadelta": 1.0, "rmsprop": 0.001}


def part_of(task: str, optimizer: str) -> str:
    """Name the part to which all curves of a task and an optimizer belong: "tuning" or "test"."""
    return "test" if task in TEST_TASKS or optimizer in TEST_OPTIMIZERS else "tuning"


def experiment(name: str, optimizer: str, **hyper: float) -> Experiment:
    """Give the experiment of a task and an optimizer at its good rate."""
    task = TASKS[name]
    image = task.data in ("digits", "mnist5k")
    return Experiment(
        data=DataConfig(
            task.data,
            limit=task.limit,
            validation=0.2,
            test=0.25,
            scaling="unit" if image else "standard",
            target_scaling="standard" if task.data == "diabetes" else "none",
        ),
        model=ModelConfig(task.kind, task.widths, output_activation=task.output),
        optimizer=OptimizerConfig(optimizer, preset="keras2" if optimizer == "adadelta" else "optax"),
        hyperparameters=Hyperparameters(**{"learning_rate": GOOD[optimizer], **hyper}),
        loss=task.loss,
        batch_size=task.batch_size,
        epochs=task.first,
    )


def lengths(name: str, num: int) -> list[int]:
    """Give the lengths of a task's curves, each twice the one before."""
    return [TASKS[name].first * 2**i for i in range(num)]


def shuffled(name: str, seed: int) -> Dataset:
    """Give a task's data with the labels of others: nothing is to be learned."""
    data = load(TASKS[name].data)
    assert data.y is not None
    y = data.y[np.random.default_rng(seed).permutation(len(data.y))]
    return _again(data, data.x, y)


def wrong_labels(name: str, share: float, seed: int) -> Dataset:
    """Give a task's data in whose training part a share of the labels is drawn anew: validation is easier.

    The order is drawn; the last fifth is the test, the fifth before it the validation part ("given").
    """
    data, rng = load(TASKS[name].data), np.random.default_rng(seed)
    assert data.y is not None
    order = rng.permutation(len(data.y))
    y, cut = data.y[order].copy(), int(0.6 * len(order))
    wrong = rng.random(cut) < share
    y[:cut][wrong] = rng.permutation(data.y)[:cut][wrong]
    return _again(data, data.x[order], y, cut)


def _again(data: Dataset, x: np.ndarray, y: np.ndarray, cut: int | None = None) -> Dataset:
    rest = {} if cut is None else {"validation_start": cut, "test_start": cut + (len(x) - cut) // 2}
    return nnjax.from_arrays(
        x,
        y,
        data.name,
        classes=data.classes,
        targets=data.targets,
        features=data.features,
        image_shape=data.image_shape,
        full_scale=data.full_scale,
        **rest,
    )
