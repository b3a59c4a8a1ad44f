"""The fourth set of other tools' runs: how it was made, and what its labels keep to. No rule is tried on it here."""

import dataclasses
import pathlib

import numpy as np
import pytest

from nnjax.diagnosis.verdicts import CODES
from scripts.curves import newcomers, scoring, settler_data, settler_runs, settlers, store, strangers, visitor_data
from scripts.curves.settlers import Settler

FOLDER = pathlib.Path(__file__).parent
PLAN = Settler("odd", 40, 10, 40, 0, tool="sklearn")


@pytest.fixture(scope="module")
def curves():
    return store.load(FOLDER / "settlers.npz")


def test_there_are_enough_of_each_tool_and_of_healthy_ones(curves):
    tools = [one.source.split("/")[1] for one in curves]
    assert len(curves) >= 210
    assert min(tools.count(tool) for tool in ("torch", "sklearn")) >= 40
    assert set(tools) == {"torch", "flax", "keras", "sklearn"}
    assert sum(scoring.is_healthy(one) for one in curves) >= 110
    assert len({one.label for one in curves}) >= 10


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


def test_what_is_asked_of_the_data_is_not_what_the_other_sets_ask():
    known = {*newcomers.PROBLEMS, *strangers.PROBLEMS, *visitor_data.CLASSES, *visitor_data.TARGETS}
    assert not known & {*settler_data.CLASSES, *settler_data.TARGETS}


@pytest.mark.parametrize(
    ("schedule", "epoch", "share"),
    [
        ("milestones", 23, 1.0), ("milestones", 24, 0.1), ("milestones", 32, 0.01), ("drops", 8, 0.4),
        ("drops", 60, 0.4**4), ("warm_linear", 0, 0.2), ("warm_linear", 20, 0.5), ("warm_cosine", 20, 0.5),
        ("restarts", 0, 1.0), ("restarts", 5, 0.51), ("restarts", 10, 1.0), ("flat_then_cosine", 28, 1.0),
        ("flat_then_cosine", 34, 0.5), ("flat_then_cosine", 50, 0.0), ("exponential", 40, 0.03), ("constant", 9, 1.0),
    ],
)  # fmt: skip
def test_rates_of_schedules(schedule, epoch, share):
    """Worked by hand for 40 epochs: steps after 24 and 32, a warm-up of 5, restarts every 10."""
    assert settlers.rate_at(dataclasses.replace(PLAN, schedule=schedule), epoch) == pytest.approx(share, abs=1e-9)


def test_losses_of_the_best_constant_answer():
    """Two equal classes: log 2, and squares of 1/4; targets 0 and 2: 1, which scikit-learn halves; 1 in distance."""
    classes, targets = np.array([0, 0, 1, 1]), np.array([0.0, 2])
    plain = dataclasses.replace(PLAN, tool="torch")
    brier, mae = (dataclasses.replace(plain, loss=loss) for loss in ("brier", "mae"))
    assert settler_runs.guessing(plain, classes, True) == pytest.approx((np.log(2), 0.5))
    assert settler_runs.guessing(brier, classes, True) == pytest.approx((0.25, 0.5))
    assert [settler_runs.guessing(plan, targets, False)[0] for plan in (plain, PLAN, mae)] == pytest.approx([1, 0.5, 1])


def test_losses_of_answers():
    """Logits of log 0.8 and log 0.2; their squares: 0.2² and 0.8² of one class each."""
    z, y = np.log([[0.8, 0.2]]), np.array([0])
    assert settler_runs.scored(PLAN, z, y, 2) == pytest.approx((-np.log(0.8), 1))
    brier = dataclasses.replace(PLAN, loss="brier")
    assert settler_runs.scored(brier, np.exp(z), np.array([1]), 2) == pytest.approx((0.64, 0))
