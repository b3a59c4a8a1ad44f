"""Gradients and divergences of t-SNE and SNE against finite differences, the definitions, and scikit-learn 1.9.1."""

import jax
import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.manifold import _t_sne

from nnjax.embed import sne_objective, tsne_objective
from nnjax.embed.affinities import affinities

N = 23  # no multiple of the ten rows that are summed together
ONE = np.float32(1)
GRADIENT = {objective: jax.jit(objective.gradient) for objective in (tsne_objective, sne_objective)}
DIVERGENCE = {objective: jax.jit(objective.divergence) for objective in (tsne_objective, sne_objective)}


@pytest.fixture(scope="module")
def case():
    """Affinities of random points, and a layout [n, 2] with one point far away."""
    rng = np.random.default_rng(0)
    found = affinities(rng.normal(size=(N, 4)), [5.0])
    y = rng.normal(size=(N, 2)).astype(np.float32)
    y[3] = 40.0
    return found, y


def exact(y, p, kind):
    """Both divergences by their definitions, float64."""
    squared = squareform(pdist(y, "sqeuclidean"))
    if kind == "tsne":
        w = 1 / (1 + squared)
        np.fill_diagonal(w, 0)
        q = w / w.sum()
        there = p > 0
        return (p[there] * np.log(p[there] / q[there])).sum()
    np.fill_diagonal(squared, np.inf)
    nearest = squared.min(axis=1, keepdims=True)
    log_q = -(squared - nearest) - np.log(np.exp(nearest - squared).sum(axis=1, keepdims=True))
    there = p > 0
    return (p[there] * (np.log(p[there]) - log_q[there])).sum()


def conditional(x, perplexity):
    """p_{j|i} [i, j] by a scalar bisection per row, float64."""
    squared = squareform(pdist(x, "sqeuclidean"))
    np.fill_diagonal(squared, np.inf)
    out = np.zeros_like(squared)
    for i, row in enumerate(squared):
        low, high = 1e-6, 1e6
        for _ in range(200):
            beta = np.sqrt(low * high)
            e = np.exp(-beta * (row - row.min()))
            e /= e.sum()
            entropy = -(e[e > 0] * np.log(e[e > 0])).sum()
            low, high = (beta, high) if entropy > np.log(perplexity) else (low, beta)
        out[i] = e
    return out


def differences(y, p, kind, step=1e-5):
    """Central differences of the definition, [n, 2]."""
    y = y.astype(np.float64)
    out = np.zeros_like(y)
    for place in np.ndindex(y.shape):
        up, down = y.copy(), y.copy()
        up[place] += step
        down[place] -= step
        out[place] = (exact(up, p, kind) - exact(down, p, kind)) / (2 * step)
    return out


def test_tsne_against_finite_differences(case):
    found, y = case
    p = found.joint[0].astype(np.float64)
    ours = np.asarray(GRADIENT[tsne_objective](y.T, found.joint[0], ONE)).T
    np.testing.assert_allclose(ours, differences(y, p, "tsne"), atol=2e-6)
    value = DIVERGENCE[tsne_objective](y.T, found.joint[0], found.joint_entropy[0])
    assert float(value) == pytest.approx(exact(y.astype(np.float64), p, "tsne"), rel=1e-5)


def test_sne_against_finite_differences():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(N, 4)), rng.normal(size=(N, 2)).astype(np.float32)
    y[3] = 12.0  # its q are tiny but for the nearest points
    found, p = affinities(x, [5.0]), conditional(x, 5.0)
    ours = np.asarray(GRADIENT[sne_objective](y.T, found.joint[0], ONE)).T
    np.testing.assert_allclose(ours, differences(y, p, "sne"), rtol=1e-3, atol=2e-4)
    value = DIVERGENCE[sne_objective](y.T, found.joint[0], found.conditional_entropy[0])
    assert float(value) == pytest.approx(exact(y.astype(np.float64), p, "sne"), rel=1e-5)


def test_tsne_against_scikit_learn(case):
    """Gradient and divergence of its exact method on the same P."""
    found, y = case
    p = squareform(found.joint[0].astype(np.float64), checks=False)
    divergence, gradient = _t_sne._kl_divergence(y.astype(np.float64).ravel(), p, 1, N, 2)
    ours = GRADIENT[tsne_objective](y.T, found.joint[0], ONE)
    np.testing.assert_allclose(np.asarray(ours).T.ravel(), gradient, atol=1e-6)
    value = DIVERGENCE[tsne_objective](y.T, found.joint[0], found.joint_entropy[0])
    assert float(value) == pytest.approx(divergence, rel=1e-5)


@pytest.mark.parametrize("objective", [tsne_objective, sne_objective])
def test_exaggeration_multiplies_the_attraction(case, objective):
    """The gradient is affine in it: 2 g(2) - g(1) = g(3)."""
    found, y = case
    g = [np.asarray(GRADIENT[objective](y.T, found.joint[0], np.float32(e))) for e in (1, 2, 3)]
    np.testing.assert_allclose(2 * g[1] - g[0], g[2], rtol=1e-4, atol=1e-3)
    assert not np.allclose(g[0], g[1])


@pytest.mark.parametrize("objective", [tsne_objective, sne_objective])
def test_memory_does_not_hold_all_pairs(objective):
    """Beside P the compiled gradient needs less than a tenth of n² floats."""
    n = 1000
    shapes = [jax.ShapeDtypeStruct(s, np.float32) for s in ((2, n), (n, n), ())]
    needed = GRADIENT[objective].lower(*shapes).compile().memory_analysis().temp_size_in_bytes
    assert needed < 0.1 * 4 * n * n
