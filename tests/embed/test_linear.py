"""PCA, LDA, ICA and clusters: subspaces against independent solutions, identities of scatter, and bad input."""

import numpy as np
import pytest
from scipy.linalg import eigh, subspace_angles
from sklearn.datasets import load_digits, load_iris

from nnjax.core.errors import UserError
from nnjax.embed import cluster, embed, fit, scatter

X, Y = load_iris(return_X_y=True)


def test_pca_is_the_eigenvectors_of_the_covariance():
    centered = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(centered.T @ centered)
    found = fit(X, "pca", 2)
    axes = np.linalg.lstsq(centered, found.encode(X), rcond=None)[0]
    assert subspace_angles(axes, vectors[:, -2:]).max() < 1e-6
    assert found.facts["explained_variance"] == pytest.approx(values[-2:].sum() / values.sum())
    error = np.square(found.decode(found.encode(X)) - X).sum()
    assert error == pytest.approx(values[:-2].sum())  # Eckart-Young


def test_lda_is_the_generalized_eigenvectors_of_the_scatters():
    means = np.array([X[c == Y].mean(axis=0) for c in range(3)])
    within = sum((X[c == Y] - means[c]).T @ (X[c == Y] - means[c]) for c in range(3))
    between = 50 * (means - X.mean(axis=0)).T @ (means - X.mean(axis=0))
    _, vectors = eigh(between, within)
    found = fit(X, "lda", 2, labels=Y)
    axes = np.linalg.lstsq(X - X.mean(axis=0), found.encode(X), rcond=None)[0]
    assert subspace_angles(axes, vectors[:, -2:]).max() < 1e-6


def test_ica_spans_the_components_of_pca_and_finds_mixed_signals():
    """FastICA whitens by PCA first; a square wave and a sawtooth come back but for order and sign."""
    axes = [np.linalg.lstsq(X - X.mean(axis=0), fit(X, name, 2).encode(X), rcond=None)[0] for name in ("pca", "ica")]
    assert subspace_angles(*axes).max() < 1e-6
    t = np.linspace(0, 8, 1000)
    sources = np.column_stack([np.sign(np.sin(3 * t)), t % 1 - 0.5])
    found = fit(sources @ [[1, 0.5, 0.2], [0.5, 1, 2]], "ica", 2).encode(sources @ [[1, 0.5, 0.2], [0.5, 1, 2]])
    correlations = np.abs(np.corrcoef(sources.T, found.T)[:2, 2:])
    assert correlations.max(axis=1).min() > 0.99


def sample(name, n):
    """Digits, whose border pixels are constant; iris after a column of ones; its first column alone on its axis."""
    if name == "digits":
        return load_digits().data[:n]
    if name == "uncorrelated":
        codes = fit(X, "pca", 4).encode(X)
        return codes[:, ::-1]
    return np.column_stack([np.ones(150), X, np.full(150, -3.0)])[:n]


@pytest.mark.parametrize(
    ("name", "n"),
    [("digits", 60), ("digits", 100), ("digits", 777), ("digits", 1797), ("iris", 150), ("uncorrelated", 150)],
)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_ica_and_pca_span_one_plane_with_equal_error_whatever_is_constant(name, n, k):
    x = sample(name, n)
    pca, ica = (fit(x, method, k) for method in ("pca", "ica"))
    errors = [np.square(x - found.decode(found.encode(x))).sum() for found in (pca, ica)]
    assert errors[1] == pytest.approx(errors[0], rel=1e-6)
    codes = ica.encode(x)
    np.testing.assert_allclose(np.cov(codes.T).reshape(k, k), np.eye(k) * n / (n - 1), atol=1e-6)  # no component lost
    axes = [np.linalg.lstsq(x - x.mean(axis=0), found.encode(x), rcond=None)[0] for found in (pca, ica)]
    centered = x - x.mean(axis=0)
    assert subspace_angles(centered @ axes[0], centered @ axes[1]).max() < 1e-6


def test_ica_of_columns_that_depend_on_each_other_is_refused_beyond_their_rank():
    double = np.column_stack([X, X @ np.ones(4), 2 * X])
    assert np.isfinite(fit(double, "ica", 4).encode(double)).all()
    with pytest.raises(UserError, match=r"5 dimensions .* span only 4: change dimensions"):
        fit(double, "ica", 5)


def test_constant_columns_do_not_disturb_lda():
    wide = np.column_stack([X, np.zeros(len(X)), np.ones(len(X))])
    np.testing.assert_allclose(fit(wide, "lda", 2, labels=Y).encode(wide), fit(X, "lda", 2, labels=Y).encode(X))


