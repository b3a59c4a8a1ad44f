"""Check the weights of examples, and remove the examples of weight 0."""

from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.numeric import as_numbers
from nnjax.core.types import Float, Int
from nnjax.data.file_rows import FileRows

SMALLEST, LARGEST = 1e-15, 1e15  # between which sums in float32 have room


class Weighted(NamedTuple):
    """Examples with their weights.

    Attributes:
      x: [n, ...], or `FileRows`.
      y: [n, ...], or None.
      starts: at which the source's own validation and test sets begin; None for none.
      weights: [n] float32, above 0; None where all count alike.
      groups: [n] numbers of groups; None for none.
    """

    x: Any
    y: np.ndarray | None
    starts: tuple[int | None, int | None]
    weights: Float[np.ndarray, " n"] | None = None
    groups: Int[np.ndarray, " n"] | None = None


def weigh(given: Any, found: Weighted, name: str) -> Weighted:
    """Weigh examples by numbers [n] from 0; those of weight 0 are removed. Weights that are all 1 are none.

    Raises:
      UserError: negative, infinite or NaN weights, not one an example, none above 0, or some that are too far from 1.
    """
    weights = _checked(given, len(found.x), name)
    keep = weights > 0
    if not keep.all():
        found, weights = _without(found, keep, name), weights[keep]
    return found if (weights == 1).all() else found._replace(weights=weights.astype(np.float32))


def _without(found: Weighted, keep: np.ndarray, name: str) -> Weighted:
    """Remove the examples that are not to keep."""
    if isinstance(found.x, FileRows):
        raise UserError(
            f"{name} has {np.sum(~keep):,} examples of weight 0, but its inputs lie in files, which are read as they "
            "are: write them without these examples."
        )
    before = np.concatenate([[0], np.cumsum(keep)])
    starts = tuple(None if start is None else int(before[start]) for start in found.starts)
    ends = [len(keep) if start is None else start for start in (*found.starts[1:], None)]
    for part, start, end in zip(("validation", "test"), found.starts, ends, strict=True):
        if start is not None and not keep[start:end].any():
            raise UserError(f"sample_weight of {name} is 0 for the whole {part} set: leave that set out instead.")
    if starts != found.starts and 0 in starts:
        raise UserError(f"sample_weight of {name} is 0 for all examples that are to train: nothing would be left.")
    y, groups = (None if values is None else values[keep] for values in (found.y, found.groups))
    return Weighted(found.x[keep], y, starts, groups=groups)  # type: ignore[arg-type]


def _checked(given: Any, size: int, name: str) -> Float[np.ndarray, " n"]:
    weights = as_numbers(given, f"sample_weight of {name}")
    if weights.ndim == 2 and weights.shape[1] == 1:
        weights = weights[:, 0]
    if weights.shape != (size,):
        raise UserError(
            f"sample_weight of {name} has the shape {weights.shape}, but one weight for each of {size} was expected."
        )
    weights = weights.astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        raise UserError(
            f"sample_weight of {name} is {weights[bad[0]]:g} in example {bad[0]} (counted from 0), but finite numbers "
            "from 0 were expected."
        )
    if not (weights > 0).any():
        raise UserError(f"sample_weight of {name} is 0 for all examples: at least one weight above 0 was expected.")
    low, high = weights[weights > 0].min(), weights.max()
    if low < SMALLEST or high > LARGEST:
        raise UserError(
            f"sample_weight of {name} goes from {low:g} to {high:g}, but {SMALLEST:g} to {LARGEST:g} was expected: "
            "only their ratios matter, so bring them near 1."
        )
    return weights
