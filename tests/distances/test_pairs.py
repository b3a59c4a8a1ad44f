import jax
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from nnjax.core.errors import UserError
from nnjax.distances import DTW, distance, pairs, pairwise


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 300), (300, 1), (33, 50), (40, None)])
def test_every_pair_has_its_place(n, m):
    """Tiles that fit and that do not, one-sided and mirrored, on two devices."""
    assert jax.device_count() == 2
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((n, 5)), None if m is None else rng.standard_normal((m, 5))
    np.testing.assert_allclose(pairwise(x, y), cdist(x, x if y is None else y), rtol=1e-5, atol=1e-6)


def test_more_tiles_than_a_call_takes(monkeypatch):
    """The matrix does not depend on how its tiles are dealt."""
    x = np.random.default_rng(0).standard_normal((70, 3))
    whole = pairwise(x)
    monkeypatch.setattr(pairs, "TILES", 2)
    np.testing.assert_array_equal(pairwise(x), whole)


def test_series_of_unequal_lengths():
    rng = np.random.default_rng(0)
    some = [rng.standard_normal(n) for n in (3, 5, 3, 4)]
    d = pairwise(some, metric="dtw", window=1)
    for i in range(4):
        for j in range(4):
            assert d[i, j] == pytest.approx(distance(some[i], some[j], DTW(1)), rel=1e-6)
    np.testing.assert_allclose(pairwise(some, some[1:], "dtw", window=1), d[:, 1:], rtol=1e-6)


def test_series_of_several_variables():
    x = np.random.default_rng(0).standard_normal((3, 4, 2))
    assert pairwise(x, metric="erp")[0, 1] == pytest.approx(distance(x[0], x[1], "erp"))


X = [[1.0, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("x", "y", "metric", "options", "message"),
    [
        (X, None, "euclidian", {}, "There is no distance 'euclidian': did you mean euclidean"),
        (X, None, "dwt", {}, "did you mean dtw"),
        (X, None, "zzz", {}, "The names are euclidean, manhattan"),
        (X, None, "dtw", {"windw": 3}, "has no option 'windw': its options are window, cost, root"),
        (X, None, "euclidean", {"p": 3}, "it has no options"),
        (X, None, DTW(), {"window": 3}, "configured already, but window was given too"),
        (X, None, "minkowski", {"p": 0}, "needs p > 0 .* but p=0 was given"),
        (X, None, "minkowski", {"p": float("nan")}, "needs p > 0"),
        (X, None, "dtw", {"window": -1}, "window=-1 is not a band"),
        (X, None, "dtw", {"window": 1.5}, "window=1.5 is not a band"),
        (X, None, "dtw", {"window": True}, "window=True is not a band"),
        (X, None, "dtw", {"cost": "cubic"}, "'cubic' of aligned points is unknown: choose absolute or squared"),
        (X, None, "edr", {"epsilon": 0}, "epsilon must be a number above 0"),
        (X, None, "lcss", {"epsilon": float("inf")}, "epsilon must be a number above 0"),
        (X, None, "soft_dtw", {"gamma": -1}, "gamma must be a number above 0 .*DTW itself"),
        (X, None, "erp", {"gap": float("nan")}, "gap must be a finite number"),
        ([[1.0, float("nan"), 3]], None, "dtw", {}, r"x holds nan at \[0, 1, 0\]: fill or leave out"),
        (X, [[1.0, float("inf"), 3]], "euclidean", {}, r"y holds inf at \[0, 1\]"),
        (np.zeros((3, 0)), None, "dtw", {}, r"shape \(3, 0\): a series needs at least one point"),
        ([[1.0], []], None, "dtw", {}, r"Series 1 of x has the shape \(0,\)"),
        ([[1.0], [[1.0, 2]]], None, "dtw", {}, r"have \[1, 2\] variables: the same number"),
        ([[1.0], [1.0, np.nan]], None, "dtw", {}, "series 1 of x holds nan"),
        (X, [[1.0, 2]], "euclidean", {}, "x has 3 values a point and y has 2"),
        ([1.0, 2], None, "euclidean", {}, r"shape \(2,\), but vectors \[n, d\]"),
        ([1.0, 2], None, "dtw", {}, r"shape \(2,\), but series \[n, t\]"),
        ([[1e20, 2.0]], None, "dtw", {}, r"x holds numbers up to 1e\+20, but at most 1e\+15 can be squared: scale"),
        ([["a", "b"]], None, "euclidean", {}, "but numbers were expected"),
        ([[1.0], [1.0, 2]], None, "euclidean", {}, "rows of different lengths: a rectangular array"),
    ],
)
def test_mistakes_get_one_sentence(x, y, metric, options, message):
    with pytest.raises(UserError, match=message):
        pairwise(x, y, metric, **options)
