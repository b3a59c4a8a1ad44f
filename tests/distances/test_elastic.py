"""Elastic distances against numbers worked by others, against their definitions cell by cell, and their gradients.

Recorded golden values are of aeon 1.6.0, dtaidistance 2.5.1 and tslearn 0.10.0, in float64.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tables

from nnjax.distances import DTW, EDR, ERP, LCSS, SoftDTW, distance

X = (-2, 10, -10, 15, -13, 20, -5, 14, 2)
Y = (3, -13, 14, -7, 9, -2, 5, 10, 15)
A = (0.0, 0.98, 1.37, 0.53, -0.14, -0.98, -0.57, 0.42, 0.89, 1.27, 0.41, -0.26)
B = (0.48, 1.19, 1.15, 0.04, -0.52, -0.96, -0.17, 0.89, 1.09, 1.03, -0.08, -0.63)
C = (1.26, 0.81, 0.24, -0.36, -0.88, -0.16, 0.4, 1.17, 1.2, 0.12, -0.47, -0.98)
SHORT = (1.0, 0.76, 0.17, -0.5, -0.94, -0.94, -0.49, 0.19, 0.78)
ABSOLUTE = {"cost": "absolute", "root": False}
SQUARED = {"root": False}


def test_the_golden_values_of_the_deck():
    assert distance(X, Y, "dtw", **ABSOLUTE) == 62
    assert distance(X, Y, "dtw", **SQUARED) == 516
    assert distance(X, Y, "dtw") == pytest.approx(22.71563, abs=1e-5)
    assert distance(X, Y, "dtw", window=0, **ABSOLUTE) == distance(X, Y, "manhattan") == 145
    assert distance(X, Y, "dtw", window=0, **SQUARED) == 2867
    assert distance(X, Y) == pytest.approx(53.54437, abs=1e-5)
    assert [distance(X, Y, "dtw", window=w, **ABSOLUTE) for w in (1, 2)] == [62, 62]
    assert [distance(X, Y, "dtw", window=w, **SQUARED) for w in (1, 8)] == [516, 516]
    small = (2, 2, 6, 1), (3, 9, 6, 1)
    assert (distance(*small, "dtw", **ABSOLUTE), distance(*small, "dtw", **SQUARED)) == (5, 11)
    assert distance(*small, "manhattan") == 8


@pytest.mark.parametrize(
    ("x", "y", "options", "recorded"),
    [
        (A, B, {}, 1.2472770341828636),  # all three packages
        (A, B, ABSOLUTE, 3.95),  # dtaidistance
        (A, B, {"window": 0}, 1.2503199590504825),  # dtaidistance, whose window is one more
        (A, C, {}, 1.6725429740368407),
        (A, C, {"window": 1}, 1.7236588989704429),  # dtaidistance and tslearn
        (A, C, {"window": 0}, 3.019983443663226),
        (A, C, {"window": 0.25, "root": False}, 2.7974),  # aeon
        (A, SHORT, {}, 1.7172943836162744),  # unequal lengths
        (A, SHORT, {"window": 1}, 1.7172943836162744),  # widened to 3
    ],
)
def test_dtw_equals_other_packages(x, y, options, recorded):
    assert distance(x, y, "dtw", **options) == pytest.approx(recorded, rel=1e-6)


def test_several_variables_share_one_warp():
    """tslearn; aeon gives its square."""
    first, second = np.stack([A, B], 1), np.stack([C, A[::-1]], 1)
    assert distance(first, second, "dtw") == pytest.approx(3.9642906048875886, rel=1e-6)


def test_the_edit_distances_equal_other_packages():
    """tslearn and aeon have LCSS by its definition."""
    assert distance(A, B, "lcss") == pytest.approx(5 / 12, rel=1e-6)
    assert distance(A, C, "lcss", window=1) == pytest.approx(0.5, rel=1e-6)
    assert distance(A, SHORT, "lcss") == pytest.approx(1 / 3, rel=1e-6)


def test_aeon_gives_erp_and_edr_other_borders():
    """aeon's borders of ERP hold the sum of the whole series from their first cell on, those of EDR zeros; it divides.

    With these borders the tables give what aeon gives; the original definitions give less of one and more of the other.
    """
    x, y, z = (np.array(values)[:, None] for values in (A, B, C))
    whole = [lambda i, total=np.abs(v).sum(): 0 if i else total for v in (x, y)]
    gaps = [lambda i, j, v=v, at=at: np.abs(v[(i, j)[at], 0]) for at, v in enumerate((x, y))]
    of_aeon = tables.last_cell(12, 12, 12, lambda i, j: abs(x[i, 0] - y[j, 0]), *gaps, *whole)
    assert of_aeon == pytest.approx(3.87)
    assert distance(A, B, "erp") == pytest.approx(3.81, rel=1e-6)
    one, free = [lambda *_: 1] * 2, [lambda *_: 0] * 2
    assert tables.last_cell(12, 12, 12, lambda i, j: int(abs(x[i, 0] - z[j, 0]) >= 0.25), *one, *free) / 12 == 0.5
    assert distance(A, C, "edr") == 7


def test_soft_dtw_equals_other_packages_and_tends_to_dtw():
    """tslearn."""
    assert distance(A, B, "soft_dtw", gamma=0.1) == pytest.approx(1.0315749950783075, rel=1e-5)
    assert distance(A, B, "soft_dtw") == pytest.approx(-10.576165450709118, rel=1e-5)
    assert distance(A, SHORT, "soft_dtw") == pytest.approx(-6.089216846352196, rel=1e-5)
    assert distance(A, B, "soft_dtw", gamma=1e-4) == pytest.approx(1.5557, abs=1e-3)


def test_edits_by_hand():
    """One replaced point; one point too many; nothing in common: the longer one's length."""
    assert distance((0, 1, 2), (0, 5, 2), "edr") == 1
    assert distance((0, 1, 2), (0, 1, 1.5, 2), "edr") == 1
    assert distance((0, 0), (9, 9, 9, 9, 9), "edr") == 5
    assert distance((0, 1, 2), (0, 1, 1.5, 2), "erp") == 1.5
    assert distance((1,), (0, 1, 2, 3), "erp", gap=2.0) == 2 + 0 + 0 + 1
    assert distance((1, 2, 3, 4), (9, 1, 9, 2, 9, 3), "lcss") == 0.25
    assert distance((0.0,), (0.25,), "lcss") == 1  # Vlachos: less than ε; Chen: at most ε
    assert distance((0.0,), (0.25,), "edr") == 0


