"""Split by time: train on what came first, validate on what followed, test on the last."""

from collections.abc import Mapping

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data.split_sizes import TEST_SHARE, VALIDATION_SHARE, Split, count_of

NAMED = "time:"  # before the column by which a split goes


def named_column(split: str) -> str | None:
    """Return the column that "time:COLUMN" names, None of "random" and "time"; UserError for anything else."""
    if split in ("random", "time"):
        return None
    name = split.removeprefix(NAMED).strip()
    if not split.startswith(NAMED) or not name:
        raise UserError(f"data.split is {split!r}, but random, time or time:COLUMN was expected.")
    return name


def column_of_time(config: DataConfig, dates: Mapping[str, np.ndarray]) -> str | None:
    """Choose among columns of times [n] the one by which a split goes; None for the order of the examples.

    Raises:
      UserError: there are several, none of the name that is asked for, or it has missing cells.
    """
    name = named_column(config.split)
    if name is None and len(dates) > 1:
        listed = ", ".join(map(repr, dates))
        raise UserError(
            f"data.split is time, but there are {len(dates)} columns of dates ({listed}): name the one by which the "
            f"split goes, such as data.split=time:{next(iter(dates))}."
        )
    if name is None:
        name = next(iter(dates), None)
    elif name not in dates:
        known = (
            f"a column of dates or numbers was expected ({', '.join(dates)})" if dates else "there is no such column"
        )
        raise UserError(f"data.split is {config.split}, but {known}.")
    if name is None:
        return None
    gone = np.flatnonzero(np.isnan(dates[name]))
    if len(gone):
        raise UserError(
            f"The column {name!r}, by which the split by time goes, is missing in {len(gone)} of {len(dates[name])} "
            f"rows, the first of them row {gone[0]} (counted from 0): fill it in, remove those rows, or name another "
            "column (data.split=time:COLUMN)."
        )
    return name


def describe(config: DataConfig, dates: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Say by what a split goes; nothing of a random one."""
    if config.split == "random":
        return ()
    name = column_of_time(config, dates)
    if name is None:
        return (
            "The split by time goes by the order of the rows, whose last ones test: there is no column of dates (name "
            "another column by data.split=time:COLUMN).",
        )
    return (f"The split by time goes by the column {name!r}: the earliest rows train, the latest test.",)


def split_by_time(num_examples: int, config: DataConfig, order: np.ndarray | None, given: bool) -> Split:
    """Split the examples in their order: the last ones test, those before validate; `limit` keeps the latest others.

    Args:
      num_examples: n.
      config: its fields limit, validation and test.
      order: [n] by which the examples are ordered; None where they are in order already. Examples of one time are in
        one part, so that sizes are met nearly.
      given: whether the source has a test set of its own, or groups.

    Raises:
      UserError: folds, groups or given parts beside it, or a part that would be empty.
    """
    if given or config.folds is not None or config.validation in ("given", "test"):
        raise UserError("data.split is time, but folds, groups or given parts are asked for: choose one of them.")
    order = np.arange(num_examples) if order is None else order
    rows = np.argsort(order, kind="stable")
    num_test = count_of(TEST_SHARE if config.test is None else config.test, num_examples, "test")
    start = _boundary(order[rows], num_examples - num_test, "test")
    pool, test = rows[:start], rows[start:]
    if config.limit is not None:
        pool = pool[-config.limit :]
    share = VALIDATION_SHARE if config.validation is None else config.validation
    start = _boundary(order[pool], len(pool) - count_of(share, len(pool), "validation"), "validation")
    train, validation = pool[:start], pool[start:]
    if not len(train):
        raise UserError(f"No example is left to train on (validation={config.validation!r}, test={config.test!r}).")
    return Split(*(np.sort(part).astype(np.int32) for part in (train, validation, test)))


def _boundary(times: np.ndarray, wanted: int, part: str) -> int:
    """Move the beginning of a part of sorted times [n] to the nearest place where the time changes."""
    if wanted in (0, len(times)) or times[wanted - 1] != times[wanted]:
        return wanted
    changes = np.flatnonzero(np.diff(times)) + 1
    if not len(changes):
        raise UserError(
            f"All {len(times)} rows from which the {part} part is taken are of one time ({times[0]:g}), but rows of "
            "one time are in one part: split at random (data.split=random) or by another column."
        )
    return int(changes[np.argmin(np.abs(changes - wanted))])
