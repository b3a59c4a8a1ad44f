"""The methods on groups that are far apart, and against scikit-learn's neighbors."""

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from nnjax.core.experiment import DataConfig
from nnjax.data import prepare
from nnjax.distances import scores
from nnjax.distances.views import Split, distances, split_of


def groups(n=30):
    rng = np.random.default_rng(0)
    y, truth = np.arange(n) % 3, np.arange(n) % 3
    centers = np.array([[0, 0], [30, 0], [0, 30]])
    x, q = ((centers[labels] + rng.normal(size=(n, 2))).astype(np.float32) for labels in (y, truth))
    return Split(x, q, y, truth, 3)


def test_everything_tells_groups_apart_that_are_far_apart():
    some = groups()
    found = [*scores.score_models(some, 0), scores.score_k_means(some, 0), scores.score_density(some)]
    for name in ("Euclidean", "Manhattan"):
        among_and_to = distances(some, name)
        found += [scores.score_neighbors(some, name, *among_and_to), scores.score_medoids(some, name, *among_and_to)]
    assert {score.accuracy for score in found} == {1.0}
    clusters = [score for score in found if score.kind == scores.CLUSTERS]
    np.testing.assert_allclose([(score.ari, score.ami) for score in clusters], 1)
    assert all(np.isnan(score.ari) for score in found if score.kind != scores.CLUSTERS)


def test_dense_regions_are_as_many_as_there_are():
    """Four groups of three classes, and far points of none: the fourth group and the far points stand for no class."""
    some = groups(60)
    rng = np.random.default_rng(1)
    fourth = rng.normal(30, 1, size=(12, 2))
    x = np.concatenate([some.x, fourth, [[500.0, 0], [0, 900]]]).astype(np.float32)
    labels = np.concatenate([some.labels, np.zeros(14, int)])
    queries = np.concatenate([some.queries, fourth]).astype(np.float32)
    truth = np.concatenate([some.truth, np.zeros(12, int)])
    found = scores.score_density(Split(x, queries, labels, truth, 3))
    assert found.accuracy == pytest.approx(60 / 72)
    assert found.ari < 1


def test_clusters_without_structure_agree_as_chance_does():
    rng = np.random.default_rng(0)
    some = groups(300)._replace(labels=rng.integers(0, 3, 300), truth=rng.integers(0, 3, 300))
    score = scores.score_k_means(some, 0)
    assert abs(score.ari) < 0.05
    assert abs(score.ami) < 0.05
    assert score.accuracy < 0.45


@pytest.mark.slow
def test_neighbors_are_chosen_and_counted_as_by_scikit_learn():
    """Breast cancer has two classes and odd numbers of neighbors, so there are no ties to break."""
    some = split_of(prepare(DataConfig("breast_cancer", limit=150, test=100, validation=0, scaling="standard")))
    score = scores.score_neighbors(some, "Euclidean", *distances(some, "Euclidean"))
    counts, folds = (1, 3, 5, 9), LeaveOneOut()
    rows = [cross_val_score(KNeighborsClassifier(k), some.x, some.labels, cv=folds).mean() for k in counts]
    best = counts[int(np.argmax(rows))]
    theirs = KNeighborsClassifier(best).fit(some.x, some.labels).score(some.queries, some.truth)
    assert (score.num_neighbors, score.accuracy) == (best, pytest.approx(theirs))
    assert score.method == "kNN, Euclidean"


def test_absent_distances_are_left_out():
    found = scores.score_distances(groups())
    assert [score.method for score in found if score.kind == scores.NEIGHBORS] == [
        "kNN, Euclidean",
        "kNN, Manhattan",
        "kNN, Jaccard",
    ]
