"""Regimes, interval and warnings of losses that were worked out by hand."""

import numpy as np
import pytest

from nnjax.diagnosis.learning_rate import recommend
from nnjax.diagnosis.rate_regimes import GOOD, HIGH, TOO_HIGH, TOO_LOW, RateSweep

RATES = 10.0 ** np.arange(-4, 5)


def measured(finals, best, diverged=(), seeds=3):
    """Rates 1e-4 … 1e4 trained for 2 epochs, of which the first has the same losses as the last."""
    finals = np.array(finals, float)
    finals = np.repeat(finals[:, None], seeds, axis=1) if finals.ndim == 1 else finals
    broken = np.zeros(finals.shape, bool)
    broken[list(diverged)] = True
    losses = np.repeat(finals[:, :, None], 2, axis=2)
    losses[broken] = np.nan
    logs = np.where(broken, np.inf, np.log(finals))
    return RateSweep("sgd", 32, "val_loss", RATES[: len(finals)], tuple(range(seeds)), losses, broken, logs, best)


def test_the_four_regimes():
    """The lowest rate learns nothing from 2.3 on; 10 % above the best loss, .2, are good; NaN and 2.3 are too high."""
    found = recommend(measured([2.3, 1.0, 0.21, 0.2, 0.22, 0.5, 2.2, 9.0, 9.0], 3, diverged=[8]))
    assert found.regimes == (TOO_LOW, TOO_LOW, GOOD, GOOD, GOOD, HIGH, TOO_HIGH, TOO_HIGH, TOO_HIGH)
    assert [span.regime for span in found.spans] == [TOO_LOW, GOOD, HIGH, TOO_HIGH]
    np.testing.assert_allclose([span.high for span in found.spans[:3]], 10.0 ** np.array([-2.5, 0.5, 1.5]))
    assert (found.spans[0].low, found.spans[-1].high) == (1e-4, 1e4)
    assert (found.rate, found.edge) == (RATES[3], "")
    assert found.loss == pytest.approx(0.2)


def test_rates_that_were_not_tried_have_no_regime():
    data = measured([2.3, 1.0, 0.2, 0.5, 2.2], 2)
    data.losses[1], data.final_log_losses[1] = np.nan, np.nan
    assert recommend(data).regimes == (TOO_LOW, "", GOOD, HIGH, TOO_HIGH)


def test_a_rate_that_left_early_is_compared_with_the_best_one_then():
    """After one epoch the best had 1.0, so that 1.05 is good, though .2 was reached later."""
    data = measured([2.3, 1.05, 0.2, 0.5], 2)
    data.losses[2, :, 0], data.losses[1, :, 1], data.final_log_losses[1] = 1.0, np.nan, np.nan
    assert recommend(data).regimes[1] == GOOD


def test_the_interval_by_hand():
    """Differences in log loss of .04 ± .01 (standard deviation, n - 1), two degrees of freedom: t = 2.92.

    The half-width is 2.92 × .01 / √3 = .017 < log 1.02: only 2 % count, and .04 is more; with ± .03 it is .0506.
    """
    for spread, low in ((0.01, RATES[1]), (0.03, RATES[0])):
        logs = np.array([[0.04 - spread, 0.04, 0.04 + spread], [0.0, 0.0, 0.0]])
        assert recommend(measured(np.exp(logs), 1)).interval == (low, RATES[1])


def test_the_interval_ends_at_the_first_worse_rate():
    found = recommend(measured([0.201, 0.3, 0.203, 0.2, 0.202, 0.4], 3))
    assert found.interval == (RATES[2], RATES[4])
    assert f"rates from {RATES[2]:.2g} to {RATES[4]:.2g} are not significantly worse" in found.sentence("adam")


def test_one_good_rate_is_said_to_be_alone():
    found = recommend(measured([1.0, 0.2, 1.0], 1))
    assert found.interval == (RATES[1], RATES[1])
    assert "every other rate that was trained to the end is worse" in found.sentence("sgd")


@pytest.mark.parametrize(
    ("losses", "best", "words"),
    [
        ([0.2, 0.5, 1.0, 2.0, 2.3], 0, ("lowest", "low", "extend the range down")),
        ([2.3, 2.0, 1.0, 0.5, 0.2], 4, ("highest", "high", "extend the range up")),
        ([2.3, 2.0, 1.0, 0.2, 0.205], 3, ("highest", "high")),
    ],
)
def test_the_edge_is_warned_of(losses, best, words):
    edge = recommend(measured(losses, best)).edge
    assert all(word in edge for word in words)
