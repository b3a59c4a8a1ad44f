"""Distances between layouts against SciPy 1.18; spreads and shares of variance by hand."""

import numpy as np
import pytest
from scipy.spatial import procrustes

from nnjax.embed.variation import (
    Summary,
    distinct_pairs,
    mean_distances_by_factor,
    procrustes_distances,
    summarize,
    variance_shares,
)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_disparities_are_those_of_scipy(width):
    rng = np.random.default_rng(0)
    layouts = [rng.normal(size=(30, width)) * scale + 5 for scale in (1, 10, 0.1)]
    found = procrustes_distances(layouts)
    for i, first in enumerate(layouts):
        for j, second in enumerate(layouts):
            assert found[i, j] == pytest.approx(procrustes(first, second)[2], abs=1e-12)


def test_a_turned_mirrored_scaled_and_shifted_layout_is_the_same():
    rng = np.random.default_rng(0)
    layout = rng.normal(size=(50, 2))
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    found = procrustes_distances([layout, 7 * layout @ turn + 3, layout * [1, -1]])
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_a_segment_and_a_square_by_hand():
    """Corners (0,0) (1,0) (1,1) (0,1) against their x alone: AᵀB has the singular values 1/√2 and 0, so M² = 1/2."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    assert procrustes_distances([square, square * [1, 0]])[0, 1] == pytest.approx(0.5)


def test_layouts_without_shape():
    """All points at one place have nothing in common with any; what is not finite has no distance."""
    layout = np.random.default_rng(0).normal(size=(9, 2))
    found = procrustes_distances([layout, np.ones((9, 2)), layout * np.nan])
    np.testing.assert_array_equal(found[:2, :2].round(9), [[0, 1], [1, 0]])
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()


def test_spread_by_hand():
    assert summarize(np.array([1.0, 2, 3, np.nan])) == Summary(2.0, 1.0, 1.0, 3.0)
    assert summarize(np.array([4.0])) == Summary(4.0, 0.0, 4.0, 4.0)
    assert np.isnan(summarize(np.array([np.inf]))).all()


FACTORS = {"a": [0, 0, 1, 1], "b": [0, 1, 0, 1], "one": [5, 5, 5, 5]}


def test_shares_by_hand():
    """Values 0 1 4 7 have the mean 3 and the sum of squares 30; a's means .5, 5.5 explain 25, b's 2, 4 explain 4."""
    assert variance_shares(np.array([0.0, 1, 4, 7]), FACTORS) == pytest.approx({"a": 25 / 30, "b": 4 / 30})
    assert variance_shares(np.ones(4), FACTORS) == {"a": 0.0, "b": 0.0}


def test_shares_leave_out_what_is_not_finite():
    assert variance_shares(np.array([0.0, 2, 4, np.nan]), FACTORS)["a"] == pytest.approx(6 / 8)  # means 1, 4 around 2


def test_apart_counts_pairs_that_differ_in_one_factor_only():
    """Of four, 0-2 and 1-3 differ in a only, 0-1 and 2-3 in b only, 0-3 and 1-2 in both."""
    distances = np.zeros((4, 4))
    for (i, j), value in {(0, 2): 1, (1, 3): 3, (0, 1): 5, (2, 3): 7, (0, 3): 100, (1, 2): 100}.items():
        distances[i, j] = distances[j, i] = value
    assert mean_distances_by_factor(distances, FACTORS) == {"a": 2.0, "b": 6.0}
    assert sorted(distinct_pairs(distances)) == [1, 3, 5, 7, 100, 100]
    distances[1, 3] = distances[3, 1] = np.nan
    assert mean_distances_by_factor(distances, FACTORS)["a"] == 1.0
