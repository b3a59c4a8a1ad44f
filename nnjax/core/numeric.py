"""Read what users pass as arrays of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.plain_arrays import as_plain

if TYPE_CHECKING:
    from jaxtyping import Shaped


def as_numbers(
    x: Any, what: str, rows: str = "a rectangular array was expected", kinds: str = "buif", words: str = "numbers"
) -> Shaped[np.ndarray, "..."]:
    """Return x as an array of numbers or truth values, of its own type and shape.

    Args:
      x: an array, or nested sequences.
      what: its name in messages.
      rows: what to say of rows of different lengths.
      kinds: of NumPy's types that are accepted.
      words: for them.

    Raises:
      UserError: rows of different lengths, or another type.
    """
    try:
        array = np.asarray(x)
    except ValueError:
        raise UserError(f"{what} has rows of different lengths: {rows}.") from None
    if array.dtype == object:
        array = as_plain(array, what, words + " or labels of one kind" * ("U" in kinds), getattr(x, "columns", None))
    if array.dtype.kind not in kinds:
        raise UserError(f"{what} has the type {array.dtype}, but {words} were expected.")
    return array
