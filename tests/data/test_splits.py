import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data.splits import largest_remainder, split

LABELS = np.repeat([0, 1, 2], [60, 30, 10]).astype(np.int32)


def shares(labels, rows):
    return np.bincount(labels[rows], minlength=3).tolist()


def test_stratified_counts_by_hand():
    """100 examples, 60 : 30 : 10. Test 20 % is 12 : 6 : 2; of the 80 that remain, 10 validate, exactly 6 : 3 : 1."""
    train, validation, test = split(100, DataConfig(test=0.2, validation=10), LABELS)
    assert shares(LABELS, test) == [12, 6, 2]
    assert shares(LABELS, validation) == [6, 3, 1]
    assert shares(LABELS, train) == [42, 21, 7]


def test_a_fifth_is_the_test_part_where_the_source_has_none():
    train, validation, test = split(100, DataConfig(validation=0.1), LABELS)
    assert (len(train), len(validation), len(test)) == (72, 8, 20)


@given(st.integers(10, 200), st.sampled_from([0, 0.1, 0.25, 3]), st.sampled_from([None, 0, 0.3, 2]), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_parts_are_disjoint_complete_ascending_and_repeatable(n, validation, test, seed):
    config = DataConfig(validation=validation, test=test, split_seed=seed)
    labels = (np.arange(n) % 3).astype(np.int32)
    parts = split(n, config, labels)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    for part, again in zip(parts, split(n, config, labels), strict=True):
        assert part.dtype == np.int32
        assert (np.diff(part) > 0).all()
        np.testing.assert_array_equal(part, again)


def test_the_seed_draws_the_split():
    first, second = (split(100, DataConfig(split_seed=seed), LABELS).test for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_the_draw_is_the_same_on_every_machine():
    """The keys are raw PCG64 output, a stream that NumPy promises never to change (its document NEP 19)."""
    np.testing.assert_array_equal(split(20, DataConfig(test=5, validation=0)).test, [2, 3, 11, 13, 15])


def test_every_example_is_as_likely():
    """Over 600 seeds each of 20 examples should be in a test part of 5 a quarter of the time: 150 ± 5 sigma of 10.6."""
    counts = np.zeros(20)
    for seed in range(600):
        counts[split(20, DataConfig(test=5, validation=0, split_seed=seed)).test] += 1
    assert np.abs(counts - 150).max() < 53


def test_the_sources_own_test_set():
    train, validation, test = split(100, DataConfig(validation=10), LABELS, test_start=80)
    np.testing.assert_array_equal(test, np.arange(80, 100))
    assert max(train.max(), validation.max()) < 80
    assert (len(train), len(validation)) == (70, 10)


def test_a_smaller_test_part_comes_from_the_sources_own_and_the_rest_of_it_never_trains():
    for wanted in (5, 0.25):
        train, validation, test = split(100, DataConfig(test=wanted, validation=0.1), LABELS, test_start=80)
        assert len(test) == 5
        assert test.min() >= 80
        assert max(train.max(), validation.max()) < 80
    none = split(100, DataConfig(test=0, validation=0), LABELS, test_start=80)
    assert (len(none.train), len(none.test)) == (80, 0)


def test_validating_on_the_test_part_as_the_deck_does():
    train, validation, test = split(100, DataConfig(validation="test"), LABELS, test_start=80)
    np.testing.assert_array_equal(validation, test)
    assert len(train) == 80
    with pytest.raises(UserError, match="the test part is empty"):
        split(100, DataConfig(validation="test", test=0), LABELS)


def test_limit_takes_from_the_pool_and_leaves_the_test_part():
    full = split(100, DataConfig(), LABELS)
    small = split(100, DataConfig(limit=40), LABELS)
    np.testing.assert_array_equal(small.test, full.test)
    assert len(small.train) + len(small.validation) == 40
    assert shares(LABELS, np.concatenate(small[:2])) == [24, 12, 4]
    pool = set(np.concatenate(split(100, DataConfig(limit=60), LABELS)[:2]).tolist())
    assert pool >= set(np.concatenate(small[:2]).tolist())
    np.testing.assert_array_equal(split(100, DataConfig(limit=1000), LABELS).train, full.train)


def test_without_stratification_or_classes():
    plain = split(100, DataConfig(test=20, stratify=False), LABELS).test
    np.testing.assert_array_equal(plain, split(100, DataConfig(test=20)).test)
    assert shares(LABELS, plain) != [12, 6, 2]


def test_a_class_of_one_falls_back_with_a_sentence(caplog):
    labels = np.array([0] * 30 + [1] * 19 + [2], np.int32)
    with caplog.at_level(logging.WARNING, logger="absl"):
        parts = split(50, DataConfig(test=10, validation=0), labels)
    assert "Class 2 has only one of the 50 examples that the test part is drawn from" in caplog.text
    np.testing.assert_array_equal(parts.test, split(50, DataConfig(test=10, validation=0)).test)


def test_four_rows_with_nothing_to_split():
    train, validation, test = split(4, DataConfig(validation=0, test=0), np.array([0, 1, 1, 0]))
    np.testing.assert_array_equal(train, np.arange(4))
    assert len(validation) == len(test) == 0


@pytest.mark.parametrize(
    ("sizes", "count", "expected"),
    [([60, 30, 10], 10, [6, 3, 1]), ([5, 3, 2], 7, [4, 2, 1]), ([1, 1, 1], 2, [1, 1, 0]), ([2, 0, 2], 4, [2, 0, 2])],
)
def test_largest_remainder_by_hand(sizes, count, expected):
    """5 : 3 : 2 for 7 places is 3.5, 2.1, 1.4: floors 3, 2, 1, and the place left goes to the remainder .5."""
    assert largest_remainder(np.array(sizes), count).tolist() == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"validation": 1.0},
            'validation is 1.0, but a fraction between 0 and 1 or a whole number, "given" or "test" was',
        ),
        ({"validation": -0.1}, "validation is -0.1"),
        ({"validation": -1}, "validation is -1"),
        ({"validation": "half"}, "validation is 'half', .* or \"test\" was expected"),
        ({"validation": True}, "validation is True"),
        ({"validation": 1000}, "validation is 1,000, but there are only 16"),
        ({"validation": 0.01}, "validation is 0.01, not even one of the 16 examples"),
        ({"test": 0.001}, "test is 0.001, not even one of the 20"),
        ({"test": 21}, "test is 21, but there are only 20"),
        ({"test": 20, "validation": 0}, "test is 20, all available examples"),
        ({"validation": 16}, "No example is left to train on"),
        ({"limit": 0}, "limit is 0"),
        ({"split_seed": -1}, "split_seed is -1"),
    ],
)
def test_impossible_splits(changes, message):
    with pytest.raises(UserError, match=message):
        split(20, DataConfig(**changes))
