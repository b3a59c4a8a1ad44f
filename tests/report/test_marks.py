import json

import numpy as np
import pytest

from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.marks import Mark
from nnjax.diagnosis.types import Curves, Diagnosis, TrainingContext, Verdict
from nnjax.diagnosis.verdicts import CODES, VERDICTS
from nnjax.report.trial_verdicts import mark_data
from nnjax.report.verdict_details import marks

T = np.arange(1, 41)
EPOCHS = ("from", "to", "minimum", "diverged", "spike", "flat_from")


def drawn(train, val, **context):
    curves = {"train_loss": np.asarray(train, float), "val_loss": np.asarray(val, float)}
    [found] = diagnose_curves(
        Curves(**{name: curve[None] for name, curve in curves.items()}), TrainingContext(**context)
    )
    return found, marks(Diagnosis(found.primary), curves)


def test_overfitting_is_marked_where_the_loss_is_lowest():
    val = 0.5 + 0.001 * (T - 15.0) ** 2
    found, [point, band] = drawn(np.exp(-T / 10), val)
    assert found.primary.code == "overfitting"
    assert (point.kind, point.x, point.y) == ("point", (15,), (0.5,))
    assert (band.kind, band.x) == ("band", (15, 40))


def test_a_power_law_is_continued():
    """A loss t^-0.4 is t^-0.4 at 60 epochs too."""
    loss = T**-0.4
    found, [trend] = drawn(loss, loss)
    assert found.primary.code == "still_learning"
    assert trend.x[-1] == pytest.approx(60)
    assert trend.y == pytest.approx(np.array(trend.x) ** -0.4, rel=0.03)


def test_a_slow_loss_lies_beside_a_straight_line_and_a_constant_answer():
    loss = 3 - 0.01 * T
    found, marked = drawn(loss, loss, mean_predictor=2.3)
    assert found.primary.code == "too_slow"
    assert [(mark.kind, mark.y) for mark in marked] == [("trend", (2.99, 2.6)), ("level", (2.3,))]


def test_divergence_is_a_line_at_its_epoch():
    curves = {"train_loss": np.array([2.0, 30.0])}
    found = Diagnosis(Verdict("diverged", "", {}, {"diverged": 3}))
    assert marks(found, curves) == [Mark("line", (3,), (), "diverged: epoch 3")]


def test_what_has_no_place_on_the_curves_is_not_drawn():
    """A minimum past the curve's end, a level that is not known."""
    curves = {"val_loss": np.array([2.0, 1.0])}
    assert marks(Diagnosis(Verdict("unstable", "", {}, {"minimum": 9})), curves) == []
    stuck = marks(Diagnosis(Verdict("stuck_at_start", "", {}, {"from": 1, "to": 2})), curves)
    assert [mark.kind for mark in stuck] == ["band"]


def test_negative_losses_have_no_power_law():
    curves = {"val_loss": -np.ones(9)}
    verdict = Verdict("still_learning", "", {"gain_ahead": 0.1}, {"from": 6, "to": 9})
    assert marks(Diagnosis(verdict), curves) == []


def test_all_verdicts_but_the_shortest_are_drawn():
    verdict = Verdict("", "", dict.fromkeys(("rise", "gain_ahead"), 0.1), dict.fromkeys(EPOCHS, 3))
    losses = {"train_loss": np.ones(9), "val_loss": np.ones(9)}
    assert {code for code, rule in VERDICTS.items() if rule.marks(verdict, losses)} == {*CODES} - {"too_short_to_say"}


def test_marks_as_json():
    text = json.dumps(mark_data(Mark("point", (3,), (np.float64(1 / 3),), "low")), allow_nan=False)
    assert json.loads(text) == {"kind": "point", "x": [3], "y": [0.33333], "label": "low"}


def test_a_gap_below_the_running_mean_shows_that_mean():
    """The chart may show the re-evaluated loss; the sentence speaks of the running mean."""
    again = 2 - 0.02 * T
    [found] = diagnose_curves(Curves(train_loss=again + 0.3, train_loss_eval=again, val_loss=again))
    verdict = next(v for v in (found.primary, *found.others) if v.code == "val_below_train")
    losses = {"train_loss": again + 0.3, "train_loss_eval": again, "val_loss": again}
    [place, line] = VERDICTS["val_below_train"].marks(verdict, losses)
    assert (place.kind, line.kind) == ("band", "trend")
    assert line.y == pytest.approx([(again + 0.3)[int(epoch) - 1] for epoch in line.x])
