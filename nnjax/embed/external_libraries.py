"""Layouts by other libraries: UMAP, and approximate t-SNE for more points than all pairs allow."""

import warnings
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.embed import checks
from nnjax.embed.tsne import ITERATIONS, LayoutConfig


def included() -> None:
    """Do nothing: no extra is needed."""


def import_umap() -> Any:
    """Import umap-learn, or say how to install it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return require("umap", "nnjax[umap]", "The method umap")


def import_opentsne() -> Any:
    """Import openTSNE, or say how to install it."""
    return require("openTSNE", "nnjax[opentsne]", "The engine opentsne")


ENGINES = {"exact": included, "sklearn": included, "opentsne": import_opentsne}  # and how their libraries are imported


def approximate(x: np.ndarray, setting: LayoutConfig, engine: str, init: str = "pca") -> tuple[np.ndarray, float]:
    """t-SNE by scikit-learn (Barnes-Hut, O(n log n)) or openTSNE (interpolation, O(n)), on all cores.

    Args:
      x: [n, d] finite numbers.
      setting: as for `lay_out`; the learning rate counts as there.
      engine: "sklearn" or "opentsne".
      init: "pca" or "random".

    Returns:
      The layout [n, 2] float32 and the library's divergence.

    Raises:
      UserError: an impossible perplexity, or openTSNE is not installed.
    """
    x = checks.points(x)
    checks.perplexities(x, [setting.perplexity])
    exaggeration = setting.exaggeration or 12.0
    rate: Any = "auto" if setting.learning_rate is None else setting.learning_rate
    common = {"perplexity": setting.perplexity, "early_exaggeration": exaggeration, "random_state": setting.seed}
    if engine == "sklearn":
        from sklearn.manifold import TSNE

        model = TSNE(2, learning_rate=rate, init=init, max_iter=ITERATIONS, n_jobs=-1, **common)
        return np.asarray(model.fit_transform(np.asarray(x, np.float32))), float(model.kl_divergence_)
    module = import_opentsne()
    if rate != "auto":
        rate = 4 * rate  # openTSNE leaves the factor 4 out of the gradient
    initialization = "pca" if init == "pca" else "random"
    model = module.TSNE(2, learning_rate=rate, initialization=initialization, n_jobs=-1, **common)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.fit(np.asarray(x, np.float64))
    return np.asarray(found, np.float32), float(found.kl_divergence)


def umap(
    x: np.ndarray,
    *,
    dimensions: int = 2,
    seed: int = 0,
    neighbors: int = 15,
    min_dist: float = 0.1,
    metric: str = "euclidean",
) -> np.ndarray:
    """UMAP (McInnes, Healy & Melville 2018) by umap-learn, repeatable for a seed (and so on one core).

    Args:
      x: [n, d] finite numbers.
      dimensions: of the layout.
      neighbors: of a point's neighborhood, 2 to n - 1.
      min_dist: how near points may come, 0 to 1.

    Returns:
      [n, dimensions] float32.

    Raises:
      UserError: umap-learn is not installed, or impossible numbers.
    """
    x = checks.points(x)
    if not 2 <= neighbors < len(x):
        raise UserError(f"neighbors is {neighbors}, but 2 to {len(x) - 1} was expected: set it so.")
    if not 0 <= min_dist <= 1:
        raise UserError(f"min_dist is {min_dist:g}, but a number from 0 to 1 was expected: set it so.")
    module = import_umap()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = module.UMAP(neighbors, dimensions, min_dist=min_dist, metric=metric, random_state=seed, n_jobs=1)
        return np.asarray(model.fit_transform(np.asarray(x, np.float32)))
