"""Features of learning curves against curves whose truth is known in closed form."""

import numpy as np
import pytest

from nnjax.diagnosis import features as f

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("sigma", [0.01, 0.3])
@pytest.mark.parametrize("length", [40, 400])
def test_noise_is_found_whatever_the_trend(sigma, length):
    """Normal noise on a power law, a line and a constant."""
    t = np.arange(1, length + 1)
    trends = np.array([-0.5 * np.log(t), -0.01 * t, 0.0 * t])
    z = np.repeat(trends, 200, axis=0) + sigma * RNG.normal(size=(600, length))
    assert np.median(f.noise(z)) == pytest.approx(sigma, rel=0.15)


def test_noise_does_not_see_jumps_and_bends():
    z = -0.5 * np.log(np.arange(1.0, 9.0))[None]
    assert f.noise(z)[0] < 0.02
    jumpy = np.zeros((1, 50))
    jumpy[0, [10, 30]] = 5.0
    assert f.noise(jumpy)[0] == 0
    assert np.isnan(f.noise(np.zeros((1, 2)))).all()


def test_one_epoch_makes_no_end():
    """A line with a last epoch far off ends where the line does; a noisy one is not taken for a jump."""
    z = np.linspace(3, 2, 21)[None].repeat(3, axis=0)
    z[1, -1], z[2, -1] = 0.5, 4.0
    clean, jump = f.without_last_jump(z, np.full(3, 1e-3))
    np.testing.assert_allclose(clean, np.linspace(3, 2, 21)[None].repeat(3, axis=0))
    np.testing.assert_allclose(jump, [0, -1.5, 2.0], atol=1e-9)
    np.testing.assert_allclose(f.end_level(z, 7), [2, 2, 2], atol=0.06)
    noisy = 1 + 0.05 * RNG.normal(size=(400, 40))
    assert (f.without_last_jump(noisy, f.noise(noisy))[1] != 0).mean() < 0.01


def test_medians_and_means_keep_a_line_up_to_its_ends():
    z = np.linspace(3, 1, 11)[None]
    for half in (1, 3):
        np.testing.assert_allclose(f.running_median(z, half), z)
        np.testing.assert_allclose(f.running_mean(z, half), z)
    np.testing.assert_allclose(f.smooth(z), z)


def test_running_mean_by_hand():
    np.testing.assert_allclose(f.running_mean(np.array([[0.0, 3.0, 6.0, 0.0]]), 1), [[0, 3, 3, 0]])


def test_a_spike_stands_out_by_its_height():
    z = np.linspace(2, 1, 21)[None].copy()
    z[0, 12] += 0.7
    heights = f.spike_heights(z)
    assert heights.argmax() == 12
    assert heights.max() == pytest.approx(0.7, abs=0.06)
    assert f.robust_z(heights, 0.005).argmax() == 12


def test_the_log_scale():
    """A per cent of a positive loss is 0.01; a loss that can be negative is counted in shares of its range."""
    z = f.log_scale(np.array([[2.0, 1.98], [4.0, -4.0], [5.0, 5.0], [0.0, 0.0]]))
    assert z[0, 0] - z[0, 1] == pytest.approx(0.01, rel=0.01)
    np.testing.assert_allclose(z[1:], [[1, 0], [np.log(5)] * 2, [0, 0]])


def test_gaps_are_filled_from_around():
    y = np.array([[np.nan, 1, np.nan, 3, np.nan], [np.nan] * 5])
    np.testing.assert_array_equal(f.interpolate(y), [[1, 1, 2, 3, 3], [np.nan] * 5])


def test_longest_runs():
    start, length = f.longest_run(np.array([[0, 1, 1, 0, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool))
    assert list(length) == [2, 0, 5]
    assert (start[0], start[2]) == (1, 0)


def test_share_of_steps_up():
    np.testing.assert_allclose(f.share_up(np.array([[1.0, 2.0, 1.0, 0.5, 0.7]])), [0.5])
