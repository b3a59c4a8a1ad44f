"""Cross-validation: folds as an axis of a sweep."""

import numpy as np
import pandas as pd
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.experiment import DataConfig
from nnjax.core.fields import replace
from nnjax.data.splits import split
from nnjax.runs.statistics import compare_paired, estimate
from nnjax.train.layout.compilations import counter

LABELS = np.repeat([0, 1, 2], [50, 21, 9])
FOLDS = {"data.folds": 5, "epochs": 2}


def _folds(k, n=80, labels=LABELS, **options):
    return [split(n, DataConfig(folds=k, fold=fold, **options), labels) for fold in range(k)]


@pytest.mark.parametrize("k", [2, 3, 7, 10])
@pytest.mark.parametrize("test", [0, 0.2])
def test_the_folds_divide_what_is_not_test(k, test):
    parts = _folds(k, test=test)
    assert all(np.array_equal(part.test, parts[0].test) for part in parts)
    pool = np.setdiff1d(np.arange(80), parts[0].test)
    np.testing.assert_array_equal(np.sort(np.concatenate([part.validation for part in parts])), pool)
    for part in parts:
        np.testing.assert_array_equal(np.sort(np.concatenate([part.train, part.validation])), pool)


@pytest.mark.parametrize("k", [2, 3, 7])
def test_they_are_as_even_as_scikit_learns(k):
    """StratifiedKFold's promise: the counts of a class differ by at most 1 between folds; so do ours, and the sizes."""
    from sklearn.model_selection import StratifiedKFold

    theirs = [LABELS[rows] for _, rows in StratifiedKFold(k).split(np.zeros(80), LABELS)]
    ours = [LABELS[part.validation] for part in _folds(k, test=0)]
    for label in range(3):
        counts = [sorted((fold == label).sum() for fold in folds) for folds in (ours, theirs)]
        assert counts[0] == counts[1]
    assert np.ptp([len(fold) for fold in ours]) <= 1


def test_another_fold_seed_divides_anew_on_the_same_test_part():
    first, again = _folds(4), _folds(4, fold_seed=1)
    assert not np.array_equal(first[0].validation, again[0].validation)
    np.testing.assert_array_equal(first[0].test, again[0].test)


def test_without_classes_they_are_drawn_at_random():
    parts = _folds(4, labels=None, test=0)
    assert [len(part.validation) for part in parts] == [20] * 4
    assert not np.array_equal(parts[0].validation, np.arange(0, 80, 4))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"folds": 81}, "data.folds is 81, but a whole number from 2 to 80"),
        ({"folds": 1}, "data.folds is 1"),
        ({"folds": 5, "fold": 5}, "data.fold is 5, but with 5 folds a whole number from 0 to 4"),
        ({"folds": 5, "fold": -1}, "data.fold is -1"),
        ({"fold": 2}, "data.folds is none"),
        ({"folds": 5, "fold_seed": -1}, "fold_seed is -1"),
    ],
)
def test_impossible_folds(options, complaint):
    with pytest.raises(nnjax.UserError, match=complaint):
        split(80, DataConfig(test=0, **options), LABELS)


def test_a_sweep_over_folds(tmp_path):
    axes = {"learning_rate": (0.001, 0.1), "data.fold": range(5), "seed": (0, 1)}
    before = counter().names.copy()
    run = nnjax.sweep(replace(CLASSIFIER, FOLDS), axes, workdir=tmp_path / "run", data=blobs(63))
    sizes = {(len(run.data(i).train), len(run.data(i).validation)) for i in range(len(run.specs))}
    assert len(sizes) == 2
    asked = counter().names - before
    assert all(asked[f"jit({name})"] <= 1 for name in ("init", "train_segment", "evaluate"))  # for all folds and parts
    table = pd.read_csv(tmp_path / "run" / "trials.csv")
    assert sorted(table.fold.unique()) == [0, 1, 2, 3, 4]
    settings = run.settings()
    assert list(settings["count"]) == [10, 10]
    means = table.groupby("learning_rate").best_val_loss.mean().sort_values()  # the best setting first
    assert list(settings["mean"]) == pytest.approx(list(means), rel=1e-6)
    assert [f"{rate:g}" in setting for rate, setting in zip(means.index, settings.setting, strict=True)] == [True, True]
    found = run.compare(settings.setting[1], settings.setting[0])
    assert (found.difference.count, found.unit) == (10, "fold")
    assert "of 10 folds" in str(found)


def test_the_interval_allows_for_shared_training_examples():
    """Nadeau & Bengio 2003, by hand: four values of 5 folds; t(.975, 3) = 3.182446."""
    values = [1.0, 2.0, 3.0, 4.0]
    found = estimate(values, folds=5)
    half = 3.182446 * 1.2909944 * (1 / 4 + 1 / 4) ** 0.5
    assert (found.low, found.high) == (pytest.approx(2.5 - half, rel=1e-6), pytest.approx(2.5 + half, rel=1e-6))
    assert estimate(values).low > found.low
    zero = dict.fromkeys(range(4), 0.0)
    assert (
        compare_paired(dict(enumerate(values)), zero, 5).p_value > compare_paired(dict(enumerate(values)), zero).p_value
    )
