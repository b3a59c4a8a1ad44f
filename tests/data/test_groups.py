"""Groups of examples: whole in one part, few or unequal ones too, of arrays and tables, and part of the digest."""

import numpy as np
import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import grouped_splits, prepare_loaded
from nnjax.data.arrays import from_arrays
from nnjax.data.in_memory import as_dataset


def parts_of(sizes, labels=None, **options):
    """The groups of each part, where group i has sizes[i] examples."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    split = grouped_splits.split(groups, DataConfig("x", **options), labels)
    assert sorted(np.concatenate(split)) == list(range(len(groups)))
    return [set(groups[part]) for part in split]


@pytest.mark.parametrize("classes", [None, "mixed", "one a group"])
@pytest.mark.parametrize("sizes", [[20] * 5, [20] * 4, [20] * 3, [90, 5, 5], [98, 1, 1], [100, 3, 2, 1, 1], [1, 1, 1]])
def test_few_or_unequal_groups_leave_no_part_empty(sizes, classes, caplog):
    n = sum(sizes)
    labels = {"mixed": np.arange(n) % 2, "one a group": np.repeat(np.arange(len(sizes)) % 2, sizes)}.get(classes)
    train, validation, test = parts_of(sizes, labels, **({} if n > 3 else {"test": 1, "validation": 1}))
    assert train
    assert validation
    assert test
    assert len(train) + len(validation) + len(test) == len(sizes)
    if sizes == [98, 1, 1]:
        assert train == {0}
        assert "The test part has 1 of 100 examples, though 20 were asked for" in caplog.text


def test_equal_groups_are_met_exactly():
    """Of ten groups of equal size two are a fifth, and one of the eight others nearest to a tenth."""
    assert [len(part) for part in parts_of([10] * 10, np.arange(100) // 10 % 2)] == [7, 1, 2]


@pytest.mark.parametrize("fold", range(3))
def test_each_fold_has_a_group(fold):
    train, validation, _ = parts_of([100, 3, 2, 1, 1], np.arange(107) % 2, folds=3, fold=fold)
    assert validation
    assert not train & validation


@pytest.mark.parametrize(
    ("sizes", "options", "words"),
    [
        ([50, 50], {}, "2 groups to take the test part from, but at least 3"),
        ([100], {"validation": 0}, "1 group to take the test part from, but at least 2"),
        ([20] * 3, {"folds": 3}, "3 groups to take the test part from, but at least 4"),
        ([20] * 3, {"test": 0, "folds": 4}, "from 2 to 3"),
    ],
)
def test_too_few_groups_are_refused(sizes, options, words):
    with pytest.raises(UserError, match=words):
        parts_of(sizes, **options)


@pytest.mark.parametrize("kind", [str, int, float, "object"])
def test_groups_of_arrays(kind):
    rng = np.random.default_rng(0)
    patients = rng.integers(0, 12, size=120)
    groups = [f"p{i}" for i in patients] if kind == "object" else patients.astype(kind)
    weights = np.ones(120)
    weights[:10] = 0  # these examples are removed, and their groups with them
    x = np.arange(120.0)[:, None]
    data = from_arrays(x, np.arange(120) % 2, groups=groups, sample_weight=weights)
    prepared = prepare_loaded(data, DataConfig("x"))
    rows = [data.x[part, 0].astype(int) for part in (prepared.train, prepared.validation, prepared.test)]
    assert sum(map(len, rows)) == 110
    assert sum(len(set(patients[part])) for part in rows) == len(set(patients[10:]))


@pytest.mark.parametrize(
    ("groups", "options", "words"),
    [
        ([1.0, np.nan] * 5, {}, r"missing in example 1 \(counted from 0\)"),
        ([None, "a"] * 5, {}, "missing in example 0"),
        (np.zeros(9), {}, r"the shape \(9,\), but one number or text for each of 10"),
        (np.zeros((10, 2)), {}, r"shape \(10, 2\)"),
        ([[1], [2, 3]] * 5, {}, "the type object"),
        ([(1,), 2] * 5, {}, "the type object"),
        (np.zeros(10), {"test_start": 5}, "groups and sets of its own"),
    ],
)
def test_groups_that_are_none_are_refused(groups, options, words):
    with pytest.raises(UserError, match=words):
        from_arrays(np.zeros((10, 1)), np.zeros(10), groups=groups, **options)


def test_the_digest_covers_groups_and_the_dates_of_a_split_by_time():
    """Whoever resumes with other groups, or other dates, would train and test on other examples."""
    x, y = np.arange(10.0), np.arange(10) % 2
    days = pd.date_range("2024-01-01", periods=10)
    frame = pd.DataFrame({"x": x, "p": [f"p{i // 2}" for i in range(10)], "day": days, "y": y})
    later = frame.assign(p=[f"p{i // 5}" for i in range(10)], day=days[::-1])

    def digests(**options):
        config = DataConfig("DataFrame", target="y", **options)
        return [as_dataset(some, config=config).sha256 for some in (frame, frame.copy(), later)]

    for options in ({"groups": "p", "drop": ("day",)}, {"split": "time", "drop": ("day", "p")}):
        first, again, other = digests(**options)
        assert first == again != other
    assert len(set(digests(drop=("day", "p")))) == 1  # where nothing goes by them
    assert len({from_arrays(x, y, groups=groups).sha256 for groups in (None, x // 2, x // 5)}) == 3
