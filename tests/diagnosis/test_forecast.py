"""What a longer run gains, where a formula says it."""

import numpy as np
import pytest

from nnjax.diagnosis import thresholds as limit
from nnjax.diagnosis.features import noise
from nnjax.diagnosis.forecast import forecast

RNG = np.random.default_rng(5)
T = np.arange(1.0, 101)


def of(loss):
    z = np.log(np.atleast_2d(loss))
    return forecast(z, noise(z[:, z.shape[1] // 2 :]))


@pytest.mark.parametrize("power", [0.05, 0.5])
def test_a_power_law_goes_on(power):
    """Half as many epochs again lower t^-p by the factor 1.5^-p; at once a curve without noise is sure."""
    found = of(T**-power)
    assert found.gain[0] == pytest.approx(power * np.log(1.5), rel=0.15)
    assert found.sure[0] > 0.95


@pytest.mark.parametrize(("share", "goes_on"), [(0.2, False), (0.8, True)])
def test_an_exponential_approach_is_no_power_law(share, goes_on):
    """0.5 + 0.5 exp(-t / 20) gains 0.7 %, with t / 80 it gains 10 %."""
    loss = 0.5 + 0.5 * np.exp(-T / (100 * share))
    truth = np.log(loss[-1] / (0.5 + 0.5 * np.exp(-1.5 / share)))
    found = of(loss)
    assert (found.sure[0] > limit.SURE) == goes_on == (truth > limit.GAIN)
    low, high = found.interval(0)
    assert low - 0.005 < truth < high + 0.005


def test_flat_curves_with_noise_are_seldom_promised_a_gain():
    """Of 2 %, which a power law through the last half called a fall in 28 of 100."""
    found = of(np.exp(0.02 * RNG.normal(size=(500, 60))))
    assert (found.sure > limit.SURE).mean() < 0.05


def test_the_interval_holds_the_truth():
    """Power laws and exponentials with 1 % noise: in more than eight of ten cases the gain lies within it."""
    inside = []
    for _ in range(100):
        p, low, a = RNG.uniform(0.3, 1.5), RNG.uniform(0.1, 0.5), RNG.uniform(0.1, 0.5)
        x = np.arange(1.0, 151)
        fall = (1 + x / 5) ** -p if RNG.random() < 0.5 else np.exp(-x / (100 * a))
        loss = low + fall
        truth = np.log(loss[99] / loss[149])
        ends = of(loss[:100] * np.exp(0.01 * RNG.normal(size=100))).interval(0)
        inside.append(ends[0] - 1e-3 <= truth <= ends[1] + 1e-3)
    assert np.mean(inside) > 0.8


def test_a_step_of_a_schedule_that_has_ended_gains_nothing():
    loss = np.where(T < 60, 1.0, 0.5 + 0.5 * np.exp(-(T - 59) / 3)) * np.exp(0.005 * RNG.normal(size=100))
    assert of(loss).sure[0] < limit.SURE


def test_a_cosine_to_zero_gains_nothing_and_an_s_does():
    cosine = 0.3 + 0.1 * (1 + np.cos(np.pi * T / 100)) / 2 + 0.3 * np.exp(-T / 6)
    assert of(cosine).sure[0] < limit.SURE
    assert of(0.7 + 1.6 / (1 + np.exp((T - 60) / 12))).sure[0] > limit.SURE


@pytest.mark.parametrize("cycles", [2, 3])
def test_a_rate_that_restarts_goes_on_although_the_curve_ends_flat(cycles):
    """Log loss falls with the sum of a cosine rate that restarts: by half a cycle's share in the next cycle's half."""
    period = 120 // cycles
    rate = 0.5 * (1 + np.cos(np.pi * (np.arange(180) % period) / period))
    loss = 0.2 + np.exp(-np.cumsum(rate) / 40)
    truth = np.log(loss[119] / loss[120:].min())
    assert abs(np.log(loss[119] / loss[116])) < 0.005 < truth
    found = of(loss[:120])
    assert found.sure[0] > limit.SURE
    assert found.gain[0] == pytest.approx(truth, rel=0.4)


def test_what_has_come_to_rest_promises_nothing():
    """A fall of two thirds and then one on a cosine, which ends with less than 0.2 % in the last eighth."""
    t = np.arange(1, 252)
    loss = 0.56 + 1.5 * np.exp(-t / 12) + 0.03 * (1 + np.cos(np.pi * t / 251))
    assert of(loss).sure[0] < limit.SURE
    assert of(loss).gain[0] < limit.GAIN
