"""The work that nnjax and its peers do in `scripts/bench.py`, as plain NumPy arrays and numbers.

Each peer trains the same networks on the same examples with the same rule and reports, for every trial and epoch, the
running mean of the training loss and the validation loss (and accuracy, of classifiers).
"""

import dataclasses
import gzip
import itertools
import os
import pathlib
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
DEEP = (784, 128, 64, 128, 784)
LENET = (784, 6, 16, 120, 84, 10)  # inputs, feature maps of two convolutions, dense layers
WIDTHS = {"tiny": (64, 32, 10), "autoencoder": DEEP, "products": DEEP, "solo": (784, 512, 512, 10), "lenet": LENET}
BATCH = {"tiny": 32, "autoencoder": 256, "products": 256, "solo": 128, "lenet": 128}
CONVOLVED = {"lenet": 28**2 * 25 * 6 + 10**2 * 25 * 6 * 16}  # multiplications of the convolutions, an example


def step_flops(task: str) -> int:
    """Count the floating-point operations of one training step's products: 6 × batch × multiplications."""
    dense = (400, *WIDTHS[task][3:]) if task in CONVOLVED else WIDTHS[task]
    return 6 * BATCH[task] * (CONVOLVED.get(task, 0) + products(dense))


def products(widths: tuple[int, ...]) -> int:
    """Count the multiplications of a forward pass through dense layers, an example."""
    return sum(a * b for a, b in itertools.pairwise(widths))


@dataclasses.dataclass(frozen=True)
class Task:
    """A population to train.

    Attributes:
      widths: of all layers, input and output included.
      train, validation: (x [n, d] float32, y [n] int or x again).
      rates, decays: [trials]; the decays are AdamW's, 0 for Adadelta.
      seeds: [trials].
      optimizer: "adamw" (b1 .9, b2 .999, ε 1e-8), "adadelta" (rate 1, rho .95, ε 1e-7) or "momentum" (SGD's, .9).
      batch_size, epochs: of every trial.
      copies: whether the target is the input (sigmoid outputs, binary cross-entropy), else classes (cross-entropy).
      dropout: share, after every hidden layer.
      convolutional: LeNet-5 with tanh, of which `widths` has two numbers of feature maps; else dense layers.
      activation: "relu" or "tanh", of the dense layers.
    """

    widths: tuple[int, ...]
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    rates: np.ndarray
    decays: np.ndarray
    seeds: np.ndarray
    optimizer: str
    batch_size: int
    epochs: int
    copies: bool = False
    dropout: float = 0.0
    convolutional: bool = False
    activation: str = "relu"

    def __len__(self) -> int:
        """Count the trials."""
        return len(self.rates)

    @property
    def steps(self) -> int:
        """The steps of a trial."""
        return -(-len(self.train[0]) // self.batch_size) * self.epochs

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """What trials.csv says of each trial."""
        return {"learning_rate": self.rates, "weight_decay": self.decays, "seed": self.seeds}

    def part(self, number: int, parts: int) -> "Task":
        """The trials of one of several processes."""
        own = slice(number, None, parts)
        return dataclasses.replace(self, rates=self.rates[own], decays=self.decays[own], seeds=self.seeds[own])


def tiny(trials: int, epochs: int, data: str) -> Task:
    """Digits 64-32-10: learning rates × 4 weight decays × seeds (`configs/bench_tiny.py`); 256 trials are all.

    The peers find their data ready in an NPZ file: scaled, and in the parts that nnjax makes of them.
    """
    seeds, rates = tiny_axes(trials)
    rows = [(r, d, s) for r in np.geomspace(1e-3, 1e-1, rates) for d in (0.0, 1e-3, 1e-2, 1e-1) for s in range(seeds)]
    chosen, decays, drawn = (np.array(column) for column in zip(*rows, strict=True))
    train, validation = read_digits(data)
    return Task(WIDTHS["tiny"], train, validation, chosen, decays, drawn, "adamw", BATCH["tiny"], epochs)


def read_digits(data: str):
    """Read what `write_tiny` wrote: (x, y) of both parts."""
    arrays = np.load(data, allow_pickle=False)
    return [(arrays[f"{part}_x"], arrays[f"{part}_y"]) for part in ("train", "validation")]


def write_tiny(path: pathlib.Path) -> None:
    """Write the data of `tiny` as nnjax prepares them: {train, validation}_x float32 and _y int64."""
    from nnjax.cli.config import load_config
    from nnjax.data import prepare

    prepared = prepare(load_config(str(ROOT / "configs" / "bench_tiny.py")).get_config().data)
    dataset = prepared.dataset
    arrays: dict[str, Any] = {}
    assert dataset.y is not None
    for part in ("train", "validation"):
        index = getattr(prepared, part)
        arrays[f"{part}_x"] = np.asarray(prepared.x_scaler(dataset.x[index]), np.float32)
        arrays[f"{part}_y"] = dataset.y[index].astype(np.int64)
    np.savez(path, **arrays)


def tiny_axes(trials: int) -> tuple[int, int]:
    """How many seeds and learning rates make so many trials, together with four decays."""
    seeds = max(1, trials // 64)
    return seeds, max(1, trials // seeds // 4)


def autoencoder(trials: int, epochs: int, data: str) -> Task:
    """784-128-64-128-784 on Fashion-MNIST, sigmoid + BCE, Adadelta (`configs/bench_autoencoder.py`)."""
    (x, _), (v, _) = idx("fashion_mnist")
    ones = np.ones(trials)
    rows = ones, 0 * ones, np.arange(trials)
    return Task(WIDTHS["autoencoder"], (x, x), (v, v), *rows, "adadelta", BATCH["autoencoder"], epochs, copies=True)


def solo(trials: int, epochs: int, data: str) -> Task:
    """784-512-512-10 with dropout .2 on MNIST, Adam at .001, validated on the test images, as examples of peers do."""
    train, test = idx("mnist")
    ones = np.ones(trials)
    rows = 1e-3 * ones, 0 * ones, np.arange(trials)
    return Task(WIDTHS["solo"], train, test, *rows, "adamw", BATCH["solo"], epochs, dropout=0.2)


def lenet(trials: int, epochs: int, data: str) -> Task:
    """LeNet-5 with tanh on MNIST, Adam at .001 (`configs/bench_lenet.py`)."""
    train, test = idx("mnist")
    ones = np.ones(trials)
    rows = 1e-3 * ones, 0 * ones, np.arange(trials)
    return Task(LENET, train, test, *rows, "adamw", BATCH["lenet"], epochs, convolutional=True)


TASKS = {"tiny": tiny, "autoencoder": autoencoder, "solo": solo, "lenet": lenet}


def idx(name: str):
    """Images [n, 784] in [0, 1] and labels of both parts, from the folder that NNJAX_DATA names."""
    folder = pathlib.Path(os.environ["NNJAX_DATA"]) / name

    def read(file: str, header: int) -> np.ndarray:
        return np.frombuffer(gzip.decompress((folder / f"{file}-ubyte.gz").read_bytes()), np.uint8, offset=header)

    def part(prefix: str):
        images = read(f"{prefix}-images-idx3", 16).reshape(-1, 784)
        return (images / np.float32(255)), read(f"{prefix}-labels-idx1", 8).astype(np.int64)

    return part("train"), part("t10k")
