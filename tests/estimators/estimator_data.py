"""Small data for the tests of estimators, of one size, so that they share programs."""

import numpy as np
from sklearn.datasets import load_iris


def irises():
    """120 irises: x [120, 4] float64, y [120]."""
    rows = np.random.default_rng(0).permutation(150)[:120]
    return tuple(array[rows] for array in load_iris(return_X_y=True))
