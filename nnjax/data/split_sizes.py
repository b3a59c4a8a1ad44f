"""The parts of a split, and their sizes."""

from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1  # held out where the source has no such set and the configuration asks for none


class Split(NamedTuple):
    """Indices of the examples of each part, int32, ascending."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def count_of(value: float | int | str, available: int, part: str) -> int:
    """Convert a fraction or a count to a number of examples."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        if value > available:
            raise UserError(f"{part} is {value:,}, but there are only {available:,} examples to take it from.")
        return value
    if not isinstance(value, float) or not 0 <= value < 1:
        also = ', "given" or "test"' if part == "validation" else ""
        raise UserError(f"{part} is {value!r}, but a fraction between 0 and 1 or a whole number{also} was expected.")
    count = round(value * available)
    if value and not count:
        raise UserError(
            f"{part} is {value:g}, not even one of the {available} examples to take it from: ask for a count, or for 0."
        )
    return count
