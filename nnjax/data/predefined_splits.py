"""Join the user's validation and test sets to the training examples."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError

KINDS = {"b": "whole numbers", "u": "whole numbers", "i": "whole numbers", "f": "fractions", "U": "text", "S": "text"}


class Examples(NamedTuple):
    """Examples of one set, as they were given: x [n, ...], y [n, ...] or None, weights [n] or None for 1 each."""

    x: np.ndarray
    y: np.ndarray | None
    weights: Any = None


def join(train: Examples, own: dict[str, Examples], name: str, labels: bool) -> tuple[Examples, dict[str, int]]:
    """Join sets into one, in the order training, validation, test.

    Args:
      train: the examples that train.
      own: {"val": …, "test": …}, as far as they were given.
      name: of the data set.
      labels: what y holds may be labels that name the classes, all of which must be among those that train.

    Returns:
      All examples, and the index at which each own set begins.

    Raises:
      UserError: shapes or types differ from those of x and y, or a label is not in y.
    """
    for part, some in own.items():
        _require_alike("x", part, train.x, some.x, name)
        if (some.y is None) != (train.y is None):
            there, missing = ("y", f"y_{part}") if some.y is None else (f"y_{part}", "y")
            raise UserError(f"{name} has {there} but no {missing}: give both, or neither.")
        if len(some.x) == 0:
            raise UserError(f"x_{part} of {name} has no examples: leave it out.")
        if some.y is not None and train.y is not None:
            if some.y.ndim == 0 or len(some.y) != len(some.x):
                raise UserError(f"{name} has {len(some.x)} examples in x_{part} but {some.y.size} in y_{part}.")
            _require_alike("y", part, train.y, some.y, name)
            if labels:
                require_known(part, train.y, some.y, name)
    sets = [train, *own.values()]
    starts = dict(zip(own, np.cumsum([len(some.x) for some in sets]).tolist(), strict=False))
    y = None if train.y is None else np.concatenate([some.y for some in sets if some.y is not None])
    return Examples(np.concatenate([some.x for some in sets]), y, _weights(sets, ["", *own], name)), starts


def _weights(sets: Sequence[Examples], parts: Sequence[str], name: str) -> Any:
    if all(some.weights is None for some in sets):
        return None
    found = []
    for some, part in zip(sets, parts, strict=True):
        weights = np.ones(len(some.x)) if some.weights is None else np.asarray(some.weights)
        if weights.shape != (len(some.x),):
            argument = f"sample_weight_{part}" if part else "sample_weight"
            raise UserError(
                f"{argument} of {name} has the shape {weights.shape}, but one weight for each of {len(some.x)} was "
                "expected."
            )
        found.append(weights)
    return np.concatenate(found)


def _require_alike(which: str, part: str, first: np.ndarray, other: np.ndarray, name: str) -> None:
    """Refuse another shape of an example, or another type."""
    if first.ndim == 0 or other.ndim == 0 or first.shape[1:] != other.shape[1:]:
        raise UserError(
            f"{which} of {name} has the shape {first.shape} but {which}_{part} {other.shape}: the same was expected "
            "after the number of examples."
        )
    kinds = [KINDS.get(array.dtype.kind, "other") for array in (first, other)]
    mixed = kinds[0] != kinds[1] if which == "y" else (first.dtype == np.uint8) != (other.dtype == np.uint8)
    if mixed:
        raise UserError(
            f"{which} of {name} has the type {first.dtype} but {which}_{part} {other.dtype}, which would be read in "
            "another way: give both the same type."
        )


def require_known(part: str, y: np.ndarray, other: np.ndarray, name: str) -> None:
    """Refuse labels that no training example has."""
    if y.dtype.kind == "f":
        return
    unseen = np.setdiff1d(other, y)
    if len(unseen) and y.size // max(len(y), 1) == 1:
        raise UserError(
            f"y_{part} of {name} has the label {unseen[0]!s}, which y does not have, so that nothing learns it: remove "
            "these examples, or give indices of classes and all their names, classes=(…)."
        )
