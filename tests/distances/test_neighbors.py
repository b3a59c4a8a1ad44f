import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from nnjax.core.errors import UserError
from nnjax.data import series
from nnjax.distances import choose_window, classify, error, leave_one_out_error, pairwise


@pytest.mark.parametrize("k", [1, 3, 7])
def test_classification_equals_scikit_learn(k):
    rng = np.random.default_rng(0)
    x, q, y = rng.standard_normal((60, 3)), rng.standard_normal((40, 3)), rng.integers(0, 2, 60)
    expected = KNeighborsClassifier(k).fit(x, y).predict(q)  # two classes, odd k: no ties
    np.testing.assert_array_equal(classify(pairwise(q, x), y, k), expected)


def test_ties_go_to_the_nearest():
    labels = np.array(["far", "near", "far", "near"])
    assert classify([[4.0, 3, 2, 1]], labels, 4) == ["near"]
    assert classify([[1.0, 3, 2, 4]], labels, 2) == ["far"]
    assert classify([[1.0, 1, 1, 1]], labels, 1) == ["far"]  # equally near: the first


def test_errors():
    d = np.array([[0.0, 1, 9], [1, 0, 9], [9, 9, 0]])
    assert error(d, [0, 0, 1], [0, 1, 1]) == pytest.approx(1 / 3)
    assert leave_one_out_error(d, [0, 0, 1]) == pytest.approx(1 / 3)  # the third has no one of its class
    assert d[0, 0] == 0  # the caller's matrix is left alone


@pytest.mark.slow
def test_the_window_with_the_least_error_and_then_the_smallest():
    x, y = series.sample("cbf", 30, 0)
    windows = [0, 6, 14, 40]
    errors = [leave_one_out_error(pairwise(x, metric="dtw", window=w), y) for w in windows]
    assert errors[0] > min(errors)
    assert choose_window(x, y, windows[::-1]) == windows[errors.index(min(errors))]


@pytest.mark.parametrize(
    ("distances", "labels", "k", "message"),
    [
        ([[1.0, 2]], [0, 1], 3, "k=3 neighbors were asked for, but 1 to 2"),
        ([[1.0, 2]], [0, 1], 0, "k=0"),
        ([[1.0, 2]], [0], 1, r"\(1, 2\) and labels \(1,\) do not fit"),
        ([[1.0, np.nan]], [0, 1], 1, "hold NaN"),
    ],
)
def test_mistakes(distances, labels, k, message):
    with pytest.raises(UserError, match=message):
        classify(distances, labels, k)
