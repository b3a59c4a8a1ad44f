"""Measure codes of labeled examples: accuracy of classifiers, error of the copies, distances kept."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from nnjax.distances import Metric, pairwise
from nnjax.distances.views import Split
from nnjax.embed.linear import Reduction
from nnjax.embed.quality import qualities, vote

NEIGHBORS = 5  # that vote
NEAR = 10  # whose neighborhoods are compared
MEASURES = {
    "knn_accuracy": "accuracy of 5 nearest training examples in the code",
    "linear_accuracy": "accuracy of logistic regression on the standardized code",
    "reconstruction": "mean squared error of the copies of test examples",
    "trustworthiness": "of the 10 nearest test examples, code against inputs; 1 is best, .5 chance",
    "shepard": "Spearman's correlation of the distances between test examples, code against inputs",
    "euclidean_recall": "share of the 10 nearest training examples kept, Euclidean",
    "dtw_recall": "share of the 10 nearest training series under DTW that are nearest in the code",
}
INPUTS = "all inputs"
FALLING = ("reconstruction",)  # less is better


class InputNeighbors(NamedTuple):
    """Neighbors in the inputs, with which codes are compared."""

    near: np.ndarray  # [q, 10], the nearest training examples of each test example
    dtw: np.ndarray | None  # [q, 10] of series, under DTW; None of what is no series

    @classmethod
    def of(cls, some: Split, warping: Metric | None = None) -> Self:
        """Find the neighbors of examples."""
        dtw = None if warping is None else nearest(pairwise(some.queries, some.x, warping))
        return cls(nearest(pairwise(some.queries, some.x)), dtw)


class Code(NamedTuple):
    """Codes by one method, and what it makes of them."""

    method: str  # for people
    width: int  # width, seed: of the codes; the seed is None where nothing is drawn
    seed: int | None
    train_codes: np.ndarray  # train_codes, test_codes: [n, k], [q, k], of the training and of the test examples
    test_codes: np.ndarray
    copies: np.ndarray  # [q, d], the test examples made from their codes, scaled


def measure(codes: Sequence[Code], some: Split, truth: InputNeighbors) -> list[dict[str, float]]:
    """Measure representations of the same examples: the `MEASURES` by name for each."""
    far = qualities(some.queries, [np.asarray(code.test_codes, np.float64) for code in codes], None, NEAR)
    found = []
    for code, kept in zip(codes, far, strict=True):
        near = nearest(pairwise(code.test_codes, code.train_codes))
        one = accuracies(code.train_codes, code.test_codes, near, some)
        one["reconstruction"] = float(np.square(np.asarray(code.copies, np.float64) - some.queries).mean())
        one |= {name: kept[name] for name in ("trustworthiness", "shepard")}
        one["euclidean_recall"] = overlap(near, truth.near)
        if truth.dtw is not None:
            one["dtw_recall"] = overlap(near, truth.dtw)
        found.append(one)
    return found


def accuracies(train_codes: np.ndarray, test_codes: np.ndarray, near: np.ndarray, some: Split) -> dict[str, float]:
    """Compute test accuracies in the codes of 5 nearest neighbors, and of logistic regression (C = 1).

    Args:
      train_codes, test_codes: codes of the training examples [n, k] and of the test examples [q, k].
      near: [q, 10], the nearest of the former to each of the latter.
      some: the examples.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train_codes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 200 steps change no third digit any more
        model = LogisticRegression(max_iter=200).fit(scaler.transform(train_codes), some.labels)
    return {
        "knn_accuracy": float((majority(near, some.labels) == some.truth).mean()),
        "linear_accuracy": float((model.predict(scaler.transform(test_codes)) == some.truth).mean()),
    }


def nearest(distances: np.ndarray) -> np.ndarray:
    """Find indices [q, 10] of the nearest of distances [q, n], the nearest first."""
    found = np.argpartition(distances, NEAR - 1, axis=1)[:, :NEAR]
    order = np.take_along_axis(distances, found, axis=1).argsort(axis=1)
    return np.take_along_axis(found, order, axis=1)


def majority(near: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Find the class [q] of most of the first 5 of neighbors [q, 10]; of several the lowest."""
    classes, codes = np.unique(labels, return_inverse=True)
    return classes[vote(codes[near[:, :NEIGHBORS]])]


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Compute the mean share of neighbors [q, k] that two lists have in common."""
    return float((first[:, :, None] == second[:, None, :]).any(axis=2).mean())


def compose(first: Reduction, second: Reduction) -> Reduction:
    """Compose two reductions, the second of the codes of the first."""
    return Reduction(
        lambda x: second.encode(first.encode(x)), lambda codes: first.decode(second.decode(codes)), second.facts
    )


def baselines(some: Split, truth: InputNeighbors) -> list[dict[str, Any]]:
    """Measure the examples themselves: under the Euclidean distance, and under DTW where they are series."""
    width = some.x.shape[1]
    found = [{"method": INPUTS, "width": width, "seed": None, **accuracies(some.x, some.queries, truth.near, some)}]
    if truth.dtw is not None:
        right = majority(truth.dtw, some.labels) == some.truth
        found.append({"method": f"{INPUTS}, DTW", "width": width, "seed": None, "knn_accuracy": float(right.mean())})
    return found
