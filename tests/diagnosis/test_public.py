"""`nnjax.diagnose`: paths, Keras's History, arrays; what is known beside them; mistakes."""

import json

import numpy as np
import pytest

import nnjax
from nnjax.core.errors import UserError
from nnjax.diagnosis.types import Curves

SLOW = np.linspace(0.114, 0.1097, 20)


def test_a_file_of_two_trials(tmp_path):
    path = tmp_path / "curves.csv"
    rows = [f"{trial},{i},{y}" for trial in "ab" for i, y in enumerate(SLOW if trial == "a" else SLOW**-2, 1)]
    path.write_text("\n".join(["trial,epoch,val_loss", *rows]), "utf-8")
    first, second = nnjax.diagnose(path)
    assert [first.trial, second.trial] == ["trial a", "trial b"]
    assert str(first).startswith("trial a: too_slow (confidence ")
    assert "\n  next: Raise the learning rate" in str(first)
    assert second.primary.code == "rising"
    assert json.loads(json.dumps(first.as_json()))["primary"]["epochs"] == {"from": 1, "to": 20}


@pytest.mark.parametrize("wrap", [list, tuple, np.asarray], ids=["list", "tuple", "array"])
def test_the_history_of_keras(wrap):
    [found] = nnjax.diagnose({"loss": wrap(SLOW), "val_loss": wrap(SLOW), "learning_rate": ["constant"]})
    assert (found.primary.code, found.trial) == ("too_slow", "")


def test_what_is_known_takes_part():
    [alone] = nnjax.diagnose({"val_loss": list(SLOW)})
    [beside] = nnjax.diagnose({"val_loss": list(SLOW)}, mean_predictor=0.0675)
    assert "predicting the mean" not in alone.primary.sentence
    assert "(0.0675)" in beside.primary.sentence
    assert nnjax.diagnose(Curves(val_loss=SLOW), mean_predictor=0.0675) == [beside]


@pytest.mark.parametrize(
    ("curves", "known", "message"),
    [
        ("no.csv", {}, "no.csv does not exist"),
        ({}, {}, "holds no curves by name"),
        ({"loss": 3}, {}, "loss in the mapping is not a list"),
        ({"accuracy": [0.5]}, {}, "has no loss"),
        ({"loss": [1.0]}, {"mean": 1.0}, "Nothing is called mean here; of mean_predictor, chance_accuracy"),
    ],
)
def test_mistakes_are_sentences(curves, known, message):
    with pytest.raises(UserError, match=message):
        nnjax.diagnose(curves, **known)
