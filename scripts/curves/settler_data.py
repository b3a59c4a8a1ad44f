"""Data of `settlers.py`: tables, images, a photograph and text that are installed, each asked something else."""

from __future__ import annotations

import functools
import gzip
import os
import pathlib
import re
from collections.abc import Callable

import numpy as np
from sklearn import datasets

Drawn = tuple[np.ndarray, np.ndarray]
SMALL = {"wine_four": (80, [12, 30]), "wine_alcohol": (90, [12, 30]), "tumor_size": (250, [25, 100]),
         "tumor": (200, [20, 80]), "progression": (180, [20, 60]), "body": (180, [20, 60]),
         "severe": (180, [20, 60])}  # train, validation examples  # fmt: skip
SHAPES = {"few_pixels": (7, 7), "turned": (14, 14), "garment": (14, 14), "same_digit": (7, 14), "odd": (8, 8),
          "bag_or_not": (14, 14), "rows": (8, 8), "next_letter": (6, 28)}  # fmt: skip
SYMBOLS = "abcdefghijklmnopqrstuvwxyz "


def draw(name: str, n: int, rng: np.random.Generator) -> Drawn:
    """Draw at most n inputs [n, d], tables as they are and all else scaled, and classes [n] or targets [n, …]."""
    x, y = {**CLASSES, **TARGETS}[name](rng)
    rows = rng.permutation(len(x))[:n]
    return x[rows].astype(float), y[rows].copy()


def _images(name: str, size: int) -> Drawn:
    """Read 10,000 test images of MNIST or Fashion-MNIST, averaged to size × size pixels in 0 … 1, and their classes."""
    pixels, names = _stored(name)
    k = 28 // size
    return pixels.reshape(-1, size, k, size, k).mean(axis=(2, 4)) / 255, names


@functools.lru_cache
def _stored(name: str) -> Drawn:
    folder = pathlib.Path(os.environ["NNJAX_DATA"]) / name
    pixels = np.frombuffer(gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    names = np.frombuffer(gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    return pixels, names.astype(int)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _few_pixels(_: np.random.Generator) -> Drawn:
    """Digits of MNIST of 7 × 7 pixels."""
    images, names = _images("mnist", 7)
    return _flat(images), names


def _turned(rng: np.random.Generator) -> Drawn:
    """By how many quarters a digit of MNIST was turned."""
    images, quarters = _images("mnist", 14)[0][:5000], rng.integers(0, 4, 5000)
    return _flat(np.array([np.rot90(image, k) for image, k in zip(images, quarters, strict=True)])), quarters


def _same_digit(rng: np.random.Generator) -> Drawn:
    """Whether two digits of MNIST, side by side, are the same; half of them are."""
    images, names = _images("mnist", 7)
    first = rng.permutation(10000)[:4000]
    other = rng.integers(0, 10000, 4000)
    for i in np.flatnonzero(rng.random(4000) < 0.45):
        other[i] = rng.choice(np.flatnonzero(names == names[first[i]]))
    return _flat(np.concatenate([images[first], images[other]], axis=2)), (names[first] == names[other]).astype(int)


def _garment(_: np.random.Generator) -> Drawn:
    """Garments of Fashion-MNIST of 14 × 14 pixels, from the end of the file."""
    images, names = _images("fashion_mnist", 14)
    return _flat(images[5000:]), names[5000:]


def _bag_or_not(_: np.random.Generator) -> Drawn:
    """Whether a garment is a bag: one in ten."""
    x, names = _garment(_)
    return x, (names == 8).astype(int)


def _odd(_: np.random.Generator) -> Drawn:
    """Whether one of scikit-learn's digits is odd."""
    x, names = datasets.load_digits(return_X_y=True)
    return x / 16, names % 2


def _rows(_: np.random.Generator) -> Drawn:
    """Scikit-learn's digits, read row by row."""
    x, names = datasets.load_digits(return_X_y=True)
    return x / 16, names


def _wine_four(_: np.random.Generator) -> Drawn:
    """The grower of a wine by the last four measurements, proline in its thousands."""
    x, y = datasets.load_wine(return_X_y=True)
    return x[:, 9:], y


def _wine_alcohol(_: np.random.Generator) -> Drawn:
    """The alcohol of a wine by its other measurements."""
    x = datasets.load_wine().data
    return x[:, 1:], x[:, 0]


def _tumor(_: np.random.Generator) -> Drawn:
    """Whether a tumor is malign by the ten standard errors of its cells."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    return x[:, 10:20], y


def _tumor_size(_: np.random.Generator) -> Drawn:
    """The logarithm of the largest area of a tumor's cells by all that is not a size."""
    x = datasets.load_breast_cancer().data
    return np.delete(x, [0, 2, 3, 10, 12, 13, 20, 22, 23], axis=1), np.log(x[:, 23])


def _diabetes() -> Drawn:
    x, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    return x, y


def _progression(_: np.random.Generator) -> Drawn:
    """The progression of diabetes by what was measured, in its units."""
    return _diabetes()


def _severe(_: np.random.Generator) -> Drawn:
    """In which third the progression of diabetes lies."""
    x, y = _diabetes()
    return x, np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))


