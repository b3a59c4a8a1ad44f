"""How a set of examples looks to a distance: as vectors, as sets, or as series; or why it cannot be looked at so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nnjax.core.experiment import DataConfig
from nnjax.data import prepare
from nnjax.distances import DTW, Jaccard, Metric, Minkowski, pairwise

IMAGE, TABLE, SERIES = "image", "table", "series"
WINDOW = 0.1  # of DTW's band, as a share of the length
METRICS: dict[str, Metric] = {
    "Euclidean": Minkowski(2),
    "Manhattan": Minkowski(1),
    "Jaccard": Jaccard(),
    "DTW": DTW(WINDOW),
}
ABSENT = {
    (TABLE, "DTW"): "the columns of a table have no order, so there is nothing to warp",
}


class Examples(NamedTuple):
    """One split of a set.

    Attributes:
      x, q: [n, d], [m, d] float32, training and test inputs, scaled.
      y, truth: [n], [m] int, their classes.
      num_classes: k.
      kind: IMAGE, TABLE or SERIES.
      image_shape: (height, width) of flattened images.
    """

    x: np.ndarray
    q: np.ndarray
    y: np.ndarray
    truth: np.ndarray
    num_classes: int
    kind: str
    image_shape: tuple[int, int] | None


def examples(config: DataConfig) -> Examples:
    """Load and split a labelled set: an image set where its examples are images, else a series where it is generated.

    Raises:
      UserError: see `nnjax.data.prepare`.
    """
    from nnjax.data.series import SOURCE

    prepared = prepare(config)
    data = prepared.dataset
    x, q = (np.asarray(prepared.x_scaler(data.x[part].astype(np.float32))) for part in (prepared.train, prepared.test))
    kind = IMAGE if data.image_shape else SERIES if data.source == SOURCE else TABLE
    labels = np.asarray(data.y)
    return Examples(x, q, labels[prepared.train], labels[prepared.test], len(data.classes), kind, data.image_shape)


def distances(some: Examples, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Distances among the training examples [n, n], and of the test examples to them [m, n]; None in `ABSENT`."""
    if (some.kind, name) in ABSENT:
        return None
    x, q = (_view(some, part, name) for part in (some.x, some.q))
    return pairwise(x, metric=METRICS[name]), pairwise(q, x, METRICS[name])


def _view(some: Examples, values: np.ndarray, name: str) -> np.ndarray:
    """Sets of what lies above a threshold for Jaccard; an image as the series of its rows for DTW; else the vectors."""
    if name == "Jaccard":
        return (values > _threshold(some)).astype(np.float32)
    if name == "DTW" and some.image_shape is not None:
        return values.reshape(len(values), *some.image_shape)
    return values


def _threshold(some: Examples) -> np.ndarray | float:
    """Half of white, the training median of each column, or the mean of each series, which is 0."""
    return {IMAGE: 0.5, TABLE: np.median(some.x, axis=0), SERIES: 0.0}[some.kind]
