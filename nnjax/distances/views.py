"""One split of a labeled set as each distance needs it: as vectors, as sets, or as series."""

from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Prepared
from nnjax.data.series import SOURCE
from nnjax.distances.elastic import DTW
from nnjax.distances.metrics import Metric
from nnjax.distances.pairs import pairwise
from nnjax.distances.vectors import Jaccard, Minkowski

IMAGE, TABLE, SERIES = "image", "table", "series"
WINDOW = 0.1  # of DTW's band, as a share of the length
METRICS: dict[str, Metric] = {
    "Euclidean": Minkowski(2),
    "Manhattan": Minkowski(1),
    "Jaccard": Jaccard(),
    "DTW": DTW(WINDOW),
}
ABSENT = {(TABLE, "DTW"): "the columns of a table have no order, so there is nothing to warp"}


class Split(NamedTuple):
    """Training and test examples of a labeled set."""

    x: np.ndarray  # x, queries: [n, d], [q, d] float32, training and test inputs, scaled
    queries: np.ndarray
    labels: np.ndarray  # labels, truth: [n], [q] int, their classes
    truth: np.ndarray
    num_classes: int  # k
    kind: str = TABLE  # IMAGE, TABLE or SERIES
    image_shape: tuple[int, int] | None = None  # (height, width) of flattened images


def split_of(prepared: Prepared) -> Split:
    """Take the training and test part of a labeled set, images if its examples are; UserError if it lacks either."""
    data = prepared.dataset
    if data.task != "classification" or data.y is None or not len(prepared.test):
        raise UserError(f"{data.name} has no labeled test examples: choose data with classes and a test part.")
    parts = (prepared.train, prepared.test)
    x, queries = (prepared.inputs(part) for part in parts)
    labels, truth = (np.asarray(data.y)[part] for part in parts)
    kind = IMAGE if data.image_shape else SERIES if data.source == SOURCE else TABLE
    return Split(x, queries, labels, truth, len(data.classes), kind, data.image_shape)


def distances(some: Split, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Compute distances among training examples [n, n], and of test examples to them [q, n]; None in `ABSENT`."""
    if (some.kind, name) in ABSENT:
        return None
    x, queries = (_view(some, part, name) for part in (some.x, some.queries))
    return pairwise(x, metric=METRICS[name]), pairwise(queries, x, METRICS[name])


def _view(some: Split, values: np.ndarray, name: str) -> np.ndarray:
    """Sets of what lies above a threshold for Jaccard; an image as the series of its rows for DTW; else the vectors."""
    if name == "Jaccard":
        return (values > _threshold(some)).astype(np.float32)
    if name == "DTW" and some.image_shape is not None:
        return values.reshape(len(values), *some.image_shape)
    return values


def _threshold(some: Split) -> np.ndarray | float:
    """Half of white, the training median of each column, or the mean of each series, which is 0."""
    return {IMAGE: 0.5, TABLE: np.median(some.x, axis=0), SERIES: 0.0}[some.kind]
