"""Data of `guests.py`: formulas, games, and what comes with scikit-learn, Matplotlib and Python."""

from __future__ import annotations

import functools
import gzip
import importlib
import inspect
import pathlib
import re
from collections.abc import Callable

import matplotlib
import numpy as np
from sklearn import datasets

from scripts.curves.settler_data import Drawn, _flat, _images

SMALL = {"sepals": (70, [15, 40]), "petals": (70, [15, 40]), "cancer_worst": (240, [25, 90]),
         "texture": (240, [25, 90]), "share_price": (300, [25, 90])}  # train, validation examples  # fmt: skip
SHAPES = {"over_nine": (7, 14), "holes": (14, 14), "shoes": (14, 14), "upside_down": (14, 14), "chirps": (12, 4),
          "eeg_channel": (6, 4), "source_symbol": (5, 40)}  # fmt: skip
SYMBOLS = "abcdefghijklmnopqrstuvwxyz ()[]_=.,:'\"#\n"
LINES = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]])


def draw(name: str, n: int, rng: np.random.Generator) -> Drawn:
    """Draw at most n inputs [n, d], tables as they are and all else scaled, and classes [n] or targets [n, …]."""
    x, y = {**CLASSES, **TARGETS}[name](rng)
    rows = rng.permutation(len(x))[:n]
    return x[rows].astype(float), y[rows].copy()


def _arms(rng: np.random.Generator) -> Drawn:
    """Which of three arms of a spiral a point lies on."""
    y, r = rng.integers(0, 3, 3000), rng.uniform(0.2, 1, 3000)
    turn = 2 * np.pi * (y / 3 + r)
    return 1.5 * r[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]) + rng.normal(0, 0.08, (3000, 2)), y


def _connected(rng: np.random.Generator) -> Drawn:
    """Whether a graph of eight nodes is connected, by its edges."""
    edges = np.triu(rng.random((3000, 8, 8)) < 0.28, 1)
    reach = np.eye(8) + edges + edges.transpose(0, 2, 1)
    whole = (np.linalg.matrix_power(reach, 8) > 0).all(axis=(1, 2))
    return edges[:, *np.triu_indices(8, 1)] * 2.0 - 1, whole.astype(int)


def _tic_tac_toe(rng: np.random.Generator) -> Drawn:
    """Whether the first player has three in a row, by what is on each of nine places."""
    boards = rng.permuted(np.tile([1, 1, 1, 1, 2, 2, 2, 2, 0], (3000, 1)), axis=1)
    boards[:, 0] = np.where(boards[:, 0] == 0, 1, boards[:, 0])
    return np.eye(3)[boards].reshape(-1, 27), (boards[:, LINES] == 1).all(axis=2).any(axis=1).astype(int)


