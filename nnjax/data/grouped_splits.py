"""Split examples so that no group is in two parts: patients, users, sites."""

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data.split_sizes import TEST_SHARE, VALIDATION_SHARE, Split, count_of


def split(groups: np.ndarray, config: DataConfig, labels: np.ndarray | None) -> Split:
    """Split the examples as the configuration says, whole groups at a time; sizes are met as nearly as they can be.

    Args:
      groups: [n] numbers of the groups.
      config: as for `nnjax.data.splits.split`.
      labels: [n] class indices, to keep the shares of the classes nearly equal; None where there are no classes.

    Raises:
      UserError: there are fewer groups than parts, or a part would be empty.
    """
    pool = np.arange(len(groups), dtype=np.int32)
    size = count_of(TEST_SHARE if config.test is None else config.test, len(pool), "test")
    test, pool = _take(pool, size, groups, labels, [config.split_seed], "test")
    if config.limit is not None and config.limit < len(pool):
        pool, _ = _take(pool, config.limit, groups, labels, [config.split_seed, 1], "limited")
    if config.folds is not None:
        found = len(np.unique(groups[pool]))
        if not 2 <= config.folds <= found:
            raise UserError(
                f"data.folds is {config.folds}, but a whole number from 2 to {found}, the groups that there are to "
                "divide, was expected."
            )
        if not 0 <= config.fold < config.folds:
            raise UserError(f"data.fold is {config.fold}, but 0 to {config.folds - 1} was expected.")
        seeds = [config.split_seed, config.fold_seed, 2]
        shares = np.full(config.folds, 1 / config.folds)
        part = deal(groups[pool], None if labels is None else labels[pool], shares, seeds) == config.fold
        return Split(pool[~part], pool[part], test)
    if config.validation == "test":
        return Split(pool, test, test)
    share = VALIDATION_SHARE if config.validation is None else config.validation
    size = count_of(share, len(pool), "validation")
    validation, train = _take(pool, size, groups, labels, [config.split_seed, 3], "validation")
    return Split(train, validation, test)


def _take(
    pool: np.ndarray, size: int, groups: np.ndarray, labels: np.ndarray | None, seeds: list[int], part: str
) -> tuple[np.ndarray, np.ndarray]:
    """Take about `size` examples out of the pool, and return them and the others."""
    if size == 0:
        return pool[:0], pool
    shares = np.array([size, len(pool) - size]) / len(pool)
    dealt = deal(groups[pool], None if labels is None else labels[pool], shares, seeds)
    if len(np.unique(dealt)) < 2:
        raise UserError(
            f"data.groups has {len(np.unique(groups[pool]))} groups to take the {part} part from, too few or too "
            "unequal: choose another share, or another column."
        )
    return pool[dealt == 0], pool[dealt == 1]


def deal(groups: np.ndarray, labels: np.ndarray | None, shares: np.ndarray, seeds: list[int]) -> np.ndarray:
    """Deal whole groups to parts of given shares, greedily: the largest first, each to where most is wanting.

    As scikit-learn's GroupKFold, and with labels as StratifiedGroupKFold: what is wanting is counted class by class.

    Args:
      groups: [n] numbers of groups.
      labels: [n] class indices, or None.
      shares: [parts], adding up to 1.
      seeds: for the order of groups of equal sizes.

    Returns:
      [n] the part of each example.
    """
    names, of = np.unique(groups, return_inverse=True)
    classes = np.zeros(len(groups), np.int64) if labels is None else labels.astype(np.int64)
    counts = np.zeros((len(names), int(classes.max(initial=0)) + 1))
    np.add.at(counts, (of, classes), 1)
    total = np.maximum(counts.sum(axis=0), 1)
    wanted = shares[:, None] * total  # [parts, classes]
    keys = np.random.PCG64(seeds).random_raw(len(names))
    part_of, held = np.zeros(len(names), np.int64), np.zeros_like(wanted)
    for group in np.lexsort((keys, -counts.sum(axis=1))):
        worse = ((held + counts[group] - wanted) ** 2 - (held - wanted) ** 2) / wanted  # change of Pearson's chi^2
        part_of[group] = int(np.argmin(worse.sum(axis=1)))
        held[part_of[group]] += counts[group]
    return part_of[of]
