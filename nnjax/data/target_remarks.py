"""Say where the targets of a table's parts are too much alike to be learned, or to be judged by."""

import numpy as np

from nnjax.core.types import Dataset
from nnjax.data.split_sizes import Split

SHOWN = 5  # classes that are named


def remarks(dataset: Dataset, parts: Split) -> tuple[str, ...]:
    """Say which parts of a table have one class or one number alone, and which classes the training part lacks."""
    if dataset.recipe is None or dataset.y is None:
        return ()
    named = {"training": parts.train, "validation": parts.validation, "test": parts.test}
    found = {part: np.unique(dataset.y[rows], axis=0) for part, rows in named.items() if len(rows)}
    if dataset.task == "regression":
        return (*_constant(dataset, found["training"]),)
    names = dataset.classes
    if len(found["training"]) == 1:
        only = names[int(found["training"][0])]
        return (f"The training part of {dataset.name} has one class alone, {only!r}: there is nothing to learn.",)
    said = [
        f"The {part} part of {dataset.name} has one class alone, {names[int(values[0])]!r}: its scores say nothing of "
        "the others."
        for part, values in found.items()
        if len(values) == 1
    ]
    elsewhere = np.unique(np.concatenate([found[part] for part in found]))
    lacking = [names[int(code)] for code in np.setdiff1d(elsewhere, found["training"])]
    if lacking:
        more = ", …" if len(lacking) > SHOWN else ""
        listed = ", ".join(map(repr, lacking[:SHOWN]))
        said.append(f"The training part of {dataset.name} has no example of {listed}{more}: nothing is learned of it.")
    return tuple(said)


def _constant(dataset: Dataset, values: np.ndarray) -> list[str]:
    """Say which targets have one number alone, of distinct rows [n, k] of the training part."""
    same = [name for i, name in enumerate(dataset.targets) if values[:, i].min() == values[:, i].max()]
    return [
        f"The target {name!r} of {dataset.name} is {values[0, dataset.targets.index(name)]:g} in each training row: "
        "there is nothing to learn."
        for name in same
    ]