def test_decoding_lda_is_the_best_linear_guess():
    found = fit(X, "lda", 2, labels=Y)
    codes = found.encode(X)
    design = np.column_stack([codes, np.ones(len(X))])
    best = design @ np.linalg.lstsq(design, X, rcond=None)[0]
    np.testing.assert_allclose(found.decode(codes), best, atol=1e-9)


def test_kmeans_codes_are_distances_and_decode_to_centers():
    found = fit(X, "kmeans", 3)
    codes, copies = found.encode(X), found.decode(found.encode(X))
    np.testing.assert_allclose(codes.min(axis=1), np.linalg.norm(X - copies, axis=1), atol=1e-6)
    assert found.facts["inertia"] == pytest.approx(np.square(X - copies).sum())
    assert found.facts["inertia"] == pytest.approx(78.8514, abs=1e-3)  # of iris with three clusters, widely published


@pytest.mark.parametrize("method", ["kmeans", "agglomerative"])
def test_scatter_within_and_between_is_the_total(method):
    x = load_digits().data[:300]
    found = cluster(x, method, 10)
    assert found.within + found.between == pytest.approx(np.square(x - x.mean(axis=0)).sum())
    assert found.within == pytest.approx(
        sum(np.square(x[found.labels == c] - x[found.labels == c].mean(axis=0)).sum() for c in range(10))
    )
    assert scatter(x, np.zeros(300, int)).between == pytest.approx(0, abs=1e-6)


def test_density_finds_regions_and_leaves_noise_out():
    """Two rings, which no center describes, and scattered points far off."""
    rng = np.random.default_rng(0)
    angle = 2 * np.pi * np.concatenate([np.arange(50) / 50, np.arange(250) / 250])
    rings = np.column_stack([np.cos(angle), np.sin(angle)]) * np.repeat([1, 5], [50, 250])[:, None]
    rings += 0.01 * rng.normal(size=rings.shape)
    far = rng.uniform(20, 200, (3, 2))
    found = cluster(np.vstack([rings, far]), "density")
    assert len(found.centers) == 2
    assert len(set(found.labels[:50])) == len(set(found.labels[50:300])) == 1
    assert (found.labels[300:] == -1).all()
    assert found.within + found.between == pytest.approx(np.square(rings - rings.mean(axis=0)).sum())


def test_density_of_nothing_dense_is_all_noise():
    found = cluster(np.random.default_rng(0).uniform(size=(6, 5)) * 10 ** np.arange(5), "density")
    assert (found.labels == -1).all()
    assert found.centers.shape == (0, 5)
    assert (found.within, found.between) == (0, 0)


def test_clusters_need_their_number():
    with pytest.raises(UserError, match="kmeans needs the number of clusters"):
        cluster(X, "kmeans")


def test_more_clusters_leave_less_within():
    falls = [cluster(X, "agglomerative", c).within for c in (1, 2, 4, 8, 16)]
    assert (np.diff(falls) < 0).all()


def test_a_seed_repeats():
    for method in ("ica", "kmeans"):
        first, again = (embed(X, method, seed=3).y for _ in range(2))
        np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("lda", {}, "no class labels: name a target, or choose pca"),
        ("lda", {"labels": Y, "dimensions": 3}, "LDA of 3 classes has at most 2"),
        ("pca", {"dimensions": 5}, "5 dimensions were asked for, but 1 to 4 are possible"),
        ("pca", {"dimensions": 0}, "0 dimensions"),
        ("kmeans", {"dimensions": 1000}, "of 149 distinct rows"),
        ("t-SNE", {}, "did you mean tsne"),
        ("isomap", {}, "choose one of pca, lda, ica, kmeans, tsne, sne, umap"),
        ("pca", {"perplexity": 5.0}, "it belongs to tsne and sne"),
        ("tsne", {"dimensions": 3}, "in the plane: use 2"),
        ("tsne", {"engine": "cuda"}, "choose one of exact, sklearn, opentsne"),
    ],
)
def test_mistakes_get_one_sentence(method, options, words):
    with pytest.raises(UserError, match=words):
        embed(X, method, **options)


def test_constant_columns_leave_fewer_dimensions():
    with pytest.raises(UserError, match=r"1 to 1 are possible \(3 of 4 columns are constant\)"):
        embed(X * [1, 0, 0, 0], "pca", dimensions=2)
