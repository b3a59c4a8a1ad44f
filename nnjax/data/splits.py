"""Split examples into train, validation and test parts: a pure function of the labels and the configuration."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from absl import logging

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import grouped_splits
from nnjax.data.split_sizes import TEST_SHARE, VALIDATION_SHARE, Split, count_of
from nnjax.data.time_splits import column_of_time, split_by_time


def split(
    num_examples: int,
    config: DataConfig,
    labels: np.ndarray | None = None,
    test_start: int | None = None,
    validation_start: int | None = None,
    groups: np.ndarray | None = None,
    dates: Mapping[str, np.ndarray] = MappingProxyType({}),
    classes: Sequence[str] = (),
) -> Split:
    """Split the examples as the configuration says.

    Every example has a random key, drawn with `split_seed`; those of the smallest keys are the test part, the next ones
    the validation part. So `limit` never changes the test part, and a larger limit only adds to the pool. The source's
    own test set never trains: where there is one, `test` takes its fraction or count from it, and nothing else.

    Args:
      num_examples: n.
      config: its fields limit, validation, test, stratify, split_seed, folds, fold and fold_seed.
      labels: [n] class indices, to keep the shares of the classes equal; None where there are no classes.
      test_start: the source's own test set begins at this index; None if it has none.
      validation_start: its own validation set begins here, before the test set; None if it has none.
      groups: [n] int, examples that belong together; no group is in two parts, whose sizes are then met nearly.
      dates: columns [n] by name by which a split by time may go.
      classes: their names, for sentences.

    Returns:
      The three parts. With `validation="test"` the validation part is the test part.

    Raises:
      UserError: a part that was asked for would be empty, or more examples are asked for than there are.
    """
    for name in ("split_seed", "fold_seed"):
        if getattr(config, name) < 0:
            raise UserError(f"{name} is {getattr(config, name)}, but a whole number from 0 was expected.")
    if config.folds is None and (config.fold or config.fold_seed):
        raise UserError(f"data.fold is {config.fold}, but data.folds is none: say into how many folds to divide.")
    if config.limit is not None and config.limit < 1:
        raise UserError(f"limit is {config.limit}, but a whole number from 1 was expected (or none for all examples).")
    if config.split != "random":
        column = column_of_time(config, dates)
        order = None if column is None else dates[column]
        return split_by_time(num_examples, config, order, test_start is not None or groups is not None)
    if groups is not None:
        if test_start is not None or config.validation == "given":
            raise UserError("data.groups is set, but the parts are given: leave it out, or ask for fractions.")
        return grouped_splits.split(groups, config, labels if config.stratify else None)
    # Raw output: NumPy keeps that stream the same in all its versions, which it does not promise of permutations.
    keys = np.random.PCG64(config.split_seed).random_raw(num_examples)
    labels = labels if config.stratify else None
    everything = np.arange(num_examples, dtype=np.int32)
    pool, held_out = np.split(everything, [test_start]) if test_start is not None else (everything, everything)
    given = _own_validation(pool, config, validation_start)
    pool = np.setdiff1d(pool, given, assume_unique=True)
    held_out = held_out if test_start is not None else pool

    size = config.test
    if size is None and test_start is None:
        size = 0 if len(given) else TEST_SHARE
    num_test = len(held_out) if size is None else count_of(size, len(held_out), "test")
    test = draw(held_out, num_test, keys, labels, "test", classes)
    pool = np.setdiff1d(pool, test, assume_unique=True)
    if not len(pool):
        raise UserError(f"test is {config.test!r}, all available examples: leave some to train on.")
    if config.limit is not None:
        pool = draw(pool, min(config.limit, len(pool)), keys, labels, "limited", classes)
    if config.folds is not None:
        validation = draw_fold(pool, config, labels)
    elif config.validation == "test":
        if not len(test):
            raise UserError('validation is "test", but the test part is empty (test is 0): give test a size.')
        validation = test
    elif len(given):
        validation = given
    else:
        share = VALIDATION_SHARE if config.validation is None else config.validation
        validation = draw(pool, count_of(share, len(pool), "validation"), keys, labels, "validation", classes)
    train = np.setdiff1d(pool, validation, assume_unique=True)
    if not len(train):
        sizes = f"validation={config.validation!r}, test={config.test!r}, limit={config.limit!r}"
        raise UserError(f"No example is left to train on ({sizes}): make the other parts smaller.")
    return Split(train, validation, test)


def draw(
    candidates: np.ndarray,
    count: int,
    keys: np.ndarray,
    labels: np.ndarray | None,
    part: str,
    classes: Sequence[str] = (),
) -> np.ndarray:
    """Draw the candidates of the smallest keys, with equal shares of the classes.

    A class with a single candidate cannot be on both sides: then classes are ignored, and a sentence is logged.

    Args:
      candidates: [c] indices of examples.
      count: how many to draw.
      keys: [n] random keys, uint64.
      labels: [n] class indices; None draws without regard to classes.
      part: what is drawn, for the sentence.
      classes: names, for the sentence too.

    Returns:
      [count] indices, ascending.
    """
    if count == len(candidates):
        return candidates
    order = candidates[np.argsort(keys[candidates], kind="stable")]
    if labels is None or count == 0:
        return np.sort(order[:count])
    sizes = np.bincount(labels[candidates])
    if (sizes == 1).any():
        single = int(np.argmax(sizes == 1))
        logging.warning(
            "Class %s has only one of the %d examples that the %s part is drawn from, too few to be in it and in the "
            "rest: it is drawn without regard to classes.",
            repr(classes[single]) if classes else single,
            len(candidates),
            part,
        )
        return np.sort(order[:count])
    shares, ordered = largest_remainder(sizes, count), labels[order]
    return np.sort(np.concatenate([order[ordered == label][:share] for label, share in enumerate(shares)]))


def draw_fold(pool: np.ndarray, config: DataConfig, labels: np.ndarray | None) -> np.ndarray:
    """Draw one of k folds whose sizes differ by at most 1, and so do those of each class in them.

    Args:
      pool: [p] indices of the examples that are not test.
      config: its fields folds, fold, fold_seed and split_seed.
      labels: [n] class indices; None divides without regard to classes.

    Returns:
      The part's indices, ascending.

    Raises:
      UserError: fewer than 2 parts, more than there are examples, or a part that does not exist.
    """
    assert config.folds is not None
    if not 2 <= config.folds <= len(pool):
        raise UserError(
            f"data.folds is {config.folds}, but a whole number from 2 to {len(pool):,}, the examples that there are to "
            "divide, was expected."
        )
    if not 0 <= config.fold < config.folds:
        raise UserError(
            f"data.fold is {config.fold}, but with {config.folds} folds a whole number from 0 to {config.folds - 1} "
            "was expected."
        )
    keys = np.random.PCG64([config.split_seed, config.fold_seed]).random_raw(len(pool))
    dealt = pool[np.lexsort((keys, np.zeros_like(pool) if labels is None else labels[pool]))]
    return np.sort(dealt[config.fold :: config.folds])


def largest_remainder(sizes: np.ndarray, count: int) -> np.ndarray:
    """Divide `count` places among groups in proportion to their sizes (Hamilton's method; ties to the lower index).

    Args:
      sizes: [groups] int, how many there are in each; their sum is at least `count`.
      count: places to give.

    Returns:
      [groups] int, adding up to `count`, none above its size.
    """
    exact = sizes * count  # in units of 1 / sum(sizes): whole numbers, so that nothing is rounded
    shares, remainders = np.divmod(exact, sizes.sum())
    shares[np.argsort(-remainders, kind="stable")[: count - shares.sum()]] += 1
    return shares


def _own_validation(pool: np.ndarray, config: DataConfig, start: int | None) -> np.ndarray:
    """Select the source's own validation set, unless another one is asked for."""
    if config.validation == "given" and start is None and config.folds is None:
        raise UserError(
            'validation is "given", but the source has no validation set of its own: ask for a fraction or a count.'
        )
    if start is None:
        return pool[:0]
    own = pool[pool >= start]
    if config.folds is None and config.validation in (None, "given"):
        return own
    asked = f"data.validation is {config.validation!r}" if config.folds is None else f"data.folds is {config.folds}"
    logging.warning(
        "%s, so that the %d examples of the data's own validation set are among those to train on: leave that out to "
        "validate on them.",
        asked,
        len(own),
    )
    return pool[:0]