def _poker(rng: np.random.Generator) -> Drawn:
    """No pair, one, or more among five cards."""
    cards = rng.permuted(np.tile(np.arange(52), (3000, 1)), axis=1)[:, :5]
    kinds = np.array([len(set(hand)) for hand in cards % 13])
    return np.concatenate([np.eye(13)[cards % 13], np.eye(4)[cards // 13]], axis=2).reshape(3000, -1), np.minimum(
        5 - kinds, 2
    )


def _chirps(rng: np.random.Generator) -> Drawn:
    """Whether a tone in noise falls, stays or rises."""
    y, t = rng.integers(0, 3, 3000), np.arange(48) / 48
    turns = rng.uniform(5, 9, (3000, 1)) * t + 3.0 * (y[:, None] - 1) * t**2
    return np.sin(2 * np.pi * (turns + rng.random((3000, 1)))) + rng.normal(0, 0.7, (3000, 48)), y


def _over_nine(rng: np.random.Generator) -> Drawn:
    """Whether the sum of two digits of MNIST is above nine."""
    images, names = _images("mnist", 7)
    a, b = rng.integers(0, 10000, (2, 4000))
    return _flat(np.concatenate([images[a], images[b]], axis=2)), (names[a] + names[b] > 9).astype(int)


def _holes(_: np.random.Generator) -> Drawn:
    """How many holes a digit of MNIST has."""
    images, names = _images("mnist", 14)
    return _flat(images[5000:]), np.array([1, 0, 0, 0, 0, 0, 1, 0, 2, 1])[names[5000:]]


def _shoes(_: np.random.Generator) -> Drawn:
    """Which of three kinds a shoe is."""
    images, names = _images("fashion_mnist", 14)
    rows = np.isin(names, [5, 7, 9])
    return _flat(images[rows]), (names[rows] - 5) // 2


def _upside_down(rng: np.random.Generator) -> Drawn:
    """Whether a garment is shown upside down."""
    images, turned = _images("fashion_mnist", 14)[0][:5000], rng.integers(0, 2, 5000)
    return _flat(np.where(turned[:, None, None] == 1, images[:, ::-1], images)), turned


def _sepals(_: np.random.Generator) -> Drawn:
    """The kind of an iris by its sepals."""
    x, y = datasets.load_iris(return_X_y=True)
    return x[:, :2], y


def _petals(_: np.random.Generator) -> Drawn:
    """The petals of an iris by its sepals."""
    x = datasets.load_iris().data
    return x[:, :2], x[:, 2:]


def _cancer_worst(_: np.random.Generator) -> Drawn:
    """Whether a tumor is malign by the worst of its cells."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    return x[:, 20:], y


def _texture(_: np.random.Generator) -> Drawn:
    """The texture of a tumor by all that is not a texture."""
    x = datasets.load_breast_cancer().data
    return np.delete(x, [1, 11, 21], axis=1), x[:, 1]


def _sample(name: str) -> pathlib.Path:
    return pathlib.Path(matplotlib.get_data_path()) / "sample_data" / name


def _share_price(_: np.random.Generator) -> Drawn:
    """A share's next monthly return by its last six."""
    rows = [line.split(",") for line in _sample("Stocks.csv").read_text("utf-8").splitlines() if line[:1].isdigit()]
    prices = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows])
    prices = prices[np.isfinite(prices).all(axis=1)]
    windows = np.lib.stride_tricks.sliding_window_view(np.diff(np.log(prices), axis=0), 7, axis=0).reshape(-1, 7)
    return windows[:, :6], windows[:, 6]


def _eeg_channel(rng: np.random.Generator) -> Drawn:
    """From which of four electrodes 24 samples are."""
    waves = np.fromfile(_sample("eeg.dat"), float).reshape(-1, 4)
    waves = (waves - waves.mean(axis=0)) / waves.std()
    at, y = rng.integers(0, len(waves) - 24, 2500), rng.integers(0, 4, 2500)
    return waves[at[:, None] + np.arange(24), y[:, None]], y


def _brain(rng: np.random.Generator) -> Drawn:
    """The middle of a patch of a tomogram of a head, by the patch with noise."""
    head = np.frombuffer(gzip.decompress(_sample("s1045.ima.gz").read_bytes()), np.uint16).reshape(256, 256) / 1000.0
    at = rng.integers(40, 200, (4000, 2))
    cut = head[at[:, :1, None] + np.arange(6)[:, None], at[:, 1:, None] + np.arange(6)]
    return _flat(cut + rng.normal(0, 0.05, cut.shape)), cut[:, 2:4, 2:4].reshape(-1, 4)


def _relief(_: np.random.Generator) -> Drawn:
    """The height of a place on a map by waves of where it is (Tancik et al. 2020)."""
    height = np.load(_sample("jacksboro_fault_dem.npz"), allow_pickle=False)["elevation"][::6, ::6].astype(float)
    at = np.argwhere(np.ones(height.shape))
    waves = (at / 60) @ (1.5 * np.random.default_rng(2).normal(0, 1, (2, 12)))
    return np.concatenate([np.sin(waves), np.cos(waves)], axis=1), height.ravel()