SHAPES = [
    (1, 4),
    (5, 2),
    (7, 40),
    *(pytest.param(*pair, marks=pytest.mark.slow) for pair in ((1, 1), (6, 6), (41, 38))),
]


@pytest.mark.parametrize(("n", "m"), SHAPES)
def test_every_distance_is_its_table(n, m):
    """Two variables; windows that are even, odd, 0 and too small for the lengths."""
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal((n, 2)), rng.standard_normal((m, 2))
    for window in (None, 0, 3, 8):
        found = distance(x, y, "dtw", window=window, **ABSOLUTE)
        assert found == pytest.approx(tables.dtw(x, y, window), rel=1e-5)
    assert distance(x, y, "dtw", **SQUARED) == pytest.approx(tables.dtw(x, y, power=2), rel=1e-5)
    assert distance(x, y, "edr", epsilon=0.7) == tables.edr(x, y, 0.7)
    assert distance(x, y, "erp", gap=0.3) == pytest.approx(tables.erp(x, y, 0.3), rel=1e-5)
    for window in (None, 2):
        common = tables.lcss(x, y, 0.9, window)
        assert distance(x, y, "lcss", epsilon=0.9, window=window) == pytest.approx(1 - common / min(n, m), abs=1e-6)


def test_distances_can_be_jitted_and_mapped():
    x, y = np.array([A, B, C], np.float32)[..., None], np.array([B, C, A], np.float32)[..., None]
    for metric in (DTW(2), LCSS(), EDR(), ERP(), SoftDTW()):
        mapped = jax.jit(jax.vmap(metric))(x, y)
        alone = [distance(a, b, metric) for a, b in zip(x, y, strict=True)]
        np.testing.assert_allclose(mapped, alone, rtol=2e-6)


def test_the_gradient_of_soft_dtw():
    """Against finite differences in float64, unequal lengths; and all of it is finite."""
    with jax.enable_x64(True):
        x, y = jnp.array(A)[:, None], jnp.array(SHORT)[:, None]
        soft = jax.jit(SoftDTW(0.5))
        gradient = np.asarray(jax.grad(soft)(x, y))[:, 0]
        for i in range(len(A)):
            step = jnp.zeros_like(x).at[i].set(1e-5)
            assert gradient[i] == pytest.approx(float(soft(x + step, y) - soft(x - step, y)) / 2e-5, abs=1e-6)


def test_the_gradient_of_dtw_follows_the_path():
    """(.5, 1, 2) against (0, 5) is aligned 0-0, 1-0, 2-1, so Σ |x − y| has the gradient (1, 1, −1)."""
    x, y = jnp.array([[0.5], [1.0], [2.0]]), jnp.array([[0.0], [5.0]])
    gradient = jax.grad(DTW(cost="absolute", root=False))(x, y)
    np.testing.assert_array_equal(gradient[:, 0], [1, 1, -1])
