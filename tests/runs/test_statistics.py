"""Means over seeds and paired comparisons, against worked examples and SciPy."""

import numpy as np
import pytest
from scipy import stats

from nnjax.core.errors import UserError
from nnjax.runs.statistics import compare_paired, estimate, median, proportion

# Student 1908, table of Cushny & Peebles: additional hours of sleep of ten patients under two drugs.
DEXTRO = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
LAEVO = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_the_interval_of_a_mean_by_hand():
    """Values 1, 2, 3, 4: mean 2.5, s = sqrt(5/3), t(.975, 3) = 3.182446, so 2.5 ± 3.182446 · 1.290994 / 2."""
    found = estimate([4.0, 1.0, float("nan"), 3.0, 2.0, float("inf")])
    assert (found.mean, found.count) == (2.5, 4)
    assert found.spread == pytest.approx(1.290994, rel=1e-6)
    assert (found.low, found.high) == pytest.approx((2.5 - 2.054260, 2.5 + 2.054260), rel=1e-6)


def test_few_values():
    assert estimate([]).count == 0
    assert np.isnan(estimate([]).mean)
    one = estimate([3.0])
    assert (one.mean, one.count) == (3.0, 1)
    assert np.isnan(one.low)


def test_student_s_own_example():
    """Published: mean difference −1.58, standard deviation 1.23, t = −4.0621, p = .002833."""
    found = compare_paired(dict(enumerate(DEXTRO)), dict(enumerate(LAEVO)))
    assert found.difference.mean == pytest.approx(-1.58)
    assert found.difference.spread == pytest.approx(1.23, abs=0.005)
    assert found.p_value == pytest.approx(0.002833, abs=1e-6)
    assert found.wins == 9
    assert "really lower" in str(found)
    unpaired = stats.ttest_ind(DEXTRO, LAEVO).pvalue
    assert unpaired > 0.05 > found.p_value  # what pairing is for


def test_only_common_finite_seeds_count():
    found = compare_paired({0: 1.0, 1: 2.0, 2: float("nan"), 3: 9.0}, {1: 1.0, 0: 0.5, 2: 1.0, 4: 0.0})
    assert found.difference.count == 2
    assert "cannot be told apart" in str(found)
    assert "one seed cannot" in str(compare_paired({0: 1.0}, {0: 2.0}))
    with pytest.raises(UserError, match="no finished seed in common"):
        compare_paired({0: 1.0}, {1: 2.0})


def test_equal_settings_have_no_p_value():
    found = compare_paired({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0})
    assert np.isnan(found.p_value)
    assert "cannot be told apart" in str(found)


def test_the_interval_of_a_share():
    """Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3 (score): 81/263, 15/148, 0/20, 1/29."""
    for successes, count, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)):
        assert proportion(successes, count) == pytest.approx((low, high), abs=5e-5)
    assert proportion(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert proportion(20, 20) == pytest.approx((1 - 0.1611, 1), abs=5e-5)
    for successes, count in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(UserError, match="are not a share"):
            proportion(successes, count)


def test_the_interval_of_a_median():
    """Of 25 values the 8th and the 18th: (25 ± 1.96 · 5) / 2 values lie below; NaN (never) is left out."""
    values = np.append(np.arange(25.0, 0.0, -1.0), np.nan)
    assert median(values) == (13.0, 8.0, 18.0)
    assert median([5.0]) == (5.0, 5.0, 5.0)
    assert all(np.isnan(median([np.nan])))
    samples = np.random.default_rng(0).exponential(size=(2000, 101))
    covered = [low <= np.log(2) <= high for _, low, high in map(median, samples)]
    assert 0.94 < np.mean(covered) < 0.975


def test_an_interval_ends_where_no_value_can_be():
    """Of 1, 1 and .91: mean .97, s = .0519615, t(.975, 2) = 4.302653, so .97 ± .129080; cut it still holds the mean."""
    shares = [1.0, 1.0, 0.91]
    free = estimate(shares)
    assert (free.low, free.high) == pytest.approx((0.840920, 1.099080), abs=1e-6)
    cut = estimate(shares, within=(0.0, 1.0))
    assert (cut.mean, cut.low, cut.high) == (free.mean, free.low, 1.0)
    assert estimate([0.001, 0.2], within=(0.0, np.inf)).low == 0
    below = estimate([-2e-7, -1e-7], within=(0.0, np.inf))  # rounding may leave the range
    assert below.low == below.mean < 0 < below.high
