"""Pairs of tasks of equal inputs and equally many classes: one to pretrain on, one to learn."""

from typing import NamedTuple

import numpy as np

from nnjax.cli.study import Log
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.core.types import Dataset
from nnjax.data import from_arrays, load

HALF = 5  # of the ten digits


class Pair(NamedTuple):
    """Two tasks."""

    name: str  # "digits to Fashion"
    source: Dataset  # source, target: data sets of the same inputs and as many classes
    target: Dataset


def pairs(limit: int, log: Log) -> list[Pair]:
    """Make the pairs: of MNIST's files digits to Fashion and back, and half of the digits to the other half, and back.

    Without the files the halves are of scikit-learn's 8 x 8 digits, which is logged.

    Args:
      limit: examples of a task at most.
      log: called with sentences.
    """
    try:
        digits, fashion = (_some(load(name), limit, name) for name in ("mnist", "fashion_mnist"))
    except UserError as error:
        log(f"remark: {error} The halves are of scikit-learn's digits, and Fashion is left out.")
        return _halves(_some(load("digits"), limit, "digits"))
    both = [Pair("digits to Fashion", digits, fashion), Pair("Fashion to digits", fashion, digits)]
    return [*both, *_halves(digits)]


def _some(data: Dataset, limit: int, name: str) -> Dataset:
    """Draw some examples; the same ones on every call."""
    rows = np.sort(np.random.default_rng(0).permutation(len(data.x))[:limit])
    return _of_rows(data, rows, np.asarray(data.y)[rows], tuple(data.classes), name)


def _halves(data: Dataset) -> list[Pair]:
    y = np.asarray(data.y)
    low, high = (np.flatnonzero((y < HALF) == first) for first in (True, False))
    one = _of_rows(data, low, y[low], tuple(data.classes[:HALF]), f"{data.name} 0-4")
    other = _of_rows(data, high, y[high] - HALF, tuple(data.classes[HALF:]), f"{data.name} 5-9")
    return [Pair(f"{data.name} 0-4 to 5-9", one, other), Pair(f"{data.name} 5-9 to 0-4", other, one)]


def _of_rows(data: Dataset, rows: np.ndarray, y: np.ndarray, classes: tuple[str, ...], name: str) -> Dataset:
    return from_arrays(
        data.x[rows],
        y.astype(np.int32),
        name,
        classes=classes,
        image_shape=data.image_shape,
        full_scale=data.full_scale,
    )


def config(limit: int | None, test: int) -> DataConfig:
    """Split a task: the same test examples whatever the number that train; nothing is chosen, so none validate."""
    return DataConfig("arrays", validation=0, test=test, limit=limit)
