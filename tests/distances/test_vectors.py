import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from nnjax.distances import distance, jaccard_of_sets, pairwise


@pytest.mark.parametrize(
    ("metric", "options", "scipy"),
    [
        ("euclidean", {}, {"metric": "euclidean"}),
        ("manhattan", {}, {"metric": "cityblock"}),
        ("chebyshev", {}, {"metric": "chebyshev"}),
        ("minkowski", {"p": 3}, {"metric": "minkowski", "p": 3}),
        ("minkowski", {"p": 0.5}, {"metric": "minkowski", "p": 0.5}),
        ("minkowski", {"p": math.inf}, {"metric": "chebyshev"}),
    ],
)
def test_minkowski_equals_scipy(metric, options, scipy):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((21, 7)), rng.standard_normal((18, 7))
    np.testing.assert_allclose(pairwise(x, y, metric, **options), cdist(x, y, **scipy), rtol=1e-5)


def test_high_orders_neither_overflow_nor_vanish():
    assert distance((1e15, 0), (0, 1e15), "minkowski", p=50) == pytest.approx(1e15 * 2 ** (1 / 50), rel=1e-5)
    assert distance((1e-20, 0), (0, 1e-20), "minkowski", p=50) == pytest.approx(1e-20 * 2 ** (1 / 50), rel=1e-5)
    assert distance((1, 2), (1, 2), "minkowski", p=7) == 0


def test_below_one_the_triangle_inequality_fails():
    """d_½((0, 0), (1, 1)) = 4, but over (1, 0) it is only 1 + 1."""
    corner = [(0, 0), (1, 0), (1, 1)]
    d = pairwise(corner, metric="minkowski", p=0.5)
    assert d[0, 2] == pytest.approx(4)
    assert d[0, 1] + d[1, 2] == pytest.approx(2)


def test_jaccard_equals_scipy_and_knows_empty_sets():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (20, 6)).astype(bool)
    x[3] = x[4] = False
    np.testing.assert_allclose(pairwise(x, metric="jaccard"), cdist(x, x, "jaccard"), rtol=1e-6)
    assert pairwise(x, metric="jaccard")[3, 4] == 0
    assert jaccard_of_sets({"a", "b"}, ["b", "c", "c"]) == pytest.approx(2 / 3)
    assert jaccard_of_sets([], set()) == 0
    assert jaccard_of_sets([], {1}) == 1
