"""Reliability and calibration error worked by hand, and refusals."""

import numpy as np
import pytest
from fake_runs import CLASSIFIER, fake_run
from scipy.special import softmax
from sklearn.metrics import log_loss as sklearn_log_loss

from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.nn import calibration
from nnjax.nn.calibration import calibration_error, reliability


def test_reliability_by_hand():
    """Two bins: .1 and .3 were predicted, one of two occurred; .9 and 1 were predicted, both occurred."""
    predicted, occurred, counts = reliability([0.1, 0.3, 0.9, 1.0], [0, 1, 1, 1], num_bins=2)
    np.testing.assert_allclose(predicted, [0.2, 0.95])
    np.testing.assert_allclose(occurred, [0.5, 1.0])
    np.testing.assert_array_equal(counts, [2, 2])
    assert calibration_error([0.1, 0.3, 0.9, 1.0], [0, 1, 1, 1], 2) == pytest.approx((0.3 + 0.05) / 2)
    np.testing.assert_array_equal(reliability([0.05, 0.95], [0, 1])[2], [1, 1])


@pytest.mark.parametrize(
    ("probabilities", "occurred", "message"),
    [([0.5], [0, 1], "Predictions"), ([1.5], [1], r"within \[0, 1\]")],
)
def test_what_is_no_prediction_is_refused(probabilities, occurred, message):
    with pytest.raises(UserError, match=message):
        reliability(probabilities, occurred)


def test_the_temperature_of_logits_that_are_three_times_too_large():
    """Labels are drawn from the softmax of z; that of the softmax of 3 z is 3, and its error is gone after."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20_000, 4))
    true, sure = softmax(z, axis=1), softmax(3 * z, axis=1)
    y = (true.cumsum(1) > rng.uniform(size=(20_000, 1))).argmax(1)
    value = calibration.fit_temperature(sure, y)
    assert value == pytest.approx(3, rel=0.05)
    np.testing.assert_allclose(calibration.temper(sure, 3), true, atol=1e-7)
    assert calibration.confidence_error(sure, y) > 0.2
    assert calibration.confidence_error(calibration.temper(sure, value), y) < 0.02
    assert calibration.log_loss(true, y) == pytest.approx(sklearn_log_loss(y, true))


def test_runs_fit_it_on_validation_and_measure_it_on_test():
    run = fake_run(CLASSIFIER)
    data = run.data(0)
    found = run.temperature()
    p = run.predict_proba(data.dataset.x[data.validation])
    assert found.value == pytest.approx(calibration.fit_temperature(p, data.dataset.y[data.validation]))
    x, y = data.dataset.x[data.test], data.dataset.y[data.test]
    after = run.predict_proba(x, temperature=found.value)
    assert (found.part, found.examples) == ("test", 60)
    assert found.loss == pytest.approx(sklearn_log_loss(y, run.predict_proba(x), labels=range(10)), rel=1e-5)
    assert found.loss_after == pytest.approx(sklearn_log_loss(y, after, labels=range(10)), rel=1e-5)
    with pytest.raises(UserError, match="a number above 0"):
        run.predict_proba(x, temperature=0)
    with pytest.raises(UserError, match="no probabilities"):
        fake_run(replace(CLASSIFIER, {"output_activation": "linear"})).temperature()
    with pytest.raises(UserError, match="the run has none"):
        fake_run(replace(CLASSIFIER, {"validation": 0})).temperature()
