"""Say that rows of the test part train too, cell for cell."""

import numpy as np

from nnjax.core.types import Dataset
from nnjax.data.split_sizes import Split

SHARE = 0.05  # of the test rows; fewer are said to no one
DISTINCT = 20  # values of a number, above which equal rows are hardly chance


def remarks(dataset: Dataset, parts: Split) -> tuple[str, ...]:
    """Say how many test rows of a table are among its training rows, where these have a number of many values."""
    if dataset.recipe is None or dataset.y is None or not len(parts.test):
        return ()
    x = np.asarray(dataset.x[:])
    numbers = [dataset.features.index(column.name) for column in dataset.recipe.columns if column.kind == "number"]
    if not any(len(np.unique(x[parts.train, i])) > DISTINCT for i in numbers):
        return ()
    rows = np.concatenate([x, dataset.y.reshape(len(x), -1)], axis=1)
    trained = {row.tobytes() for row in rows[parts.train]}
    repeated = sum(row.tobytes() in trained for row in rows[parts.test])
    if repeated < SHARE * len(parts.test):
        return ()
    return (
        f"{repeated} of {len(parts.test)} test rows of {dataset.name} are in the training part too, cell for cell: "
        "where these are the same examples twice, remove them, or say which rows belong together "
        "(data.groups=COLUMN), else test scores are too good.",
    )
