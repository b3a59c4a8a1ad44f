"""PCA, LDA, ICA and k-means: reductions that are fitted on some points and then applied to any."""

import warnings
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.embed import checks
from nnjax.embed.clusters import cluster


class Reduction(NamedTuple):
    """A fitted reduction.

    Attributes:
      encode: codes [n, k] of points [n, d].
      decode: points [n, d] from codes: the best linear guess, of k-means the nearest center.
      facts: what the fit says of itself, by name.
    """

    encode: Callable[[np.ndarray], np.ndarray]
    decode: Callable[[np.ndarray], np.ndarray]
    facts: Mapping[str, float]


def fit(
    x: np.ndarray, method: str, dimensions: int = 2, *, labels: np.ndarray | None = None, seed: int = 0
) -> Reduction:
    """Fit a reduction to k numbers, by scikit-learn.

    Args:
      x: [n, d] finite numbers.
      method: "pca"; "lda" (linear discriminants, at most classes - 1); "ica" (FastICA, components of variance 1); or
        "kmeans", whose codes are the distances to k centers.
      dimensions: k.
      labels: [n] classes; for LDA only.
      seed: of ICA's and k-means's first guesses.

    Raises:
      UserError: an unknown method, LDA without labels, too many dimensions, or what `checks.points` refuses.
    """
    checks.choice("method", method, FITS)
    return FITS[method](np.asarray(checks.points(x), np.float64), dimensions, labels, seed)


def _pca(x: np.ndarray, dimensions: int, labels: np.ndarray | None, seed: int) -> Reduction:
    from sklearn.decomposition import PCA

    checks.dimensions(x, dimensions)
    model = PCA(dimensions, svd_solver="full").fit(x)
    share = float(model.explained_variance_ratio_.sum())
    return Reduction(model.transform, model.inverse_transform, {"explained_variance": share})


def _ica(x: np.ndarray, dimensions: int, labels: np.ndarray | None, seed: int) -> Reduction:
    """Whiten by PCA, then rotate by FastICA, whose own whitening loses components.

    scikit-learn 1.9 multiplies each axis by the sign of its first entry, which is 0 where the first column is constant
    or uncorrelated with the others.
    """
    from sklearn.decomposition import PCA, FastICA
    from sklearn.exceptions import ConvergenceWarning

    checks.dimensions(x, dimensions)
    rank = np.linalg.matrix_rank(x - x.mean(axis=0))
    if dimensions > rank:
        raise UserError(
            f"{dimensions} dimensions were asked for, but the columns of the data depend on each other and span only "
            f"{rank}: change dimensions."
        )
    white = PCA(dimensions, whiten=True, svd_solver="full").fit(x)
    to_unit = np.sqrt(len(x) / (len(x) - 1))  # PCA divides by n - 1
    model = FastICA(whiten=False, random_state=seed, max_iter=1000)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(to_unit * white.transform(x))
    converged = not any(issubclass(one.category, ConvergenceWarning) for one in caught)
    rotation = model.components_  # orthogonal
    return Reduction(
        lambda points: to_unit * white.transform(points) @ rotation.T,
        lambda codes: np.asarray(white.inverse_transform(codes @ rotation / to_unit)),
        {"converged": float(converged)},
    )


def known_classes(labels: np.ndarray | None) -> np.ndarray:
    """Return the classes; UserError where there are none, which LDA needs."""
    if labels is None:
        raise UserError(
            "LDA looks for the axes that part known classes, but the data have no class labels: name a target, or "
            "choose pca."
        )
    return np.asarray(labels)


def _lda(x: np.ndarray, dimensions: int, labels: np.ndarray | None, seed: int) -> Reduction:
    """Fit linear discriminants (Fisher 1936) by scikit-learn, on the columns that vary."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    num_classes = len(np.unique(known_classes(labels)))
    if not 1 <= dimensions <= min(num_classes - 1, x.shape[1]):
        raise UserError(
            f"{dimensions} dimensions were asked for, but LDA of {num_classes} classes has at most "
            f"{min(num_classes - 1, x.shape[1])}: change dimensions."
        )
    kept = checks.varying(x)
    with warnings.catch_warnings():  # pixels that depend on each other are usual, and harmless to this solver
        warnings.filterwarnings("ignore", message="Variables are collinear")
        model = LinearDiscriminantAnalysis(n_components=dimensions).fit(x[:, kept], labels)

    def encode(points: np.ndarray) -> np.ndarray:
        return np.asarray(model.transform(np.asarray(points, np.float64)[:, kept]))

    back = _least_squares(encode(x), x)
    share = float(model.explained_variance_ratio_[:dimensions].sum())
    return Reduction(encode, back, {"explained_variance_between": share})


def _kmeans(x: np.ndarray, dimensions: int, labels: np.ndarray | None, seed: int) -> Reduction:
    found = cluster(x, "kmeans", dimensions, seed=seed)
    centers = found.centers

    def encode(points: np.ndarray) -> np.ndarray:
        squared = np.square(np.asarray(points, np.float64)).sum(axis=1, keepdims=True) - 2 * points @ centers.T
        return np.sqrt(np.maximum(squared + np.square(centers).sum(axis=1), 0))

    return Reduction(encode, lambda codes: centers[codes.argmin(axis=1)], {"inertia": found.within})


def _least_squares(codes: np.ndarray, x: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The affine map from codes [n, k] to x [n, d] of least squared error."""
    mean, center = codes.mean(axis=0), x.mean(axis=0)
    weights = np.linalg.lstsq(codes - mean, x - center, rcond=None)[0]
    return lambda points: (points - mean) @ weights + center


FITS: dict[str, Callable[..., Reduction]] = {"pca": _pca, "lda": _lda, "ica": _ica, "kmeans": _kmeans}
