"""Other libraries' layouts: scikit-learn's Barnes-Hut here; UMAP and openTSNE need their extras (`make test-peers`)."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_iris

from nnjax.core.errors import UserError
from nnjax.embed import embed, quality

X = load_iris().data


@pytest.mark.slow
def test_scikit_learn_approximates():
    found = embed(X, "tsne", engine="sklearn", perplexity=20.0)
    assert found.options == {"perplexity": 20.0, "seed": 0, "init": "pca", "engine": "sklearn"}
    assert quality(X, found.y)["trustworthiness"] > 0.97
    with pytest.raises(UserError, match="perplexity is 50"):
        embed(X, "tsne", engine="sklearn", perplexity=50.0)


@pytest.mark.peers
def test_umap():
    """The floor of .97 is the one that umap-learn's own tests set for iris."""
    first, again = (embed(X, "umap", seed=1) for _ in range(2))
    np.testing.assert_array_equal(first.y, again.y)
    assert quality(X, first.y)["trustworthiness"] > 0.97


@pytest.mark.peers
def test_opentsne():
    found = embed(X, "tsne", engine="opentsne")
    assert quality(X, found.y)["trustworthiness"] > 0.97


@pytest.mark.parametrize(("module", "options"), [("umap", {"method": "umap"}), ("openTSNE", {"engine": "opentsne"})])
def test_an_extra_that_is_not_there_is_named(module, options, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=rf"{module}, which is not installed: pip install 'nnjax\[{module.lower()}\]'"):
        embed(X, **options)


def test_umaps_numbers_are_checked():
    for options, words in (({"neighbors": 1}, "neighbors is 1"), ({"min_dist": 2.0}, "min_dist is 2")):
        with pytest.raises(UserError, match=words):
            embed(X, "umap", **options)
