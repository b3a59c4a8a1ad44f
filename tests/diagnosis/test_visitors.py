"""The third set of other tools' runs: how it was made, and what its labels keep to. No rule is tried on it here."""

import dataclasses
import pathlib

import numpy as np
import pytest

from nnjax.diagnosis.verdicts import CODES
from scripts.curves import newcomers, scoring, store, stranger_runs, strangers, visitor_data, visitor_runs, visitors
from scripts.curves.curve import Labeled
from scripts.curves.stranger_labels import Run
from scripts.curves.visitors import Visit

FOLDER = pathlib.Path(__file__).parent
PLAN = Visit("easy", 40, 10, 70, 0, tool="sklearn")


@pytest.fixture(scope="module")
def curves():
    return store.load(FOLDER / "visitors.npz")


def test_there_are_enough_of_each_tool_and_of_healthy_ones(curves):
    tools = [one.source.split("/")[1] for one in curves]
    assert len(curves) >= 220
    assert min(tools.count(tool) for tool in ("torch", "keras", "sklearn")) >= 20
    assert sum(scoring.is_healthy(one) for one in curves) >= 60
    assert len({one.label for one in curves}) >= 12


def test_labels_are_accepted_and_speak_of_what_is_shown(curves):
    for one in curves:
        assert one.label in one.accepted <= set(CODES)
        assert len({len(y) for y in one.curves.values()}) == 1
        if one.label == "overfitting":
            assert {"val_loss", "val_accuracy"} & set(one.curves)
        if one.label == "diverged":
            assert any(not np.isfinite(y).all() or y.max() > 100 for name, y in one.curves.items() if "loss" in name)
        elif one.label != "too_short_to_say":
            assert all(np.isfinite(y).all() and len(y) >= 5 for y in one.curves.values())


def test_data_and_schedules_are_not_those_of_the_other_sets(curves):
    known = {*newcomers.PROBLEMS, *strangers.PROBLEMS}
    assert not known & {*visitor_data.CLASSES, *visitor_data.TARGETS}
    assert {one.source.split("/")[2] for one in curves} <= {*visitor_data.CLASSES, *visitor_data.TARGETS}


@pytest.mark.parametrize(
    ("schedule", "epoch", "share"),
    [
        ("sgdr", 0, 1.0), ("sgdr", 5, 0.5), ("sgdr", 10, 1.0), ("sgdr", 30, 1.0), ("sgdr", 50, 0.5), ("sgdr", 70, 1.0),
        ("cosine", 35, 0.5), ("cosine", 100, 0.0), ("cosine_floor", 70, 0.1), ("poly", 35, 0.25), ("poly", 90, 0.0),
        ("halving", 22, 0.25), ("one_cycle", 17.5, 2.0), ("one_cycle", 70, 0.0), ("inverse_sqrt", 27, 0.5),
        ("hyperbolic", 10, 0.5), ("triangle", 70 / 9, 2.0),
    ],
)  # fmt: skip
def test_rates_of_schedules(schedule, epoch, share):
    """Worked by hand for 70 epochs: restarts after 10, 30 and 70."""
    assert visitors.rate_at(dataclasses.replace(PLAN, schedule=schedule), epoch) == pytest.approx(share, abs=1e-9)


def test_loss_of_the_best_constant_answer():
    """Two equal classes: log 2, whatever the smoothing; the distances from a median; Huber's of -1, 0, 1: 1/3."""
    classes, targets = np.array([0, 0, 1, 1]), np.array([-1.0, 0, 5])
    smooth, mae, huber = (
        dataclasses.replace(PLAN, **made) for made in ({"smoothing": 0.2}, {"loss": "mae"}, {"loss": "huber"})
    )
    assert visitor_runs.guessing(smooth, classes, True) == pytest.approx((np.log(2), 0.5))
    assert visitor_runs.guessing(mae, targets, False)[0] == pytest.approx(2)
    assert visitor_runs.guessing(huber, np.array([-1.0, 0, 1]), False)[0] == pytest.approx(1 / 3)
    variances = visitor_runs.guessing(PLAN, np.array([[0.0, 1], [2, 1]]), False)[0]  # 1 and 0
    assert variances == pytest.approx(0.5)


def test_leaks_and_wrong_labels_are_in_the_data():
    leaks, flips = dataclasses.replace(PLAN, leak=1.0), dataclasses.replace(PLAN, flips=0.5)
    (x, _, _), (_, y, _), (_, clean, _) = (visitors.problem(plan) for plan in (leaks, flips, PLAN))
    assert all((x[:40] == row).all(axis=1).any() for row in x[40:50])
    assert 3 < (y[:40] != clean[:40]).sum() < 25  # a third of those drawn anew are right again
    assert (y[40:] == clean[40:]).all()


def test_regressors_of_scikit_learn_are_trained():
    """A keyword that another version has elsewhere made them NaN from the first epoch."""
    history = stranger_runs.train(strangers.Plan("diabetes", 50, 20, 6, 0, tool="sklearn"), 6)
    assert history["train_loss"][-1] < history["train_loss"][0]


def test_runs_come_back_as_they_were_written(tmp_path):
    one = Run(PLAN, {"train_loss": np.arange(3.0)}, {0.1: {"train_eval": np.ones(2)}}, 0.5, float("nan"), 0.7)
    store.save_run(tmp_path / "run.npz", one._replace(plan=dataclasses.replace(PLAN, epochs=2)))
    again = store.load_run(tmp_path / "run.npz", PLAN)
    assert (again.plan.epochs, again.guess, list(again.others)) == (2, 0.5, [0.1])
    assert np.isnan(again.guess_error)
    assert again.guess_test == 0.7
    np.testing.assert_array_equal(again.history["train_loss"], [0, 1, 2])
    np.testing.assert_array_equal(again.others[0.1]["train_eval"], [1, 1])


def test_finite_losses_of_any_size_stay_finite_beside_others_that_are_not(tmp_path):
    """A float32 goes to 3.4e38."""
    plain = {"label": "diverged", "accepted": frozenset({"diverged"}), "source": "x", "part": "visitors"}
    losses = ([1.0, 1e200], [1.0, np.nan])
    store.save(tmp_path / "two.npz", [Labeled({"train_loss": np.array(loss)}, **plain) for loss in losses])
    big, gone = (one.curves["train_loss"][1] for one in store.load(tmp_path / "two.npz"))
    assert big == pytest.approx(3e38)
    assert np.isnan(gone)
