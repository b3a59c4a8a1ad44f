"""Measure the curse of dimensionality: how distances concentrate as the dimension grows.

Contrast is (farthest − nearest) / nearest of a query, the mean over queries; spread is the standard deviation of all
distances over their mean. Both go to 0 with the dimension where coordinates are independent. Source: Beyer et al. 1999,
"When is nearest neighbor meaningful?"; Aggarwal et al. 2001 for orders p.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.types import Array
from nnjax.distances.elastic import DTW, EDR, ERP, LCSS
from nnjax.distances.metric_record import Metric
from nnjax.distances.neighbors import classify
from nnjax.distances.pairs import pairwise
from nnjax.distances.vectors import Jaccard, Minkowski

DIMENSIONS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
VECTORS: dict[str, Metric] = {
    "Minkowski ½": Minkowski(0.5),
    "Manhattan": Minkowski(1),
    "Euclidean": Minkowski(2),
    "Chebyshev": Minkowski(math.inf),
    "Jaccard": Jaccard(),
}
SERIES: dict[str, Metric] = {
    "DTW": DTW(),
    "DTW, window .1": DTW(0.1),
    "LCSS": LCSS(0.25),
    "EDR": EDR(0.25),
    "ERP": ERP(0.0),
}


class Concentration(NamedTuple):
    """How concentrated distances are."""

    contrast: float  # mean of (farthest − nearest) / nearest over the queries; infinite where a nearest distance is 0
    spread: float  # standard deviation over mean of all distances


def concentration(distances: Array) -> Concentration:
    """Measure distances [q, n] of queries to examples."""
    far, near = distances.max(axis=1), distances.min(axis=1)
    contrast = float(np.mean((far - near) / near)) if near.min() > 0 else math.inf
    return Concentration(contrast, float(distances.std() / distances.mean()))


def of_noise(
    dimensions: Sequence[int] = DIMENSIONS, examples: int = 400, queries: int = 100, seed: int = 0
) -> dict[str, list[Concentration]]:
    """Measure every distance on independent coordinates, by dimension (of series: by length).

    Vectors are uniform in the unit cube, of 0 and 1 (a fair coin each) for Jaccard; series are standard normal.
    """
    found: dict[str, list[Concentration]] = {}
    for d in dimensions:
        rng = np.random.default_rng(seed)
        cube, noise = rng.random((queries + examples, d)), rng.standard_normal((queries + examples, d))
        for name, metric in {**VECTORS, **SERIES}.items():
            x = noise if name in SERIES else np.round(cube) if name == "Jaccard" else cube
            found.setdefault(name, []).append(concentration(pairwise(x[:queries], x[queries:], metric)))
    return found


class Worth(NamedTuple):
    """How well nearest neighbors work in a representation of labeled examples."""

    name: str  # of the representation
    width: int  # its numbers an example
    contrast: float  # contrast, spread: as in `Concentration`, Euclidean
    spread: float
    recall: float  # share of the 10 nearest in the original that are among the 10 nearest here
    accuracy: float  # of 5 nearest neighbors


def worths(
    representations: Mapping[str, tuple[np.ndarray, np.ndarray]], labels: np.ndarray, truth: np.ndarray
) -> list[Worth]:
    """Compare representations {name: (examples [n, width], queries [q, width])} of classes with the first one."""
    out: list[Worth] = []
    original = None
    for name, (examples, queries) in representations.items():
        distances = pairwise(queries, examples)
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :10]
        original = nearest if original is None else original
        shared = np.mean([len(np.intersect1d(a, b)) for a, b in zip(nearest, original, strict=True)]) / 10
        accuracy = float(np.mean(classify(distances, labels, 5) == truth))
        out.append(Worth(name, examples.shape[1], *concentration(distances), float(shared), accuracy))
    return out


def pca(examples: np.ndarray, queries: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the leading principal components, fitted on the examples: [n, width] and [q, width]."""
    from sklearn.decomposition import PCA

    fitted = PCA(width, svd_solver="full").fit(examples)
    return fitted.transform(examples), fitted.transform(queries)
