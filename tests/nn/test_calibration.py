"""Reliability and calibration error worked by hand, and refusals."""

import numpy as np
import pytest

from nnjax.core.errors import UserError
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
