"""Generate time series from published definitions: cylinder-bell-funnel, control charts, two patterns.

`sample` draws as many as are wanted from a seed; as data sets by name they have the sizes of the UCR archive, its
training part first, and are the same on every call. Every series is scaled to mean 0 and variance 1, as there.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nnjax.core.types import Dataset
from nnjax.data.arrays import from_arrays
from nnjax.data.source_record import Request, Source

SOURCE = "nnjax.data.series"
RANGE = (16, 32)  # points of a step in two_patterns


def cbf(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Cylinder, bell, funnel: (6 + η)·shape(t) + ε(t) on t = 1..128, η and ε(t) standard normal.

    The shape is 0 outside [a, b], a from 16 to 32, b − a from 32 to 96 (whole numbers, uniform); inside it is 1
    (cylinder), (t − a)/(b − a) (bell) or (b − t)/(b − a) (funnel). Source: Saito 1994, "Local feature extraction and
    its applications using a library of bases".
    """
    n, t = len(labels), np.arange(1, 129)[None]
    a = rng.integers(16, 33, (n, 1))
    b = a + rng.integers(32, 97, (n, 1))
    rising = (t - a) / (b - a)
    shapes = np.stack([np.ones_like(rising), rising, 1 - rising])[labels, np.arange(n)]
    inside = (a <= t) & (t <= b)
    return (6 + rng.standard_normal((n, 1))) * shapes * inside + rng.standard_normal(inside.shape)


def synthetic_control(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Control charts on t = 1..60: normal, cyclic, increasing, decreasing, shifted up, shifted down.

    y = m + r·s with m = 30, s = 2 and r(t) uniform in [−3, 3], plus a·sin(2πt/T), a and T in [10, 15]; or ± g·t, g in
    [.2, .5]; or ± x from t₃ on, x in [7.5, 20] and t₃ in [20, 40] (all uniform). Source: Alcock & Manolopoulos 1999,
    "Time-series similarity queries employing a feature-based approach".
    """
    n, t = len(labels), np.arange(1, 61)[None]
    a, period = rng.uniform(10, 15, (2, n, 1))
    g, x, begin = rng.uniform(0.2, 0.5, (n, 1)), rng.uniform(7.5, 20, (n, 1)), rng.uniform(20, 40, (n, 1))
    cycle, trend, shift = a * np.sin(2 * np.pi * t / period), g * t, x * (t >= begin)
    added = np.stack([0 * trend, cycle, trend, -trend, shift, -shift])[labels, np.arange(n)]
    return 30 + 2 * rng.uniform(-3, 3, added.shape) + added


def two_patterns(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Two steps in standard normal noise of 128 points: down-down, up-down, down-up, up-up.

    An upward step is −5 in its first half and 5 in its second, a downward one the reverse; the two do not overlap.
    Source: Geurts 2002, "Contributions to decision tree induction". The thesis was not at hand: how long the steps are
    (`RANGE`, uniform) and where they begin is this module's choice.
    """
    n, t = len(labels), np.arange(128)[None]
    lengths = rng.integers(RANGE[0], RANGE[1] + 1, (n, 2))
    room = 128 - lengths.sum(axis=1)
    gaps = np.sort(rng.integers(0, room[:, None] + 1, (n, 2)), axis=1)
    begins = gaps + np.stack([np.zeros(n, int), lengths[:, 0]], axis=1)
    up = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])[labels]
    values = rng.standard_normal((n, 128))
    for step in range(2):
        begin, length = begins[:, step, None], lengths[:, step, None]
        second_half = 2 * (t - begin) >= length
        height = np.where(second_half == up[:, step, None].astype(bool), 5.0, -5.0)
        values = np.where((begin <= t) & (t < begin + length), height, values)
    return values


class Kind(NamedTuple):
    """A generator."""

    draw: Callable[[np.random.Generator, np.ndarray], np.ndarray]  # (rng, labels [n]) -> series [n, t], not scaled
    classes: tuple[str, ...]  # their names
    train: int  # train, test: sizes of the UCR archive's parts
    test: int


KINDS = {
    "cbf": Kind(cbf, ("cylinder", "bell", "funnel"), 30, 900),
    "synthetic_control": Kind(
        synthetic_control, ("normal", "cyclic", "increasing", "decreasing", "upward shift", "downward shift"), 300, 300
    ),
    "two_patterns": Kind(two_patterns, ("down-down", "up-down", "down-up", "up-up"), 1000, 4000),
}


def sample(name: str, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw series in random order, of every class as many (to one): x float32 [size, t], scaled, and y int32 [size]."""
    kind, rng = KINDS[name], np.random.default_rng(seed)
    labels = rng.permutation(np.arange(size) % len(kind.classes))
    x = kind.draw(rng, labels)
    x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    return x.astype(np.float32), labels.astype(np.int32)


def load(request: Request) -> Dataset:
    """Generate a data set: the archive's training and test parts, or as many examples as are asked for, in one part."""
    kind = KINDS[request.kind]
    size = request.size(len(kind.classes))
    parts = [sample(request.kind, n, seed) for seed, n in enumerate([size] if size else [kind.train, kind.test])]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    start = None if size else kind.train
    return from_arrays(x, y, request.kind, source=SOURCE, classes=kind.classes, test_start=start)


SOURCES = {name: Source(load, f"time series: {', '.join(kind.classes)}", "[SIZE]") for name, kind in KINDS.items()}
