"""Data of `visitors.py`: tables, images, text, series and sequences, from formulas and from what is installed."""

import functools
import gzip
import importlib
import inspect
import os
import pathlib
import re
from typing import Any

import numpy as np
from sklearn import datasets

Drawn = tuple[np.ndarray, np.ndarray]
CLASSES = (
    "easy", "medium", "hard", "many", "noise", "rare", "iris", "wine", "fashion", "forest", "docstrings", "waves",
    "order",
)  # fmt: skip
TARGETS = ("houses", "forecast", "linnerud", "linear", "heavy", "patches", "weak")
SMALL = {"iris": (60, [10, 30]), "wine": (80, [10, 40]), "linnerud": (10, [4])}  # train, validation examples
NETWORKS = {"fashion": "cnn", "waves": "conv1d", "forecast": "lstm", "order": "attention"}
GENERATED: dict[str, dict[str, Any]] = {
    "easy": {"n_features": 8, "n_informative": 4, "n_classes": 3, "class_sep": 2.0},
    "medium": {"n_features": 20, "n_informative": 6, "n_classes": 4, "class_sep": 1.2, "n_clusters_per_class": 2},
    "hard": {"n_features": 40, "n_informative": 5, "n_classes": 2, "class_sep": 0.4, "n_clusters_per_class": 4},
    "many": {"n_features": 24, "n_informative": 12, "n_classes": 12, "class_sep": 1.5},
    "noise": {"n_features": 12, "n_informative": 5, "n_classes": 2, "class_sep": 1.0, "flip_y": 0.35},
    "rare": {"n_features": 10, "n_informative": 4, "n_classes": 2, "weights": [0.94], "class_sep": 1.0},
}


def draw(name: str, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, bool]:
    """Draw at most n inputs [n, d] and classes [n] or targets [n, …], in random order."""
    if name in GENERATED:
        settings = {"n_redundant": 2, "n_clusters_per_class": 1, **GENERATED[name]}
        x, y = datasets.make_classification(n, random_state=int(rng.integers(1000)), **settings)
        return x, y, True
    if name in ("iris", "wine", "linnerud"):
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    elif name in STORED:
        x, y = STORED[name]()
    else:
        return *MADE[name](n, rng), name in CLASSES
    rows = rng.permutation(len(x))[:n]
    return x[rows].astype(float), y[rows].copy(), name in CLASSES


def _forest(n: int, rng: np.random.Generator) -> Drawn:
    """Kinds of trees by elevation, slope, aspect, distances and one of 10 soils: 5 classes of unequal size."""
    height, slope, aspect = rng.gamma(20, 120, n), rng.gamma(2, 7, n), rng.uniform(0, 360, n)
    soil, far = rng.integers(0, 10, n), rng.exponential(300, (n, 3))
    cold = height / 500 + 0.5 * np.cos(np.radians(aspect)) + 0.2 * (soil % 3) - far[:, 0] / 800 + rng.normal(0, 0.4, n)
    y = np.digitize(cold, [3.2, 4.3, 5.3, 6.4])
    return np.column_stack([height, slope, aspect, far, np.eye(10)[soil]]), y


def _houses(n: int, rng: np.random.Generator) -> Drawn:
    """Prices by income, age, rooms and place, with skewed inputs and capped targets."""
    income, age, rooms = rng.lognormal(1.2, 0.5, n), rng.uniform(1, 52, n), rng.lognormal(1.6, 0.3, n)
    east, north = rng.uniform(0, 10, n), rng.uniform(0, 10, n)
    coast = np.exp(-np.abs(east - 0.5 * north) / 2)
    price = 0.4 * income + 1.5 * coast + 0.01 * age + 0.1 * np.sqrt(rooms) * income
    return np.column_stack([income, age, rooms, east, north]), np.minimum(price * rng.lognormal(0, 0.2, n), 5.0)


def _waves(n: int, rng: np.random.Generator) -> Drawn:
    """Which of 4 bands a tone in 32 points of noise is from."""
    y, t = rng.integers(0, 4, n), np.arange(32)
    tone = (y + rng.uniform(0.6, 1.4, n)) * 0.35
    return np.sin(np.outer(tone, t) + rng.uniform(0, 6, (n, 1))) + rng.normal(0, 0.8, (n, 32)), y


def _order(n: int, rng: np.random.Generator) -> Drawn:
    """Whether token 1 comes before token 2 in 10 tokens of an alphabet of 8."""
    x = rng.integers(3, 8, (n, 10))
    at = np.array([rng.choice(10, 2, replace=False) for _ in range(n)])
    x[np.arange(n), at[:, 0]], x[np.arange(n), at[:, 1]] = 1, 2
    return x.astype(float), (at[:, 0] < at[:, 1]).astype(int)


