"""Data of the sanity checks: fewer examples, or inputs and labels that mean nothing, in arrays of equal shapes."""

import dataclasses

import numpy as np

from nnjax.core.types import Prepared

TRAIN, VALIDATION = 1000, 500  # examples at most
FEW = 20  # to be overfitted


def reduced(prepared: Prepared) -> Prepared:
    """Keep at most 1,000 training and 500 validation examples, evenly spaced, and no others."""
    train, validation = _spaced(prepared.train, TRAIN), _spaced(prepared.validation, VALIDATION)
    data = prepared.dataset
    rows, index = np.unique(np.concatenate([train, validation]), return_inverse=True)  # one in both parts stays one
    index = index.astype(np.int32)
    dataset = dataclasses.replace(
        data,
        x=data.x[rows],
        y=None if data.y is None else data.y[rows],
        weights=None if data.weights is None else data.weights[rows],
        test_start=None,
        validation_start=None,
    )
    return dataclasses.replace(
        prepared, dataset=dataset, train=index[: len(train)], validation=index[len(train) :], test=index[:0]
    )


def _spaced(index: np.ndarray, size: int) -> np.ndarray:
    if len(index) <= size:
        return index
    return index[np.linspace(0, len(index) - 1, size).round().astype(np.int64)]


def without_inputs(prepared: Prepared) -> Prepared:
    """Return all examples the same input: the one that is scaled to zeros, or of images black."""
    x = prepared.dataset.x
    blank = np.zeros_like(x)
    if x.dtype != np.uint8:
        blank += np.asarray(prepared.x_scaler.inverse(np.zeros(x.shape[1], np.float32)), x.dtype)
    return dataclasses.replace(prepared, dataset=dataclasses.replace(prepared.dataset, x=blank))


def shuffled(prepared: Prepared) -> Prepared:
    """Return each example the target of another one, in all parts."""
    data = prepared.dataset
    assert data.y is not None
    order = np.random.default_rng(0).permutation(len(data.y))
    return dataclasses.replace(prepared, dataset=dataclasses.replace(data, y=data.y[order]))


def few(prepared: Prepared) -> Prepared:
    """Repeat 20 of the training examples until there are as many as before."""
    return dataclasses.replace(prepared, train=np.resize(_spaced(prepared.train, FEW), len(prepared.train)))
