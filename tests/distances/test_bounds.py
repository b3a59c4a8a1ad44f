import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.distances import distance
from nnjax.distances.bounds import envelope

A = (0.0, 0.98, 1.37, 0.53, -0.14, -0.98, -0.57, 0.42, 0.89, 1.27, 0.41, -0.26)
C = (1.26, 0.81, 0.24, -0.36, -0.88, -0.16, 0.4, 1.17, 1.2, 0.12, -0.47, -0.98)


def test_keogh_equals_other_packages():
    """tslearn 0.10.0 and dtaidistance 2.5.1 (whose window is one more)."""
    assert distance(A, C, "lb_keogh", window=2) == pytest.approx(0.2908607914449798, rel=1e-5)


def test_the_envelope_by_hand():
    upper, lower = envelope(np.array([0.0, 3, 1, 1, 5]), 1)
    assert upper.tolist() == [3, 3, 3, 5, 5]
    assert lower.tolist() == [0, 0, 1, 1, 1]


def test_kim_by_hand():
    """First 0 and 1, last 0 and 2, least 0 and −4, largest 3 and 2: the largest difference is 4."""
    assert distance((0, 3, 0), (1, -4, 0, 2), "lb_kim") == 4
    assert distance((0, 3, 0), (1, -4, 0, 2), "lb_kim", root=False) == 16


def test_keogh_needs_equal_lengths():
    with pytest.raises(UserError, match="they have 3 and 4 points; LB_Kim takes both"):
        distance((0, 3, 0), (1, -4, 0, 2), "lb_keogh")