def _forecast(n: int, rng: np.random.Generator) -> Drawn:
    """The next value of a season, a trend and an autoregression after 20 values."""
    y = np.zeros((n, 21))
    noise = rng.normal(0, 0.4, (n, 21))
    for t in range(1, 21):
        y[:, t] = 0.7 * y[:, t - 1] + noise[:, t]
    y += 1.5 * np.sin(2 * np.pi * (np.arange(21) + rng.integers(0, 7, (n, 1))) / 7)
    y += rng.normal(0, 0.05, (n, 1)) * np.arange(21)
    return y[:, :20], y[:, 20]


def _linear(n: int, rng: np.random.Generator) -> Drawn:
    x, y = datasets.make_regression(n, 30, n_informative=8, noise=20.0, random_state=int(rng.integers(1000)))
    return x, y


def _heavy(n: int, rng: np.random.Generator) -> Drawn:
    x = rng.normal(0, 1, (n, 5))
    return x, x[:, 0] * np.sign(x[:, 1]) + 0.5 * np.abs(x[:, 2]) + 0.2 * rng.standard_t(2.5, n)


def _weak(n: int, rng: np.random.Generator) -> Drawn:
    """A twelfth of the variance can be learned."""
    x = rng.normal(0, 1, (n, 4))
    return x, 0.3 * np.tanh(2 * x[:, 0]) + rng.normal(0, 0.8, n)


@functools.lru_cache
def _fashion() -> Drawn:
    """Read 4,000 images of Fashion-MNIST, halved to 14 × 14, and their classes."""
    folder = pathlib.Path(os.environ["NNJAX_DATA"]) / "fashion_mnist"
    pixels = np.frombuffer(gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    names = np.frombuffer(gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    halved = pixels.reshape(-1, 14, 2, 14, 2)[:4000].mean(axis=(2, 4))
    return halved.reshape(-1, 196), names[:4000].astype(int)


@functools.lru_cache
def _patches() -> Drawn:
    """Cut 4,000 patches of 5 × 5 gray pixels from scikit-learn's photograph; the middle one is to be restored."""
    photo = datasets.load_sample_image("china.jpg").mean(axis=2) / 255
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, photo.shape[0] - 5, 4000), rng.integers(0, photo.shape[1] - 5, 4000)
    cut = np.array([photo[r : r + 5, c : c + 5].ravel() for r, c in zip(rows, columns, strict=True)])
    return cut + rng.normal(0, 0.1, cut.shape), cut[:, [6, 8, 12, 16, 18]]


@functools.lru_cache
def _docstrings() -> Drawn:
    """Count 250 frequent words in lines of docstrings, whose class is the library: NumPy, SciPy or scikit-learn."""
    modules = (
        ("numpy", "numpy.linalg", "numpy.fft", "numpy.random"), ("scipy.stats", "scipy.signal", "scipy.optimize"),
        ("sklearn.linear_model", "sklearn.ensemble", "sklearn.metrics", "sklearn.preprocessing", "sklearn.cluster"),
    )  # fmt: skip
    texts = [_lines(names) for names in modules]
    rng = np.random.default_rng(0)
    texts = [[lines[i] for i in rng.permutation(len(lines))[:1200]] for lines in texts]
    words, counts = np.unique([word for lines in texts for line in lines for word in line], return_counts=True)
    column = {word: i for i, word in enumerate(words[np.argsort(-counts, kind="stable")[:250]])}
    x = np.zeros((sum(map(len, texts)), 250))
    for row, line in enumerate(line for lines in texts for line in lines):
        for word in line:
            if word in column:
                x[row, column[word]] += 1
    return x, np.repeat(np.arange(3), [len(lines) for lines in texts])


def _lines(names: tuple[str, ...]) -> list[list[str]]:
    """Return the words of each line of 6 words and more in the docstrings of some modules."""
    out = []
    for name in names:
        module = importlib.import_module(name)
        for key in sorted(vars(module)):
            text = inspect.getdoc(getattr(module, key)) if not key.startswith("_") else None
            found = [re.findall("[a-z]{3,}", line.lower()) for line in (text or "").splitlines()]
            out += [line for line in found if len(line) >= 6]
    return out


MADE = {"forest": _forest, "houses": _houses, "waves": _waves, "order": _order, "forecast": _forecast}
MADE |= {"linear": _linear, "heavy": _heavy, "weak": _weak}
STORED = {"fashion": _fashion, "patches": _patches, "docstrings": _docstrings}
