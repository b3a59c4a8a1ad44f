"""The data sets, networks and optimizers of the labeled curves."""

from typing import Any, NamedTuple

import numpy as np

import nnjax
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.types import Dataset
from nnjax.data import load


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

FRESH = {
    "fashion_mnist": Task("fashion_mnist", (64, 32), limit=800, first=6),
    "fashion_autoencoder": Task("fashion_mnist", (48, 16, 48), "autoencoder", "sigmoid", BCE, limit=500, first=6),
    "friedman": Task("friedman", (48,), output="linear", loss=MSE, first=8),
    "hypercube": Task("hypercube", (48, 24), first=7),
    "circles": Task("circles", (24, 24), batch_size=16, first=9),
}
UNSEEN = {
    "lenet": Task("mnist", (4, 8, 40, 24), "lenet5_modern", limit=500, first=5),
    "mnist_autoencoder": Task("mnist", (96, 24, 96), "autoencoder", "sigmoid", BCE, limit=500, first=6),
    "quantiles": Task("quantiles", (32, 32), first=8),
    "friedman2": Task("friedman2", (40, 20), output="linear", loss=MSE, first=7),
    "swiss_roll": Task("swiss_roll", (48,), output="linear", loss=MSE, batch_size=16, first=9),
    "sparse": Task("sparse", (64,), batch_size=64, first=8),
}
LAST = {
    "fashion_lenet": Task("fashion_mnist", (4, 8, 40, 24), "lenet5_modern", limit=500, first=5),
    "blobs": Task("blobs", (32,), first=7),
    "hastie": Task("hastie", (40, 20), batch_size=16, first=6),
    "friedman3": Task("friedman3", (48,), output="linear", loss=MSE, first=8),
    "s_curve": Task("s_curve", (32, 32), output="linear", loss=MSE, batch_size=16, first=7),
    "low_rank": Task("low_rank", (24, 8, 24), "autoencoder", "linear", MSE, first=8),
}
TASKS |= FRESH | UNSEEN | LAST

# The first untouched part: these data sets with any optimizer, and this optimizer on any data set.
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
RATES |= {"nesterov": RATES["momentum"], "adamw": RATES["adam"], "adagrad": np.geomspace(1e-4, 10.0, 13)}
RATES |= {f"torch_{name}": RATES[name] for name in ("sgd", "momentum", "adam")}
GOOD = {
    "nesterov": 0.01,
    "adamw": 0.002,
    "sgd": 0.1,
    "momentum": 0.01,
    "adam": 0.002,
    "adadelta": 1.0,
    "rmsprop": 0.001,
    "adagrad": 0.02,
}


def part_of(task: str, optimizer: str) -> str:
    """Name the part of all curves of a task and an optimizer: "tuning", "test", "fresh", "unseen" or "last"."""
    if task in LAST:
        return "last"
    if task in UNSEEN or optimizer.startswith("torch_"):
        return "unseen"
    if task in FRESH:
        return "fresh"
    return "test" if task in TEST_TASKS or optimizer in TEST_OPTIMIZERS else "tuning"


def experiment(name: str, optimizer: str, **hyper: Any) -> Experiment:
    """Give the experiment of a task and an optimizer at its good rate."""
    task = TASKS[name]
    image, whole = task.data in ("digits", "mnist5k", "mnist", "fashion_mnist"), task.data in ("mnist", "fashion_mnist")
    return Experiment(
        data=DataConfig(
            task.data,
            limit=task.limit,
            validation=200 if whole else 0.2,
            test=None if whole else 0.25,
            scaling="unit" if image else "standard",
            target_scaling="standard" if task.output == "linear" and task.kind == "mlp" else "none",
        ),
        model=ModelConfig(task.kind, task.widths, output_activation=task.output),
        optimizer=OptimizerConfig(optimizer, preset="keras2" if optimizer == "adadelta" else "optax"),
        hyperparameters=Hyperparameters(**{"learning_rate": GOOD[optimizer], **hyper}),
        loss=task.loss,
        batch_size=task.batch_size,
        epochs=task.first,
        evaluate_test="all",
    )


def lengths(name: str, num: int) -> list[int]:
    """Give the lengths of a task's curves, each twice the one before."""
    return [TASKS[name].first * 2**i for i in range(num)]


def source(name: str) -> Dataset:
    """Give the examples of a source: one of nnjax's, or one that scikit-learn generates."""
    from sklearn import datasets

    if name == "friedman":
        x, y = datasets.make_friedman1(600, noise=1.0, random_state=0)
    elif name == "hypercube":
        x, y = datasets.make_classification(900, 20, n_informative=8, n_classes=4, flip_y=0.05, random_state=0)
    elif name == "circles":
        x, y = datasets.make_circles(400, noise=0.12, factor=0.5, random_state=0)
    elif name == "quantiles":
        x, y = datasets.make_gaussian_quantiles(n_samples=800, n_features=6, n_classes=3, random_state=0)
    elif name == "friedman2":
        x, y = datasets.make_friedman2(500, noise=100.0, random_state=0)
    elif name == "swiss_roll":
        x, y = datasets.make_swiss_roll(400, noise=0.5, random_state=0)
    elif name == "blobs":
        x, y = datasets.make_blobs(700, 12, centers=5, cluster_std=6.0, random_state=0)
    elif name == "hastie":
        x, y = datasets.make_hastie_10_2(800, random_state=0)
        y = (y > 0).astype(np.int64)
    elif name == "friedman3":
        x, y = datasets.make_friedman3(500, noise=0.1, random_state=0)
    elif name == "s_curve":
        x, y = datasets.make_s_curve(500, noise=0.2, random_state=0)
    elif name == "low_rank":
        x, y = (
            datasets.make_low_rank_matrix(500, 40, effective_rank=6, tail_strength=0.3, random_state=0),
            np.zeros(500),
        )
    elif name == "sparse":
        x, y = datasets.make_classification(700, 60, n_informative=6, n_classes=3, flip_y=0.1, random_state=1)
    else:
        return load(name)
    return nnjax.from_arrays(x, y, name)


def shuffled(name: str, seed: int) -> Dataset:
    """Give a task's data with the labels of others: nothing is to be learned."""
    data = source(TASKS[name].data)
    assert data.y is not None
    y = data.y[np.random.default_rng(seed).permutation(len(data.y))]
    return _again(data, data.x[:], y)


def wrong_labels(name: str, share: float, seed: int) -> Dataset:
    """Give a task's data in whose training part a share of the labels is drawn anew: validation is easier.

    The order is drawn; the last fifth is the test, the fifth before it the validation part ("given").
    """
    data, rng = source(TASKS[name].data), np.random.default_rng(seed)
    assert data.y is not None
    order = rng.permutation(len(data.y))
    y, cut = data.y[order].copy(), int(0.6 * len(order))
    wrong = rng.random(cut) < share
    y[:cut][wrong] = rng.permutation(data.y)[:cut][wrong]
    return _again(data, data.x[order], y, cut)


def _again(data: Dataset, x: np.ndarray, y: np.ndarray, cut: int | None = None) -> Dataset:
    rest: dict[str, Any] = {} if cut is None else {"validation_start": cut, "test_start": cut + (len(x) - cut) // 2}
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
