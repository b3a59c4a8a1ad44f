"""Confidences: how often a first verdict is right, by a logistic regression."""

import numpy as np
import pytest

from nnjax.diagnosis import verdict_confidence
from nnjax.diagnosis.verdicts import CODES
from scripts import calibrate_verdicts


def test_every_verdict_has_its_odds():
    assert set(verdict_confidence.ODDS) == set(CODES)
    for code in CODES:
        sure = [verdict_confidence.calibrated(code, confidence) for confidence in (0.5, 0.8, 0.98, 1.0)]
        assert 0.5 < sure[0] <= sure[1] <= sure[2] == sure[3] < 1


def test_the_odds_of_one_code_are_those_of_its_share(monkeypatch):
    """Without a ridge the fitted share is the share seen: 3 of 4 of one code, 1 of 2 of another."""
    monkeypatch.setattr(calibrate_verdicts, "RIDGE", 1e-6)
    codes = np.array([[1, 0]] * 4 + [[0, 1]] * 2, float)
    x = np.column_stack([np.ones(6), np.zeros(6), codes])
    found = calibrate_verdicts.probability(x, calibrate_verdicts.fit(x, np.array([1, 1, 1, 0, 1, 0.0]), np.ones(6)))
    assert found[:4] == pytest.approx([0.75] * 4, abs=1e-3)
    assert found[4:] == pytest.approx([0.5] * 2, abs=1e-3)
