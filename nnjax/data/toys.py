"""Toy problems, the same on every call: truth tables, spirals, blobs, moons and the line of the lecture slides."""

from collections.abc import Callable

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Dataset
from nnjax.data.arrays import from_arrays
from nnjax.data.source_record import Request, Source

# The outputs for the inputs 00, 01, 10, 11 (lecture slides, "McCulloch & Pitts" and after).
GATES = {
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "xor": (0, 1, 1, 0),
    "nand": (1, 1, 1, 0),
    "nor": (1, 0, 0, 0),
    "xnor": (1, 0, 0, 1),
}
MAX_BITS = 16
SOURCE = "nnjax.data.toys"


def truth_table(num_bits: int) -> np.ndarray:
    """All rows of a truth table: float32 [2**num_bits, num_bits] of 0 and 1, counting up, the first column highest."""
    rows = np.arange(2**num_bits)[:, None]
    return ((rows >> np.arange(num_bits)[::-1]) & 1).astype(np.float32)


def gate(name: str) -> Dataset:
    """A logic gate of two inputs: x [4, 2], classes "0" and "1"."""
    return from_arrays(truth_table(2), np.array(GATES[name]), name, source=SOURCE, classes=("0", "1"))


def parity(num_bits: int) -> Dataset:
    """Whether the number of ones is odd: x [2**num_bits, num_bits], classes "even" and "odd"; 2 bits make XOR."""
    if not 1 <= num_bits <= MAX_BITS:
        raise UserError(f"parity:{num_bits} is out of range: parity:1 to parity:{MAX_BITS} were expected.")
    x = truth_table(num_bits)
    y = x.sum(axis=1).astype(np.int32) % 2
    return from_arrays(x, y, f"parity:{num_bits}", source=SOURCE, classes=("even", "odd"))


def two_spirals(size: int = 194) -> Dataset:
    """Two interlocked spirals of three turns each, one the other turned by half a turn: x [size, 2], two classes.

    Point i = 0..96 lies at the angle i·π/16 and the radius 6.5·(104 − i)/104; another size spreads as many points over
    the same curve. Source: Lang & Witbrock 1988, "Learning to tell two spirals apart" (194 points).
    """
    if size % 2:
        raise UserError(f"two_spirals:{size} is odd, but an even number of examples (two equal spirals) was expected.")
    i = np.linspace(0.0, 96.0, size // 2)
    radius = 6.5 * (104.0 - i) / 104.0
    first = np.stack([radius * np.sin(i * np.pi / 16.0), radius * np.cos(i * np.pi / 16.0)], axis=1)
    y = np.repeat([0, 1], size // 2)
    return from_arrays(np.concatenate([first, -first]), y, "two_spirals", source=SOURCE, classes=("first", "second"))


def blobs(size: int = 300) -> Dataset:
    """Three round clouds in the plane: x [size, 2], three classes (scikit-learn's make_blobs, random_state 0)."""
    from sklearn.datasets import make_blobs

    x, y = make_blobs(n_samples=size, centers=3, random_state=0)
    return from_arrays(x, y, "blobs", source="sklearn.datasets.make_blobs", classes=("0", "1", "2"))


def moons(size: int = 200) -> Dataset:
    """Two interleaved half circles, noise 0.1: x [size, 2], two classes (scikit-learn's make_moons, random_state 0)."""
    from sklearn.datasets import make_moons

    x, y = make_moons(n_samples=size, noise=0.1, random_state=0)
    return from_arrays(x, y, "moons", source="sklearn.datasets.make_moons", classes=("0", "1"))


def line(size: int = 161) -> Dataset:
    """The line of the lecture slides (section 3): y = 21x + 10 on x from 3 to 19, in steps of 0.1, without noise."""
    x = np.linspace(3.0, 19.0, size)
    return from_arrays(x[:, None], 21.0 * x + 10.0, "line", source=SOURCE)


def _sized(make: Callable[..., Dataset]) -> Callable[[Request], Dataset]:
    """Let the size of a toy be given after the colon."""
    return lambda request: make(size) if (size := request.size(6)) else make()


def _parity(request: Request) -> Dataset:
    if not request.argument.isdecimal():
        raise UserError(f"{request.name!r} is not parity of a number of bits: write parity:4, say.")
    return parity(int(request.argument))


SOURCES = {
    **{name: Source(lambda request: gate(request.kind), f"the truth table of {name.upper()}") for name in GATES},
    "parity": Source(_parity, "whether the number of ones among N bits is odd", "N"),
    "two_spirals": Source(_sized(two_spirals), "two interlocked spirals in the plane", "[SIZE]"),
    "blobs": Source(_sized(blobs), "three round clouds in the plane", "[SIZE]"),
    "moons": Source(_sized(moons), "two interleaved half circles in the plane", "[SIZE]"),
    "line": Source(_sized(line), "points on the line y = 21x + 10; regression", "[SIZE]"),
}