def _body(_: np.random.Generator) -> Drawn:
    """Body mass index and blood pressure by the other measurements."""
    x = _diabetes()[0]
    return np.delete(x, [2, 3], axis=1), x[:, 2:4]


def _photo(rng: np.random.Generator) -> Drawn:
    """The color of a pixel of a photograph by waves of its place (Tancik et al. 2020)."""
    photo = datasets.load_sample_image("flower.jpg")[::4, ::4] / 255.0
    at = np.argwhere(np.ones(photo.shape[:2]))
    waves = (at / 100) @ (2.0 * np.random.default_rng(1).normal(0, 1, (2, 16)))
    return np.concatenate([np.sin(waves), np.cos(waves)], axis=1), photo.reshape(-1, 3)


def _restored(rng: np.random.Generator) -> Drawn:
    """A digit of MNIST of 7 × 7 pixels by itself with noise."""
    x = _flat(_images("mnist", 7)[0])[:6000]
    return x + rng.normal(0, 0.25, x.shape), x


def _coded(_: np.random.Generator) -> Drawn:
    """A garment of 14 × 14 pixels by itself."""
    x = _flat(_images("fashion_mnist", 14)[0])[:5000]
    return x, x


def _lower_half(_: np.random.Generator) -> Drawn:
    """The lower half of one of scikit-learn's digits by the upper half."""
    x = datasets.load_digits().data / 16
    return x[:, :32], x[:, 32:]


@functools.lru_cache
def _text() -> np.ndarray:
    """Return Python's help topics as numbers of 28 symbols."""
    from pydoc_data.topics import topics

    text = re.sub(r"\s+", " ", " ".join(topics[key] for key in sorted(topics)).lower())
    return np.array([SYMBOLS.find(letter) % 28 for letter in text])


def _next_letter(rng: np.random.Generator) -> Drawn:
    """The symbol that follows six in Python's help."""
    text = _text()
    at = rng.integers(0, len(text) - 6, 6000)
    return np.eye(28)[text[at[:, None] + np.arange(6)]].reshape(-1, 168), text[at + 6]


Source = Callable[[np.random.Generator], Drawn]
CLASSES: dict[str, Source] = {
    "few_pixels": _few_pixels, "turned": _turned, "same_digit": _same_digit, "garment": _garment,
    "bag_or_not": _bag_or_not, "odd": _odd, "rows": _rows, "wine_four": _wine_four, "tumor": _tumor,
    "severe": _severe, "next_letter": _next_letter,
}  # fmt: skip
TARGETS: dict[str, Source] = {
    "wine_alcohol": _wine_alcohol, "tumor_size": _tumor_size, "progression": _progression, "body": _body,
    "photo": _photo, "restored": _restored, "coded": _coded, "lower_half": _lower_half,
}  # fmt: skip
TABLES = ("wine_four", "wine_alcohol", "tumor", "tumor_size", "progression", "severe", "body")
