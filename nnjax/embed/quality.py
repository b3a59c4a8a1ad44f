"""Measure embeddings: which neighbors and distances they keep, and how well classes separate."""

from collections.abc import Iterator, Sequence

import numpy as np

from nnjax.distances.clusters import agreement
from nnjax.embed import checks
from nnjax.embed.affinities import squared_distances

BLOCK = 256  # points compared with all others at a time
MOST_PAIRED = 2000  # points whose pairs the Shepard correlation is taken of; of more, so many are drawn
MEASURES = {
    "trustworthiness": "neighbors in the embedding are neighbors in the data; 1 is best, .5 is chance",
    "continuity": "neighbors in the data are neighbors in the embedding; 1 is best, .5 is chance",
    "recall": "share of the k nearest neighbors that are kept",
    "shepard": "Spearman's correlation of all distances, data against embedding",
    "knn_accuracy": "share of points whose k nearest neighbors in the embedding vote for their class",
    "silhouette": "mean of (b - a) / max(a, b): a to the own class, b to the next; -1 to 1",
    "ari": "k-means in the embedding against the classes, adjusted Rand index; 0 is chance",
    "ami": "the same, adjusted mutual information; 0 is chance",
}


def quality(
    x: np.ndarray, y: np.ndarray, labels: np.ndarray | None = None, k: int = 10, seed: int = 0
) -> dict[str, float]:
    """Measure one embedding; see `qualities`."""
    return qualities(x, [y], labels, k, seed)[0]


def qualities(
    x: np.ndarray, embeddings: Sequence[np.ndarray], labels: np.ndarray | None = None, k: int = 10, seed: int = 0
) -> list[dict[str, float]]:
    """Measure embeddings of the same points, whose distances are computed once, in blocks.

    Trustworthiness T(k) = 1 - 2 / (n k (2n - 3k - 1)) Σ_i Σ_{j in U_k(i)} (r(i, j) - k), where U_k(i) are the k nearest
    neighbors in the embedding that are not among those in the data, and r(i, j) is the rank of j in the data (Venna &
    Kaski 2001); continuity exchanges the spaces.

    Args:
      x: [n, d], the data as they were embedded.
      embeddings: each [n, any].
      labels: [n] classes, or None: then the measures that need them are left out.
      k: neighbors, below n / 2.
      seed: of the points drawn for the Shepard correlation (of more than 2,000) and of k-means.

    Returns:
      For each embedding the `MEASURES` by name; NaN where the embedding is not finite.

    Raises:
      UserError: k is impossible.
    """
    checks.neighbors(len(x), k)
    able = [i for i, y in enumerate(embeddings) if np.isfinite(y).all()]
    spaces = [np.asarray(embeddings[i], np.float64) for i in able]
    classes = None if labels is None else np.unique(labels, return_inverse=True)[1]
    found = [{**near, **far} for near, far in zip(_near(x, spaces, classes, k), _far(x, spaces, seed), strict=True)]
    if classes is not None:
        for one, y in zip(found, spaces, strict=True):
            one |= _clustered(y, classes, seed)
    names = [name for name in MEASURES if labels is not None or name in list(MEASURES)[:4]]
    by_place = dict(zip(able, found, strict=True))
    lost = dict.fromkeys(names, float("nan"))
    return [{name: by_place.get(i, lost)[name] for name in names} for i in range(len(embeddings))]


def _near(x: np.ndarray, spaces: Sequence[np.ndarray], classes: np.ndarray | None, k: int) -> list[dict[str, float]]:
    """Compute the measures of neighborhoods: the first three, and with classes two more."""
    n = len(x)
    sums = [dict.fromkeys(("intruders", "extruders", "kept", "right", "silhouette"), 0.0) for _ in spaces]
    for rows, distances in blocks(x):
        near = nearest(distances, k)
        for total, y in zip(sums, spaces, strict=True):
            shown = block(y, rows)
            near_shown = nearest(shown, k)
            ranks = ranks_of(distances, near_shown)
            total["intruders"] += np.maximum(ranks - k, 0).sum()
            total["extruders"] += np.maximum(ranks_of(shown, near) - k, 0).sum()
            total["kept"] += (ranks <= k).sum()
            if classes is not None:
                total["right"] += (vote(classes[near_shown]) == classes[rows]).sum()
                total["silhouette"] += silhouettes(np.sqrt(shown), classes, rows).sum()
    scale = 2 / (n * k * (2 * n - 3 * k - 1))
    return [
        {
            "trustworthiness": float(1 - scale * total["intruders"]),
            "continuity": float(1 - scale * total["extruders"]),
            "recall": float(total["kept"] / (n * k)),
            "knn_accuracy": float(total["right"] / n),
            "silhouette": float(total["silhouette"] / n),
        }
        for total in sums
    ]


