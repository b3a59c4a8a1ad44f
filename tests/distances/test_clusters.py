"""k-medoids against every choice of medoids and every swap; the naming of clusters against every permutation."""

import itertools

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.distances import pairwise
from nnjax.distances.clusters import k_medoids, name_clusters


def cost_of(distances, medoids):
    return distances[:, list(medoids)].min(axis=1).sum()


def points(seed, n=24, d=2):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_no_swap_lowers_the_cost(seed, k):
    distances = pairwise(points(seed), metric="manhattan").astype(float)
    found = k_medoids(distances, k)
    assert found.cost == pytest.approx(cost_of(distances, found.medoids))
    assert len(set(found.medoids)) == k
    np.testing.assert_array_equal(found.labels[found.medoids], np.arange(k))
    for place, candidate in itertools.product(range(k), range(len(distances))):
        swapped = list(found.medoids)
        swapped[place] = candidate
        assert cost_of(distances, swapped) >= found.cost - 1e-6


def test_the_best_of_all_choices_of_groups_far_apart():
    rng = np.random.default_rng(0)
    centers = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], 6, axis=0)
    distances = pairwise(centers + rng.normal(size=centers.shape)).astype(float)
    found = k_medoids(distances, 3)
    assert found.cost == pytest.approx(min(cost_of(distances, c) for c in itertools.combinations(range(18), 3)))
    assert [len(set(found.labels[i : i + 6])) for i in (0, 6, 12)] == [1, 1, 1]
    assert len(set(found.labels)) == 3


def test_swaps_mend_a_greedy_start():
    """On a line the middle, 6, has the least sum (30) and is chosen first; the best two (9) are without it."""
    x = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0], [6.0]])
    found = k_medoids(np.abs(x - x.T), 2)
    assert 6 not in found.medoids
    assert found.cost == 9  # such as around 1 and 11: 1 + 0 + 1, 1 + 0 + 1, and 5 from 6


def test_every_example_its_own_cluster_and_equal_examples():
    assert k_medoids(pairwise(points(0, n=4)), 4).cost == 0
    assert k_medoids(np.zeros((5, 5)), 3).cost == 0


@pytest.mark.parametrize(
    ("distances", "k", "sentence"),
    [
        (np.zeros((3, 2)), 1, r"Distances \(3, 2\) were given, but \[n, n\]"),
        (np.full((2, 2), np.nan), 1, "hold NaN or infinity"),
        (np.zeros((3, 3)), 0, "k=0 clusters were asked for, but 1 to 3 can be made"),
        (np.zeros((3, 3)), 4, "k=4 clusters were asked for, but 1 to 3 can be made"),
    ],
)
def test_mistakes(distances, k, sentence):
    with pytest.raises(UserError, match=sentence):
        k_medoids(distances, k)


def test_the_naming_is_the_best_of_all():
    rng = np.random.default_rng(1)
    clusters, labels = rng.integers(0, 4, (2, 50))
    names = name_clusters(clusters, labels, 4)
    best = max(np.mean(np.array(p)[clusters] == labels) for p in itertools.permutations(range(4)))
    assert sorted(names) == [0, 1, 2, 3]
    assert np.mean(names[clusters] == labels) == best
    np.testing.assert_array_equal(name_clusters([2, 2, 0, 1], [0, 0, 1, 2], 3), [1, 2, 0])