def _depth(_: np.random.Generator) -> Drawn:
    """The height of land and sea by longitude and latitude alone."""
    with np.load(_sample("topobathy.npz"), allow_pickle=False) as file:
        height, east, north = file["topo"], file["longitude"], file["latitude"]
    grid = np.meshgrid(east, north)
    x = np.column_stack([grid[0].ravel(), grid[1].ravel()])[::7]
    return (x - x.mean(axis=0)) / x.std(axis=0), height.ravel()[::7].astype(float)


def _pendulum(rng: np.random.Generator) -> Drawn:
    """Where a pendulum with friction is after a while, by angle, speed, length and friction."""
    x = rng.uniform([-2.5, -2, 0.5, 0], [2.5, 2, 2, 0.5], (3000, 4))
    angle, speed = x[:, 0].copy(), x[:, 1].copy()
    for _ in range(150):
        speed += 0.01 * (-9.81 / x[:, 2] * np.sin(angle) - x[:, 3] * speed)
        angle += 0.01 * speed
    return (x - x.mean(axis=0)) / x.std(axis=0), np.sin(angle)


def _lorenz(rng: np.random.Generator) -> Drawn:
    """Where the system of Lorenz is after .3 units of time."""
    state = rng.normal(0, 1, (3000, 3)) * [8, 8, 8] + [0, 0, 25]
    begin = state.copy()
    for _ in range(60):
        x, y, z = state.T
        state = state + 0.005 * np.column_stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])
    return (begin - [0, 0, 25]) / 8, state


def _border(_: np.random.Generator) -> Drawn:
    """The border of one of scikit-learn's digits by what is within."""
    images = datasets.load_digits().images / 16
    inner = np.zeros((8, 8), bool)
    inner[1:7, 1:7] = True
    return images[:, inner], images[:, ~inner]


@functools.lru_cache
def _sources() -> tuple[str, ...]:
    return tuple(
        inspect.getsource(importlib.import_module(name)).lower() for name in ("argparse", "typing", "_pydecimal", "ast")
    )


def _library_line(_: np.random.Generator) -> Drawn:
    """Which of four modules of Python a line is from, by how often it has each letter and pair of some."""
    lines: list[str] = []
    y: list[int] = []
    for k, text in enumerate(_sources()):
        own = [line.strip() for line in text.splitlines() if len(line.strip()) > 25][:1300]
        lines, y = lines + own, y + [k] * len(own)
    pairs = [*SYMBOLS, "se", "lf", "re", "ty", "ar", "de", "no", "__", "ex", "in"]
    return np.array([[np.sqrt(line.count(pair)) for pair in pairs] for line in lines]), np.array(y)


def _source_symbol(rng: np.random.Generator) -> Drawn:
    """What kind of symbol follows five in Python's source: a letter, a blank, a bracket or something else."""
    text = re.sub(r"[ \t]+", " ", "".join(_sources()))
    codes = np.array([max(0, SYMBOLS.find(letter)) for letter in text])
    at = rng.integers(0, len(codes) - 5, 6000)
    return np.eye(40)[codes[at[:, None] + np.arange(5)]].reshape(-1, 200), np.digitize(codes[at + 5], [26, 27, 31])


Source = Callable[[np.random.Generator], Drawn]
CLASSES: dict[str, Source] = {
    "arms": _arms, "connected": _connected, "tic_tac_toe": _tic_tac_toe, "poker": _poker, "chirps": _chirps,
    "over_nine": _over_nine, "holes": _holes, "shoes": _shoes, "upside_down": _upside_down, "sepals": _sepals,
    "cancer_worst": _cancer_worst, "eeg_channel": _eeg_channel, "library_line": _library_line,
    "source_symbol": _source_symbol,
}  # fmt: skip
TARGETS: dict[str, Source] = {
    "petals": _petals, "texture": _texture, "share_price": _share_price, "brain": _brain, "relief": _relief,
    "depth": _depth, "pendulum": _pendulum, "lorenz": _lorenz, "border": _border,
}  # fmt: skip
TABLES = ("sepals", "petals", "cancer_worst", "texture", "share_price", "library_line")
