"""What codes are worth: on examples whose answers are known, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from nnjax.distances import DTW
from nnjax.distances.views import Split
from nnjax.embed.codes import Code, InputNeighbors, accuracies, baselines, compose, measure, overlap
from nnjax.embed.linear import fit


@pytest.fixture(scope="module")
def some():
    """Two classes that the first of 12 coordinates parts but for a few, 80 and 40 of them."""
    rng = np.random.default_rng(0)
    labels, truth = np.arange(80) % 2, np.arange(40) % 2
    x, queries = (rng.normal(size=(len(y), 12)) + 3 * np.eye(12)[0] * y[:, None] for y in (labels, truth))
    return Split(x, queries, labels, truth, 2)


def test_the_examples_as_their_own_code_lose_nothing(some):
    itself = Code("all inputs", 12, None, some.x, some.queries, some.queries)
    found = measure([itself], some, InputNeighbors.of(some))[0]
    assert found["reconstruction"] == 0
    assert found["trustworthiness"] == found["shepard"] == found["euclidean_recall"] == pytest.approx(1)
    assert "dtw_recall" not in found


def test_measures_of_a_code(some):
    """One coordinate: its copies miss the other eleven; neighbors and votes as scikit-learn finds them."""
    train_codes, test_codes = some.x[:, :1], some.queries[:, :1]
    copies = np.pad(test_codes, ((0, 0), (0, 11)))
    found = measure([Code("first input", 1, None, train_codes, test_codes, copies)], some, InputNeighbors.of(some))[0]
    assert found["reconstruction"] == pytest.approx(np.square(some.queries[:, 1:]).sum() / some.queries.size)
    wanted = KNeighborsClassifier(5).fit(train_codes, some.labels).score(test_codes, some.truth)
    assert found["knn_accuracy"] == pytest.approx(wanted)
    near = [
        NearestNeighbors(n_neighbors=10).fit(a).kneighbors(b, return_distance=False)
        for a, b in ((train_codes, test_codes), (some.x, some.queries))
    ]
    kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)])
    assert found["euclidean_recall"] == pytest.approx(kept)
    assert 0.85 < found["linear_accuracy"] < 1  # Φ(1.5) = .933


def test_a_linear_classifier_does_not_mind_a_linear_code(some):
    mixed = np.random.default_rng(1).normal(size=(12, 12))
    near = InputNeighbors.of(some).near
    found = accuracies(some.x @ mixed, some.queries @ mixed, near, some)["linear_accuracy"]
    assert found == pytest.approx(accuracies(some.x, some.queries, near, some)["linear_accuracy"], abs=0.05)


def test_shared_by_hand():
    assert overlap(np.array([[0, 1], [2, 3]]), np.array([[1, 0], [3, 9]])) == 0.75


def test_series_are_also_compared_under_dtw(some):
    truth = InputNeighbors.of(some, DTW())
    found = measure([Code("all inputs", 12, None, some.x, some.queries, some.queries)], some, truth)[0]
    assert found["dtw_recall"] == overlap(truth.near, truth.dtw) < 1
    assert [row["method"] for row in baselines(some, truth)] == ["all inputs", "all inputs, DTW"]


def test_ica_of_principal_components_is_ica(some):
    """FastICA whitens to the first components anyway: the same subspace, and so the same copies."""
    whole = fit(some.x, "pca", 6)
    found = compose(whole, fit(whole.encode(some.x), "ica", 3))
    wanted = fit(some.x, "ica", 3)
    np.testing.assert_allclose(
        found.decode(found.encode(some.queries)), wanted.decode(wanted.encode(some.queries)), atol=1e-6
    )
