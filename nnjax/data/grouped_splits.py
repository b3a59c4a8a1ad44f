"""Split examples so that no group is in two parts: patients, users, sites."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from absl import logging

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
    share = VALIDATION_SHARE if config.validation is None else config.validation
    validates = share != 0 and share != "test"
    least = config.folds if config.folds is not None and config.folds > 1 else 1 + validates  # groups beside the test
    size = count_of(TEST_SHARE if config.test is None else config.test, len(pool), "test")
    test, pool = _take(pool, size, groups, labels, [config.split_seed], "test", (1, least))
    if config.limit is not None and config.limit < len(pool):
        pool, _ = _take(pool, config.limit, groups, labels, [config.split_seed, 1], "limited", (least, 0))
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
        own = None if labels is None else labels[pool]
        part = deal(groups[pool], own, shares, seeds, (1,) * config.folds) == config.fold
        return Split(pool[~part], pool[part], test)
    if config.validation == "test":
        return Split(pool, test, test)
    size = count_of(share, len(pool), "validation")
    validation, train = _take(pool, size, groups, labels, [config.split_seed, 3], "validation", (1, 1))
    return Split(train, validation, test)


def number(groups: Any, num_examples: int, name: str) -> np.ndarray:
    """Number the groups [n] of examples in their order, int64.

    Args:
      groups: [n] numbers or texts.
      num_examples: n.
      name: of the data, for messages.

    Raises:
      UserError: not one group an example, a missing one, or one that is neither a number nor a text.
    """
    import pandas as pd

    found = np.asarray(pd.Series(groups) if isinstance(groups, list | tuple) else groups)
    gone = np.flatnonzero(pd.Series(found.tolist()).isna())
    if len(gone):
        raise UserError(f"groups of {name} are missing in example {gone[0]} (counted from 0): fill them in.")
    if found.dtype == object and all(isinstance(value, str) for value in found.flat):
        found = found.astype(str)
    if found.dtype.kind not in "buifUSM" or found.shape != (num_examples,):
        raise UserError(
            f"groups of {name} have the type {found.dtype} and the shape {found.shape}, but one number or text for "
            f"each of {num_examples} examples was expected."
        )
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _take(
    pool: np.ndarray,
    size: int,
    groups: np.ndarray,
    labels: np.ndarray | None,
    seeds: list[int],
    part: str,
    least: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Take about `size` examples out of the pool, and return them and the others; each has at least so many groups."""
    if size == 0:
        return pool[:0], pool
    found = len(np.unique(groups[pool]))
    if found < sum(least):
        raise UserError(
            f"data.groups has {found} group{'s' * (found > 1)} to take the {part} part from, but at least {sum(least)} "
            "were expected, one for each part: choose other parts (data.test=0, data.validation=0), or another column."
        )
    shares = np.array([size, len(pool) - size]) / len(pool)
    taken = deal(groups[pool], None if labels is None else labels[pool], shares, seeds, least) == 0
    if not 0.5 <= taken.sum() / size <= 2:
        logging.warning(
            "The %s part has %d of %d examples, though %d were asked for: no group is divided, and there are only %d.",
            *(part, taken.sum(), len(pool), size, found),
        )
    return pool[taken], pool[~taken]


def deal(
    groups: np.ndarray, labels: np.ndarray | None, shares: np.ndarray, seeds: list[int], least: Sequence[int]
) -> np.ndarray:
    """Deal whole groups to parts of given shares, greedily: the largest first, each to where most is wanting.

    As scikit-learn's GroupKFold, and with labels as StratifiedGroupKFold: what is wanting is counted class by class.
    A part that has too few groups then gets those of others which fit best.

    Args:
      groups: [n] numbers of groups.
      labels: [n] class indices, or None.
      shares: [parts], adding up to 1.
      seeds: for the order of groups of equal sizes.
      least: [parts], how many groups each gets at least; there are as many.

    Returns:
      [n] the part of each example.
    """
    names, of = np.unique(groups, return_inverse=True)
    classes = np.zeros(len(groups), np.int64) if labels is None else labels.astype(np.int64)
    counts = np.zeros((len(names), int(classes.max(initial=0)) + 1))
    np.add.at(counts, (of, classes), 1)
    total = np.maximum(counts.sum(axis=0), 1)
    wanted = np.maximum(shares[:, None] * total, 1e-9)  # [parts, classes]
    keys = np.random.PCG64(seeds).random_raw(len(names))
    part_of, held = np.zeros(len(names), np.int64), np.zeros_like(wanted)
    for group in np.lexsort((keys, -counts.sum(axis=1))):
        part_of[group] = int(np.argmin(_worse(held, wanted, counts[group])))
        held[part_of[group]] += counts[group]
    while (few := np.flatnonzero(np.bincount(part_of, minlength=len(shares)) < least)).size:
        spare = np.flatnonzero((np.bincount(part_of, minlength=len(shares)) > least)[part_of])
        left = held[part_of[spare]]
        changes = _worse(held[few[0]], wanted[few[0]], counts[spare])
        changes += _worse(left, wanted[part_of[spare]], -counts[spare])
        group = spare[np.argmin(changes)]
        held[part_of[group]] -= counts[group]
        held[few[0]] += counts[group]
        part_of[group] = few[0]
    return part_of[of]


def _worse(held: np.ndarray, wanted: np.ndarray, more: np.ndarray) -> np.ndarray:
    """Compute by how much further examples [..., classes] increase Pearson's chi^2 of what is held against wanted."""
    return (((held + more - wanted) ** 2 - (held - wanted) ** 2) / wanted).sum(axis=-1)
