"""The diagnosis on the labeled curves that scripts/label_curves.py has trained; docs/diagnoses.md has the tables."""

import collections
import dataclasses
import pathlib

import numpy as np
import pytest

from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.types import Curves
from nnjax.diagnosis.verdicts import CODES
from scripts.curves import scoring, store
from scripts.curves.tasks import GOOD, TASKS, part_of

ACCEPTED = {"tuning": 0.95, "test": 0.93, "fresh": 0.95, "unseen": 0.95, "last": 0.92}  # as docs/diagnoses.md has it
ALARMS = {"tuning": 0.02, "test": 0.02, "fresh": 0.01, "unseen": 0.02, "last": 0.02}  # rounded up
FILE = pathlib.Path(__file__).parent / "curves.npz"


@pytest.fixture(scope="module")
def curves():
    return store.load(FILE)


@pytest.fixture(scope="module")
def scores(curves):
    return scoring.score(curves)


def test_the_set_is_large_and_split_by_data_and_optimizer(curves):
    counts = collections.Counter(one.label for one in curves)
    assert len(curves) >= 1500
    assert set(counts) == set(CODES)
    assert min(counts.values()) >= 60
    for one in curves:
        [task] = {*TASKS, "parity"} & set(one.source.split("/"))
        [optimizer] = {*GOOD, *(f"torch_{name}" for name in GOOD)} & set(one.source.split("/"))
        assert one.part == part_of(task, optimizer)


def test_labels_are_accepted_and_known(curves):
    for one in curves:
        assert one.label in one.accepted <= set(CODES)
        assert one.beside <= set(CODES)


def test_files_come_back_as_they_were_written(curves, tmp_path):
    store.save(tmp_path / "again.npz", curves[:50])
    for one, again in zip(curves, store.load(tmp_path / "again.npz"), strict=False):
        assert (one.label, one.accepted, one.beside, one.cause, one.source, one.part) == (
            *(again.label, again.accepted, again.beside, again.cause, again.source, again.part),
        )
        for name, y in one.curves.items():
            np.testing.assert_array_equal(y, again.curves[name])


def test_wilson_intervals():
    """Of 10 in 20: 29.9 to 70.1 % (Newcombe 1998, method 3)."""
    assert scoring.wilson(10, 20) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert scoring.wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert scoring.wilson(0, 0) == (0, 1)


@pytest.mark.parametrize("part", ACCEPTED)
def test_first_verdicts_are_as_good_as_documented(scores, part):
    own = [score for score in scores if score.one.part == part]
    healthy = [score for score in own if scoring.is_healthy(score.one)]
    assert sum(score.accepted for score in own) >= ACCEPTED[part] * len(own)
    assert sum(score.false_alarm for score in healthy) <= ALARMS[part] * len(healthy)


def test_confidence_is_how_often_a_first_verdict_is_right(scores):
    """Of two verdicts with 0.9 and 0.7 of which the first is right: (0.1 + 0.7) / 2 off."""
    assert scoring.calibration_error(scores) < 0.05
    one = next(score for score in scores if score.accepted)
    primary = [dataclasses.replace(one.found.primary, confidence=sure) for sure in (0.9, 0.7)]
    two = [one._replace(found=dataclasses.replace(one.found, primary=verdict)) for verdict in primary]
    assert scoring.calibration_error([two[0], two[1]._replace(accepted=False)]) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("part", "accepted", "alarms"),
    [("strangers", 0.91, 0.02), ("newcomers", 0.94, 0.02), ("visitors", 0.94, 0.04), ("settlers", 0.89, 0.07)],
)
def test_runs_of_other_tools_are_as_good_as_documented(part, accepted, alarms):
    """PyTorch, Keras and scikit-learn; at first sight, and by the labels of then, 75.9 and 78.6 %."""
    found = scoring.score(store.load(FILE.with_name(f"{part}.npz")))
    healthy = [score for score in found if scoring.is_healthy(score.one)]
    assert sum(score.accepted for score in found) >= accepted * len(found)
    assert sum(score.false_alarm for score in healthy) <= alarms * len(healthy)


def test_the_cause_of_a_gap_is_the_one_that_was_made(scores):
    """Dropout, averaging or an easier split, wherever the train loss was re-evaluated."""
    hits = []
    for score in scores:
        for verdict in (score.found.primary, *score.found.others):
            if verdict.code == "val_below_train" and score.one.cause and "train_loss_eval" in score.one.curves:
                parts = {name: share for name, share in verdict.evidence.items() if name != "gap"}
                hits.append(max(parts, key=lambda name: parts[name]) == score.one.cause)
    assert len(hits) > 80
    assert np.mean(hits) > 0.95


def test_a_thousand_trials_of_a_hundred_epochs_are_one_call():
    """The time is measured in docs/LOG.md; here only that nothing grows with the number of calls."""
    t = np.arange(1, 101)
    loss = 0.3 + np.exp(-np.outer(np.linspace(0.01, 0.3, 1000), t))
    found = diagnose_curves(Curves(train_loss=loss, train_loss_eval=loss, val_loss=loss))
    assert len(found) == 1000
    assert {one.primary.code for one in found} <= {"too_slow", "still_learning", "converged", "stopped_too_late"}