def blocks(x: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Iterate over blocks of points: rows, and their squared distances [b, n] to all, to themselves infinite."""
    centered = np.asarray(x, np.float64) - np.mean(x, axis=0, dtype=np.float64)
    for start in range(0, len(x), BLOCK):
        rows = slice(start, min(start + BLOCK, len(x)))
        yield rows, block(centered, rows)


def block(x: np.ndarray, rows: slice) -> np.ndarray:
    """Squared distances [b, n] of some rows to all; a point to itself is infinitely far."""
    distances = np.ascontiguousarray(squared_distances(x, rows).T)
    distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
    return distances


def nearest(distances: np.ndarray, k: int) -> np.ndarray:
    """Indices [b, k] of the nearest of distances [b, n]."""
    return np.argpartition(distances, k - 1, axis=1)[:, :k]


def neighbors(x: np.ndarray, k: int) -> np.ndarray:
    """Indices [n, k] of the nearest neighbors of every point of x [n, d]."""
    return np.concatenate([nearest(distances, k) for _, distances in blocks(x)])


def ranks_of(distances: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Ranks [b, k], from 1, of chosen columns among distances [b, n]."""
    values = np.take_along_axis(distances, chosen, axis=1)
    return np.stack([1 + np.count_nonzero(distances < one[:, None], axis=1) for one in values.T], axis=1)


def vote(classes: np.ndarray) -> np.ndarray:
    """The most frequent class [b] of classes [b, k] from 0; of several the lowest."""
    counts = (classes[:, :, None] == np.arange(classes.max() + 1)).sum(axis=1)
    return np.asarray(counts.argmax(axis=1))


def silhouettes(distances: np.ndarray, classes: np.ndarray, rows: slice) -> np.ndarray:
    """Rousseeuw's silhouettes [b] from distances [b, n] to all points, infinite to itself; 0 in a class of one."""
    sizes = np.bincount(classes)
    finite = np.where(np.isinf(distances), 0, distances)
    sums = finite @ (classes[:, None] == np.arange(len(sizes)))
    own, here = classes[rows], np.arange(len(distances))
    inner = sums[here, own] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes
    means[here, own] = np.inf
    outer = means.min(axis=1)
    larger = np.maximum(inner, outer)
    lone = (sizes[own] == 1) | (larger == 0) | np.isinf(outer)
    return np.where(lone, 0.0, (outer - inner) / np.where(lone, 1.0, larger))


def _far(x: np.ndarray, spaces: Sequence[np.ndarray], seed: int) -> list[dict[str, float]]:
    """Spearman's correlation of the distances of all pairs, or of the pairs of points drawn."""
    from scipy.stats import rankdata

    chosen = np.arange(len(x))
    if len(x) > MOST_PAIRED:
        chosen = np.sort(np.random.default_rng(seed).choice(len(x), MOST_PAIRED, replace=False))
    pairs = np.triu_indices(len(chosen), 1)

    def ranks(points: np.ndarray) -> np.ndarray:
        centered = np.asarray(points[chosen], np.float64)
        return np.asarray(rankdata(squared_distances(centered - centered.mean(axis=0), slice(None))[pairs]))

    wanted = ranks(x)
    return [{"shepard": _correlation(wanted, ranks(y))} for y in spaces]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation; 0 where one does not vary."""
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale else 0.0


def _clustered(y: np.ndarray, classes: np.ndarray, seed: int) -> dict[str, float]:
    """Compare the clusters of k-means in an embedding with the classes."""
    from sklearn.cluster import KMeans

    count = min(int(classes.max()) + 1, len(np.unique(y, axis=0)))
    return agreement(classes, KMeans(count, n_init=4, random_state=seed).fit_predict(y))
