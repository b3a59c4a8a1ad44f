"""What must hold of every distance: symmetry, identity, the triangle inequality (or a counterexample), lower bounds."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnjax.distances import DTW, EDR, ERP, LCSS, Jaccard, LBKeogh, LBKim, Minkowski, SoftDTW, distance, pairwise

NUMBERS = st.integers(-64, 64).map(lambda i: i / 8)  # exact in float32, with many ties
THREE = arrays(np.float32, (3, 6), elements=NUMBERS)
FEW = settings(max_examples=40, deadline=None)
DISTANCES = [
    Minkowski(0.5),
    Minkowski(1),
    Minkowski(2),
    Minkowski(np.inf),
    Jaccard(),
    DTW(),
    DTW(1),
    LCSS(),
    EDR(),
    ERP(),
]
METRICS = [Minkowski(1), Minkowski(2), Minkowski(np.inf), Jaccard(), ERP()]


@FEW
@given(THREE)
def test_symmetry_identity_and_sign(x):
    for metric in DISTANCES:
        d = pairwise(x, x.copy(), metric)
        np.testing.assert_allclose(d, d.T, rtol=1e-5, atol=1e-6)
        assert (d.diagonal() == 0).all(), metric
        assert (d >= 0).all(), metric
    soft = pairwise(x, x.copy(), SoftDTW())
    np.testing.assert_allclose(soft, soft.T, rtol=1e-5, atol=1e-4)


@FEW
@given(THREE)
def test_the_triangle_inequality_of_metrics(x):
    for metric in METRICS:
        d = pairwise(x, metric=metric)
        assert d[0, 2] <= (d[0, 1] + d[1, 2]) * (1 + 1e-5) + 1e-6, metric


@pytest.mark.parametrize(
    ("metric", "x", "y", "z"),
    [
        (DTW(cost="absolute", root=False), (0,), (1, 2), (2, 3, 3)),  # 8 > 3 + 3
        (DTW(), (0,), (1, 2), (2, 3, 3)),  # √22 > √5 + √3
        (LCSS(1.0), (0, 0), (0.9, 0.9), (1.8, 1.8)),  # 1 > 0 + 0
        (EDR(1.0), (0, 0), (1, 1), (2, 2)),  # 2 > 0 + 0
    ],
)
def test_the_triangle_inequality_fails_elsewhere(metric, x, y, z):
    assert distance(x, z, metric) > distance(x, y, metric) + distance(y, z, metric)


@pytest.mark.slow
@FEW
@given(THREE)
def test_lower_bounds_are_lower(x):
    for cost in ("absolute", "squared"):
        for root in (False, True):
            for window in (None, 1):
                full = pairwise(x, x.copy(), DTW(window, cost, root)) * (1 + 1e-5) + 1e-6
                assert (pairwise(x, x.copy(), LBKim(cost, root)) <= full).all()
                assert (pairwise(x, x.copy(), LBKeogh(window, cost, root)) <= full).all()


@FEW
@given(THREE)
def test_a_wider_band_is_never_farther(x):
    bands = [pairwise(x, metric=DTW(window, "absolute", False)) for window in (0, 1, 3, None)]
    assert all((wide <= narrow).all() for narrow, wide in itertools.pairwise(bands))
    np.testing.assert_array_equal(bands[0], pairwise(x, metric="manhattan"))
