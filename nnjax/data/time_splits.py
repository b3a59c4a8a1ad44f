"""Split by time: train on what came first, validate on what followed, test on the last."""

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data.split_sizes import TEST_SHARE, VALIDATION_SHARE, Split, count_of


def split_by_time(num_examples: int, config: DataConfig, order: np.ndarray | None, given: bool) -> Split:
    """Split the examples in their order: the last ones test, those before validate; `limit` keeps the latest others.

    Args:
      num_examples: n.
      config: its fields limit, validation and test.
      order: [n] by which the examples are ordered; None where they are in order already. Ties keep their order.
      given: whether the source has a test set of its own, or groups.

    Raises:
      UserError: folds, groups or given parts beside it, or a part that would be empty.
    """
    if given or config.folds is not None or config.validation in ("given", "test"):
        raise UserError("data.split is time, but folds, groups or given parts are asked for: choose one of them.")
    rows = np.arange(num_examples) if order is None else np.argsort(order, kind="stable")
    num_test = count_of(TEST_SHARE if config.test is None else config.test, num_examples, "test")
    pool, test = rows[: num_examples - num_test], rows[num_examples - num_test :]
    if config.limit is not None:
        if config.limit < 1:
            raise UserError(
                f"limit is {config.limit}, but a whole number from 1 was expected (or none for all examples)."
            )
        pool = pool[-config.limit :]
    share = VALIDATION_SHARE if config.validation is None else config.validation
    num_validation = count_of(share, len(pool), "validation")
    train, validation = pool[: len(pool) - num_validation], pool[len(pool) - num_validation :]
    if not len(train):
        raise UserError(f"No example is left to train on (validation={config.validation!r}, test={config.test!r}).")
    return Split(*(np.sort(part).astype(np.int32) for part in (train, validation, test)))
