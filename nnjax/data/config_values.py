"""Values of a `DataConfig`: parse them, and refuse what no data could make possible."""

import dataclasses
import difflib
from collections.abc import Sequence

from nnjax.core.coercion import coerce
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.core.fields import field_types
from nnjax.data.missing_cells import POLICIES
from nnjax.data.time_splits import named_column

CHOICES = {
    "task": ("auto", "classification", "regression"),
    "header": ("auto", "yes", "no"),
    "decimal": ("auto", "point", "comma"),
    "missing": POLICIES,
    "unknown": ("error", "unknown"),
}


def checked(config: DataConfig) -> DataConfig:
    """Return a configuration whose values are of their fields' types: a text stands for a tuple of one.

    Raises:
      UserError: a value of another type, none of `CHOICES`, or a column that is both kept and dropped.
    """
    hints = field_types(DataConfig)
    values = {name: coerce(getattr(config, name), hint, f"data.{name}") for name, hint in hints.items()}
    config = dataclasses.replace(config, **values)
    for name, known in CHOICES.items():
        value = getattr(config, name)
        if value not in known:
            close = difflib.get_close_matches(value, known, n=2, cutoff=0.5)
            hint = f"did you mean {' or '.join(close)}? " if close else ""
            raise UserError(f"data.{name} is {value!r}, which is unknown: {hint}choose one of {', '.join(known)}.")
    both = [name for name in config.columns if name in config.drop]
    if both:
        raise UserError(
            f"data.columns and data.drop both name the column {both[0]!r}: take it out of one of them; columns that "
            "data.columns does not name are left out anyway."
        )
    named_column(config.split)
    return config


def orders(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Parse "size:small<medium<large"; UserError if it is not so written."""
    found = {}
    for text in texts:
        name, colon, order = text.rpartition(":")
        categories = tuple(part.strip() for part in order.split("<"))
        if not colon or len(categories) < 2 or len(set(categories)) < len(categories) or not all(categories):
            raise UserError(f"data.ordinal is {text!r}, but such as size:small<medium<large was expected.")
        found[name.strip()] = categories
    return found
