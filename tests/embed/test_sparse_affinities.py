"""Sparse affinities against scikit-learn 1.9.1, and their objective against the dense one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.manifold import _t_sne
from sklearn.neighbors import kneighbors_graph

from nnjax.embed import LayoutConfig, lay_out, quality, sparse_affinities, tsne_objective

X = np.random.default_rng(0).normal(size=(200, 5))  # no ties


def dense(table, n):
    """The affinities [n, n] that a table holds."""
    p = np.zeros((n, n))
    np.add.at(p, (np.repeat(table.point, sparse_affinities.WIDTH), table.neighbor.ravel()), table.weight.ravel())
    return p


@pytest.fixture(scope="module")
def found():
    """Tables of two perplexities; the first is padded to the length of the second."""
    tables, entropies = sparse_affinities.edges(X, [4.0, 10.0])
    return [sparse_affinities.Edges(*(part[g] for part in tables)) for g in range(2)], entropies


@pytest.mark.parametrize(("place", "perplexity"), [(0, 4.0), (1, 10.0)])
def test_affinities_are_those_of_scikit_learn(found, place, perplexity):
    """Barnes-Hut's: three perplexities of neighbors and one, the entropy reached on these alone."""
    graph = kneighbors_graph(X, int(3 * perplexity + 1), mode="distance")
    graph.data **= 2
    theirs = _t_sne._joint_probabilities_nn(graph, perplexity, 0).toarray()
    ours = dense(found[0][place], len(X))
    np.testing.assert_array_equal(ours > 0, theirs > 0)
    np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=1e-9)
    assert found[1][place] == pytest.approx((theirs[theirs > 0] * np.log(theirs[theirs > 0])).sum(), rel=1e-4)


@pytest.mark.parametrize("place", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_the_objective_is_the_dense_one(found, place):
    table, entropy = found[0][place], found[1][place]
    y = jnp.asarray(np.random.default_rng(1).normal(size=(2, len(X))), jnp.float32)

    @functools.partial(jax.jit, static_argnums=0)
    def values(objective, affinities):
        return objective.gradient(y, affinities, jnp.float32(3)), objective.divergence(y, affinities, entropy)

    sparse = values(sparse_affinities, table)
    full = values(tsne_objective, dense(table, len(X)).astype(np.float32))
    np.testing.assert_allclose(sparse[0], full[0], atol=1e-6)
    assert float(sparse[1]) == pytest.approx(float(full[1]), rel=1e-5)


def test_memory_grows_with_the_points_and_not_with_their_pairs():
    """Twice the points, at most 2.2 times the memory, tables included; a twentieth of all pairs."""

    def needed(n):
        rows = 4 * n
        shapes = [((2, n), np.float32), ((rows,), np.int32), ((rows, 32), np.int32), ((rows, 32), np.float32)]
        y, *table = (jax.ShapeDtypeStruct(*shape) for shape in shapes)
        compiled = (
            jax.jit(sparse_affinities.gradient)
            .lower(y, sparse_affinities.Edges(*table), jax.ShapeDtypeStruct((), np.float32))
            .compile()
        )
        memory = compiled.memory_analysis()
        return memory.temp_size_in_bytes + memory.argument_size_in_bytes

    assert needed(16_000) < 2.2 * needed(8_000) < 0.15 * 4 * 16_000**2


@pytest.mark.slow
def test_layouts_are_as_good():
    x = load_digits().data[:300] / 16
    sparse, full = (lay_out(x, [LayoutConfig(15.0)], support=support).y[0] for support in ("neighbors", "all"))
    scores = [quality(x, y)["trustworthiness"] for y in (sparse, full)]
    assert scores[0] > scores[1] - 0.01
    assert scores[0] > 0.95
