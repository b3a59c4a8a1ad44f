"""The methods on groups that are far apart, and against scikit-learn's neighbours."""

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from nnjax.core.experiment import DataConfig
from nnjax.lectures.studies import methods
from nnjax.lectures.studies.views import TABLE, Examples, distances, examples


def groups(n=30):
    rng = np.random.default_rng(0)
    y, truth = np.arange(n) % 3, np.arange(n) % 3
    centres = np.array([[0, 0], [30, 0], [0, 30]])
    x, q = ((centres[labels] + rng.normal(size=(n, 2))).astype(np.float32) for labels in (y, truth))
    return Examples(x, q, y, truth, 3, TABLE, None)


def test_everything_tells_groups_apart_that_are_far_apart():
    some = groups()
    scores = [*methods.of_models(some, 0), methods.means(some, 0)]
    for name in ("Euclidean", "Manhattan"):
        found = distances(some, name)
        scores += [methods.neighbors(some, name, *found), methods.medoids(some, name, *found)]
    assert {score.accuracy for score in scores} == {1.0}
    clusters = [score for score in scores if score.kind == methods.CLUSTERS]
    np.testing.assert_allclose([(score.ari, score.ami) for score in clusters], 1)
    assert all(np.isnan(score.ari) for score in scores if score.kind != methods.CLUSTERS)


def test_clusters_without_structure_agree_as_chance_does():
    rng = np.random.default_rng(0)
    some = groups(300)._replace(y=rng.integers(0, 3, 300), truth=rng.integers(0, 3, 300))
    score = methods.means(some, 0)
    assert abs(score.ari) < 0.05
    assert abs(score.ami) < 0.05
    assert score.accuracy < 0.45


def test_neighbours_are_chosen_and_counted_as_by_scikit_learn():
    """Breast cancer has two classes and odd numbers of neighbours, so there are no ties to break."""
    some = examples(DataConfig("breast_cancer", limit=150, test=100, validation=0, scaling="standard"))
    score = methods.neighbors(some, "Euclidean", *distances(some, "Euclidean"))
    rows = [cross_val_score(KNeighborsClassifier(k), some.x, some.y, cv=LeaveOneOut()).mean() for k in (1, 3, 5, 9)]
    best = (1, 3, 5, 9)[int(np.argmax(rows))]
    theirs = KNeighborsClassifier(best).fit(some.x, some.y).score(some.q, some.truth)
    assert (score.num_neighbors, score.accuracy) == (best, pytest.approx(theirs))
    assert score.method == "kNN, Euclidean"


def test_absent_distances_are_left_out():
    scores = methods.of_distances(groups())
    assert [score.method for score in scores if score.kind == methods.NEIGHBORS] == [
        "kNN, Euclidean",
        "kNN, Manhattan",
        "kNN, Jaccard",
    ]
