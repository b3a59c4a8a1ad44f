"""Curves that others recorded: M. Nielsen's (MIT license; beside NNJAX_DATA) and the deck's autoencoders."""

import json
import os
import pathlib

import numpy as np
import pytest

from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.types import Curves, TrainingContext

DATA = os.environ.get("NNJAX_DATA")
needs_curves = [
    pytest.mark.data,
    pytest.mark.skipif(DATA is None, reason="NNJAX_DATA is not set: the folder curves beside it has Nielsen's curves"),
]


def nielsen(name):
    return json.loads((pathlib.Path(DATA).parent / "curves" / name).read_text("utf-8"))


def sparse(points, length):
    """A curve of which some epochs were written down."""
    y = np.full(length, np.nan)
    for epoch, value in points.items():
        y[epoch - 1] = value
    return y


def codes(diagnosis):
    return [verdict.code for verdict in (diagnosis.primary, *diagnosis.others)]


@pytest.mark.parametrize(
    ("place", "expected"),
    [(0, {"still_learning", "too_slow"}), (1, {"converged", "still_learning"}), (2, {"unstable"})],
    ids=["0.025", "0.25", "2.5"],
)
@pytest.mark.parametrize("curve", ["train_loss", "train_loss_eval"])
class TestNielsensRates:
    pytestmark = needs_curves

    def test_training_cost_alone(self, place, expected, curve):
        cost = nielsen("nielsen_multiple_eta.json")[place][2]
        [found] = diagnose_curves(Curves(**{curve: np.array(cost)}))
        assert found.primary.code in expected


class TestNielsensOverfitting:
    pytestmark = needs_curves

    @pytest.mark.parametrize("length", [40, 100, 400])
    def test_minimum_and_cost(self, length):
        """The lowest test cost is 1.2028 in epoch 15; after 400 epochs it is 1.773."""
        val, _, train, _ = (np.array(curve)[:length] for curve in nielsen("nielsen_overfitting.json"))
        [found] = diagnose_curves(Curves(train_loss_eval=train, val_loss=val))
        assert found.primary.code == "overfitting"
        assert found.primary.epochs["minimum"] in (14, 15)
        assert found.primary.evidence["lowest"] == pytest.approx(1.2028, abs=1e-4)
        if length == 400:
            assert found.primary.evidence["cost"] == pytest.approx(np.log(1.773 / 1.2028), abs=0.07)


LINEAR = ({1: 0.0641, 2: 0.0461, 5: 0.0313, 10: 0.0240, 15: 0.0211, 20: 0.0196},)
LINEAR += ({1: 0.0526, 2: 0.0409, 5: 0.0296, 10: 0.0231, 15: 0.0208, 20: 0.0189},)
SIGMOID = ({1: 0.0819, 2: 0.0592, 5: 0.0374, 10: 0.0249, 15: 0.0192, 20: 0.0160},)
SIGMOID += ({1: 0.0656, 2: 0.0525, 5: 0.0352, 10: 0.0243, 15: 0.0185, 20: 0.0152},)
LITERAL = ({1: 0.1188, 2: 0.1115, 5: 0.1025, 10: 0.0953, 15: 0.0911, 20: 0.0885},)
LITERAL += ({1: 0.1096, 2: 0.1087, 5: 0.0989, 10: 0.0935, 15: 0.0895, 20: 0.0869},)


@pytest.mark.parametrize("run", [LINEAR, SIGMOID, LITERAL], ids=["linear", "sigmoid", "literal"])
def test_the_decks_autoencoders_were_still_learning(run):
    """The linear one gains 7 % in its last five epochs; validation is below the running mean throughout."""
    train, val = (sparse(points, 20) for points in run)
    [found] = diagnose_curves(Curves(train_loss=train, val_loss=val))
    assert found.primary.code == "still_learning"
    assert "overfitting" not in codes(found)


DIGITS16 = ({1: 0.5823, 20: 0.2266, 50: 0.1676, 100: 0.1406, 200: 0.1233, 600: 0.1040},)
DIGITS16 += ({1: 0.2752, 20: 0.2252, 50: 0.1659, 100: 0.1392, 200: 0.1220, 600: 0.1036},)


@pytest.mark.parametrize("length", [200, 600])
def test_overfit_on_purpose_did_not_overfit(length):
    train, val = (sparse({e: y for e, y in points.items() if e <= length}, length) for points in DIGITS16)
    [found] = diagnose_curves(Curves(train_loss=train, val_loss=val))
    assert found.primary.code == "still_learning"
    assert "overfitting" not in codes(found)


@pytest.mark.parametrize("constant", [0.0675, 0.0964])
def test_the_modern_default_rate_is_too_slow(constant):
    """Adadelta with lr .001: from the error of black (.1140) to .1097 in 20 epochs, worse than the mean image."""
    val = sparse({1: 0.1140, 20: 0.1097}, 20)
    [found] = diagnose_curves(Curves(val_loss=val), TrainingContext(mean_predictor=constant))
    assert found.primary.code == "too_slow"
    assert "always predicting the mean" in found.primary.sentence
    assert found.primary.evidence["mean_predictor"] == constant


def test_it_was_too_slow_after_sixty_epochs_too():
    val = sparse({1: 0.1140, 20: 0.1097, 60: 0.0935}, 60)
    [found] = diagnose_curves(Curves(val_loss=val), TrainingContext(mean_predictor=0.0675))
    assert found.primary.code == "too_slow"
