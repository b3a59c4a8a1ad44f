"""Scores of classes: scikit-learn's, with ties, weights, absent classes and constant targets."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.calibration import calibration_curve

from nnjax.report.ranking_scores import calibration_points, confusion_scores, r2, ranking_scores

RNG = np.random.default_rng(0)
N = 200
W = [None, RNG.exponential(size=N), (RNG.random(N) < 0.5).astype(float)]


@pytest.mark.parametrize("w", W, ids=["alike", "weighted", "half"])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_classes(classes, w):
    y, answered = RNG.integers(classes, size=(2, N))
    if classes == 7:
        y[y == 3], answered[answered == 4], answered[answered == 3] = 0, 1, 2  # absent; never answered; neither
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        precision, recall, f1, _ = sk.precision_recall_fscore_support(
            y, answered, labels=range(classes), sample_weight=w, zero_division=np.nan
        )
    np.testing.assert_allclose(confusion_scores(y, answered, classes, w), [recall, precision, f1], rtol=1e-12)


@pytest.mark.parametrize("w", W, ids=["alike", "weighted", "half"])
@pytest.mark.parametrize("digits", [1, 2, 9])
def test_rankings_with_ties(digits, w):
    right = RNG.random(N) < 0.3
    score = np.round(RNG.normal(size=N) + right, digits).astype(np.float32)
    expected = [f(right, score, sample_weight=w) for f in (sk.roc_auc_score, sk.average_precision_score)]
    np.testing.assert_allclose(ranking_scores(right, score, w), expected, rtol=1e-10)


def test_a_ranking_by_hand():
    """Scores 3 2 1 0 with outcomes + − + −: 3 of 4 pairs in order; precisions 1 and 2/3 at the hits."""
    found = ranking_scores(np.array([True, False, True, False]), np.array([3.0, 2, 1, 0]))
    assert found == (0.75, pytest.approx(5 / 6))


@pytest.mark.parametrize("sure", [RNG.random(N), np.round(RNG.random(N), 1), np.ones(N), np.float32(RNG.random(N))])
def test_calibration(sure):
    right = RNG.random(N) < sure
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        share, mean = calibration_curve(right, sure, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(calibration_points(right, sure, 10), np.stack([mean, share], axis=1), rtol=1e-6)


@pytest.mark.parametrize("w", W, ids=["alike", "weighted", "half"])
def test_r2(w):
    y = RNG.normal(size=N)
    assert r2(y, y + 0.3, w) == pytest.approx(sk.r2_score(y, y + 0.3, sample_weight=w))
    for constant in (np.ones(N), np.full(N, 1.5)):
        assert r2(np.ones(N), constant, w) == sk.r2_score(np.ones(N), constant, sample_weight=w)
