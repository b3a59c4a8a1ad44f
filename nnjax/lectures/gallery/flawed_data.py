"""scikit-learn's digits with the flaws that data have by mistake."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnjax.core.types import Dataset
from nnjax.data import from_arrays, load

TRAINING = 0.6  # share of the examples, of which some are mislabelled
WRONG = 0.25  # of their labels are drawn anew


def shuffled() -> Dataset:
    """Permute the labels: nothing can be learned."""
    data = load("digits")
    assert data.y is not None
    return _again(data, data.x[:], data.y[np.random.default_rng(1).permutation(len(data.y))])


def mislabelled() -> Dataset:
    """Draw a quarter of the training part's labels anew: the validation part is easier ("given" as split)."""
    data, rng = load("digits"), np.random.default_rng(2)
    assert data.y is not None
    order = rng.permutation(len(data.y))
    y, cut = data.y[order].copy(), int(TRAINING * len(order))
    wrong = rng.random(cut) < WRONG
    y[:cut][wrong] = rng.permutation(data.y)[:cut][wrong]
    return _again(data, data.x[order], y, validation_start=cut, test_start=cut + (len(y) - cut) // 2)


def in_order() -> Dataset:
    """Sort the digits by class, as files in folders are."""
    data = load("digits")
    assert data.y is not None
    order = np.argsort(data.y, kind="stable")
    return _again(data, data.x[order], data.y[order])


def _again(data: Dataset, x: np.ndarray, y: np.ndarray, **starts: Any) -> Dataset:
    facts: dict[str, Any] = {"classes": data.classes, "image_shape": data.image_shape, "full_scale": data.full_scale}
    return from_arrays(x, y, data.name, **facts, **starts)


FLAWED: dict[str, Callable[[], Dataset]] = {"shuffled": shuffled, "mislabelled": mislabelled, "in order": in_order}
