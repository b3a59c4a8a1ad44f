"""Affinities against scikit-learn's internals (sklearn.manifold._t_sne and _utils, 1.9.1) and the definition."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform
from sklearn.datasets import load_digits
from sklearn.manifold import _t_sne
from sklearn.metrics import pairwise_distances

from nnjax.embed.affinities import affinities, squared_distances

X = load_digits().data[:301] / 16  # blocks of 128 do not divide it
PERPLEXITIES = (5.0, 30.0, 80.0)


@pytest.fixture(scope="module")
def found():
    return affinities(X, PERPLEXITIES)


def test_joint_affinities_are_those_of_scikit_learn(found):
    """scikit-learn bisects the entropy to 1e-5."""
    distances = pairwise_distances(X, squared=True)
    for p, perplexity in zip(found.joint, PERPLEXITIES, strict=True):
        theirs = squareform(_t_sne._joint_probabilities(distances, perplexity, 0))
        np.testing.assert_allclose(p, theirs, rtol=2e-4, atol=1e-9)


def test_they_are_symmetric_and_sum_to_one(found):
    for p in found.joint:
        np.testing.assert_array_equal(p, p.T)
        assert p.sum(dtype=np.float64) == pytest.approx(1, abs=1e-6)
        assert not np.diag(p).any()


def test_every_point_has_the_perplexity_asked_for(found):
    """The conditional entropies add up to n log u; the joint one is Σ p log p in float64."""
    np.testing.assert_allclose(found.conditional_entropy, -len(X) * np.log(PERPLEXITIES), rtol=1e-5)
    p = found.joint[1].astype(np.float64)
    assert found.joint_entropy[1] == pytest.approx((p[p > 0] * np.log(p[p > 0])).sum(), rel=1e-6)


def test_far_apart_and_shifted_data_change_nothing():
    """Distances are computed in float64 from the mean: a million away, or a million times as large, P is the same."""
    (here,) = affinities(X, [30.0]).joint
    for other in (X + 1e6, X * 1e6, X * 1e-6):
        np.testing.assert_allclose(affinities(other, [30.0]).joint[0], here, rtol=1e-3, atol=1e-9)


def test_equal_neighbors_share_the_affinity():
    """A square: two neighbors at distance 1, one at √2; at a perplexity near 2 the diagonal is almost left out."""
    square = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    (p,) = affinities(square, [2.0]).joint
    np.testing.assert_allclose(p[0], [0, 0.125, 0.125, 0], atol=1e-4)


def test_squared_distances():
    np.testing.assert_allclose(squared_distances(X, slice(3, 7)), pairwise_distances(X, X[3:7]) ** 2, atol=1e-12)
