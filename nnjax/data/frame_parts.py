"""DataFrames for training, validation and test as one table, whose rows know which they are of."""

import dataclasses
from typing import Any

import numpy as np

from nnjax.core.columns import TableRecipe
from nnjax.core.errors import UserError
from nnjax.data.other_frames import as_pandas
from nnjax.data.predefined_splits import require_known
from nnjax.data.table import Table
from nnjax.data.table_targets import TableTarget

PARTS = ("train", "val", "test")
SHOWN = 3  # categories in a sentence


@dataclasses.dataclass(frozen=True, eq=False)
class Frames:
    """DataFrames with own validation and test rows; see `from_frames`."""

    train: Any
    val: Any = None
    test: Any = None
    target: Any = None
    weight: str | None = None

    def there(self) -> dict[str, Any]:
        """Return the frames that were given, by part."""
        return {part: getattr(self, part) for part in PARTS if getattr(self, part) is not None}

    def joined(self) -> tuple[Any, np.ndarray]:
        """Return all rows in one DataFrame, and of which part each is [n]."""
        import pandas as pd

        frames = self.there()
        names = list(self.train.columns)
        sizes = [len(frames.get(part, ())) for part in PARTS]
        return pd.concat([frame[names] for frame in frames.values()]), np.repeat(np.arange(len(PARTS)), sizes)


def from_frames(
    train: Any, *, val: Any = None, test: Any = None, target: Any = None, weight: str | None = None
) -> Frames:
    """Give `nnjax.sweep` DataFrames with validation and test sets of your own, as data=nnjax.from_frames(…).

    Args:
      train: the rows that train.
      val: those that validate and never train; without it a part of `train` validates.
      test: those that test. Without it, and with `val`, there is no test part.
      target: the column to predict, or several; the last one by default.
      weight: the column with the examples' weights; it is no input.

    Raises:
      UserError: one is no DataFrame, has no rows, or has other columns.
    """
    train, val, test = map(as_pandas, (train, val, test))
    found = Frames(train, val, test, target, weight)
    for part, frame in {"train": train, **found.there()}.items():
        if type(frame).__name__ != "DataFrame" or not hasattr(frame, "columns"):
            raise UserError(
                f"{part} is of the type {type(frame).__name__}, but a DataFrame was expected; of arrays write "
                "nnjax.from_arrays(x, y, x_val=…, y_val=…)."
            )
        if not len(frame):
            raise UserError(f"{part} has no rows, but at least one was expected: leave it out.")
        odd = list(set(frame.columns) ^ set(train.columns))
        if odd:
            who, other = (part, "train") if odd[0] in frame.columns else ("train", part)
            raise UserError(
                f"{who} has the column {odd[0]!r}, which {other} has not: give all frames the same columns."
            )
    return found


def starts_of(table: Table, kept: Table, learned: TableTarget) -> dict[str, int]:
    """Find where own validation and test rows begin among a table's kept rows; UserError for a part without any."""
    if table.parts is None or kept.parts is None:
        return {}
    found = {}
    for number in np.unique(table.parts):
        part, rows = PARTS[number], np.flatnonzero(kept.parts == number)
        if not len(rows):
            advice = "fill them in, as by data.missing=median"
            raise UserError(f"No row of {part} of {table.path} is left without missing cells: {advice}.")
        if number:
            found[part] = int(rows[0])
            if learned.task == "classification" and not learned.classes and learned.y is not None:
                require_known(part, learned.y[kept.parts == 0], learned.y[rows], str(table.path))
    return found


def untrained(recipe: TableRecipe, x: np.ndarray, table: Table) -> tuple[str, ...]:
    """Say which categories only own validation and test rows have, so that nothing of them is learned."""
    if table.parts is None:
        return ()
    trains, said, start = table.parts == 0, [], 0
    for column in recipe.columns:
        own = slice(start, start + len(column.inputs))
        start = own.stop
        if column.kind == "category":
            there = [np.nansum(x[rows, own], axis=0)[: len(column.categories)] > 0 for rows in (trains, ~trains)]
            new = [text for text, a, b in zip(column.categories, *there, strict=True) if b and not a]
            more = ", …" if len(new) > SHOWN else ""
            if new:
                said.append(
                    f"No training row of {table.path} has {column.name!r} as {', '.join(new[:SHOWN])}{more}, but "
                    "validation or test rows do: nothing is learned of it."
                )
    return tuple(said)
