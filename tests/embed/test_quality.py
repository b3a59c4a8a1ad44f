"""Quality measures against scikit-learn 1.9.1 and SciPy where they have them, and by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, silhouette_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from nnjax.core.errors import UserError
from nnjax.embed import qualities, quality
from nnjax.embed.quality import BLOCK, MOST_PAIRED, silhouettes, vote


@pytest.fixture(scope="module")
def case():
    """Points in 6 dimensions, more than a block of them, in four classes, and a plane that keeps some of it."""
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=BLOCK + 44)
    x = rng.normal(size=(len(labels), 6)) + 2 * np.eye(6)[labels]
    return x, x[:, :2] + 0.3 * rng.normal(size=(len(x), 2)), labels


@pytest.mark.parametrize("k", [1, 10, 100])
def test_trustworthiness_and_continuity(case, k):
    x, y, _ = case
    found = quality(x, y, k=k)
    assert found["trustworthiness"] == pytest.approx(trustworthiness(x, y, n_neighbors=k), abs=1e-12)
    assert found["continuity"] == pytest.approx(trustworthiness(y, x, n_neighbors=k), abs=1e-12)


def test_recall(case):
    x, y, _ = case
    near = [NearestNeighbors(n_neighbors=10).fit(space).kneighbors(return_distance=False) for space in (x, y)]
    kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)])
    assert quality(x, y)["recall"] == pytest.approx(kept, abs=1e-12)


def test_shepard(case):
    x, y, _ = case
    assert quality(x, y)["shepard"] == pytest.approx(spearmanr(pdist(x), pdist(y)).statistic, abs=1e-9)


@pytest.mark.slow
def test_shepard_of_many_points_is_that_of_those_drawn():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(MOST_PAIRED + 500, 3))
    y = x[:, :2]
    found = [quality(x, y, seed=seed)["shepard"] for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
    chosen = rng.choice(len(x), 1500, replace=False)
    assert found[2] == pytest.approx(spearmanr(pdist(x[chosen]), pdist(y[chosen])).statistic, abs=0.02)


def test_silhouette(case):
    x, y, labels = case
    assert quality(x, y, labels)["silhouette"] == pytest.approx(silhouette_score(y, labels), abs=1e-12)


def test_silhouette_of_lone_and_coinciding_points():
    """Rousseeuw: 0 for a class of one; here also for points that all coincide. By hand: (4 - 1) / 4 and (3 - 1) / 3."""
    y = np.array([[0.0], [1.0], [4.0]])
    distances = np.abs(y - y.T)
    np.fill_diagonal(distances, np.inf)
    found = silhouettes(distances, np.array([0, 0, 1]), slice(0, 3))
    np.testing.assert_allclose(found, [3 / 4, 2 / 3, 0])
    assert not silhouettes(np.where(np.eye(3) > 0, np.inf, 0.0), np.array([0, 0, 1]), slice(0, 3)).any()


def test_votes_of_the_neighbors(case):
    """Leave-one-out by scikit-learn's classifier, which takes the lowest class of several too."""
    x, y, labels = case
    right = []
    for i in range(0, len(y), 7):
        others = np.delete(np.arange(len(y)), i)
        model = KNeighborsClassifier(10).fit(y[others], labels[others])
        right.append(model.predict(y[i : i + 1])[0] == labels[i])
    near = NearestNeighbors(n_neighbors=10).fit(y).kneighbors(return_distance=False)
    ours = vote(labels[near]) == labels
    np.testing.assert_array_equal(ours[::7], right)
    assert quality(x, y, labels)["knn_accuracy"] == pytest.approx(ours.mean(), abs=1e-12)
    np.testing.assert_array_equal(vote(np.array([[2, 1, 1, 2], [0, 3, 3, 1]])), [1, 3])


def test_clusters_against_classes():
    """Four far clusters are found without a mistake; an embedding in which they coincide scores as chance does."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 30)
    y = 20 * np.eye(4)[labels] + rng.normal(size=(120, 4))
    assert adjusted_rand_score(labels, labels) == adjusted_mutual_info_score(labels, labels) == 1
    found = quality(y, y, labels)
    assert found["ari"] == found["ami"] == 1
    assert abs(quality(y, rng.normal(size=(120, 2)), labels)["ari"]) < 0.05


def test_perfect_and_useless_embeddings(case):
    x, _, labels = case
    best = quality(x, x, labels)
    assert [best[name] for name in ("trustworthiness", "continuity", "recall")] == [1, 1, 1]
    assert best["shepard"] == pytest.approx(1)
    chance = quality(x, np.random.default_rng(1).normal(size=(len(x), 2)))
    assert chance["trustworthiness"] == pytest.approx(0.5, abs=0.05)
    assert set(chance) == {"trustworthiness", "continuity", "recall", "shepard"}


def test_several_at_once_are_each_alone_and_diverged_ones_are_nan(case):
    x, y, labels = case
    found = qualities(x, [y, np.full_like(y, np.nan), x[:, :3]], labels)
    assert found[0] == quality(x, y, labels)
    assert found[2] == quality(x, x[:, :3], labels)
    assert np.isnan(list(found[1].values())).all()
    assert list(found[1]) == list(found[0])


def test_too_many_neighbors(case):
    x, y, _ = case
    with pytest.raises(UserError, match=r"k = 150 neighbors .* below n / 2 = 150"):
        quality(x, y, k=150)
    assert quality(x, y, k=149)
