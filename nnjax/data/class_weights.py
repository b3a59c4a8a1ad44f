"""Weigh the classes of a data set in training, as `Experiment.class_weight` says."""

import difflib
from collections.abc import Mapping, Sequence

import numpy as np

from nnjax.core.class_weight import BALANCED, ClassWeight
from nnjax.core.errors import UserError
from nnjax.core.types import Float, Prepared


def class_weights(given: ClassWeight, prepared: Prepared) -> Float[np.ndarray, " classes"]:
    """Return the weight of each class, float32 [classes].

    "balanced" is n / (classes there are × examples of the class), counted on the training part with the examples'
    weights (as scikit-learn's `compute_class_weight`). A class that is not named has weight 1.

    Raises:
      UserError: the data have no classes, or others than are named; no training example would count.
    """
    data = prepared.dataset
    if data.task != "classification" or data.y is None:
        raise UserError(
            f"class_weight is set, but {data.name} has no classes: leave it out (from_arrays takes sample_weight)."
        )
    labels = data.y[prepared.train]
    examples = None if data.weights is None else data.weights[prepared.train].astype(np.float64)
    sums = np.bincount(labels, examples, minlength=len(data.classes))
    value = given.value
    if value == BALANCED:
        weights = np.divide(sums.sum(), np.sum(sums > 0) * sums, out=np.ones(len(sums)), where=sums > 0)
    elif isinstance(value, Mapping):
        weights = np.ones(len(sums))
        for index, weight in _indices(value, data.classes, data.name).items():
            weights[index] = weight
    else:
        weights = np.array(value, np.float64)
        if len(weights) != len(sums):
            raise UserError(
                f"class_weight has {len(weights)} numbers, but {data.name} has {len(sums)} classes "
                f"({_listed(data.classes)}): give one for each."
            )
    if not (weights * sums > 0).any():
        raise UserError(f"class_weight is {given}, so that no training example of {data.name} counts: raise one.")
    return weights.astype(np.float32)


def _indices(value: Mapping[str, float], classes: Sequence[str], name: str) -> dict[int, float]:
    """Find the classes that are named; by index where not all are names."""
    if all(key in classes for key in value):
        return {classes.index(key): weight for key, weight in value.items()}
    if all(key.isdecimal() and int(key) < len(classes) for key in value):
        return {int(key): weight for key, weight in value.items()}
    wrong = next(key for key in value if key not in classes)
    close = difflib.get_close_matches(wrong, classes, n=2)
    meant = f"did you mean {' or '.join(close)}?" if close else f"its classes are {_listed(classes)}."
    raise UserError(f"class_weight names the class {wrong!r}, which {name} does not have; {meant}")


def _listed(classes: Sequence[str]) -> str:
    return ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
