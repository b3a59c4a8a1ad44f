"""The generators against their definitions: what the drawn series must look like before they are scaled."""

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import load, prepare, series

MANY = 4000


def drawn(function, label):
    return function(np.random.default_rng(0), np.full(MANY, label))


@pytest.mark.parametrize(("label", "first", "last"), [(0, 6, 6), (1, 0, 6), (2, 6, 0)])
def test_cylinder_bell_funnel(label, first, last):
    """At t = 33 all have begun (a ≤ 32) and none has ended (b ≥ 48); before t = 16 there is noise alone."""
    x = drawn(series.cbf, label)
    assert x.shape == (MANY, 128)
    np.testing.assert_allclose(x[:, :15].mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(x[:, :15].std(axis=0), 1, atol=0.06)
    begins, ends = x[:, 32].mean(), x[:, 46].mean()  # t = 33 and t = 47, on average 9 and 23 of 64 points after a
    slope = 0 if first == last else (1 if last else -1)
    assert begins == pytest.approx(6 if not slope else 3 + slope * (9 / 55 * 6 - 3), abs=0.2)  # E[1/(b − a)] is 1/58
    assert np.sign(ends - begins) == slope or (slope == 0 and abs(ends - begins) < 0.2)


def test_control_charts():
    t = np.arange(1, 61)
    normal, cyclic, up, down, high, low = (drawn(series.synthetic_control, label) for label in range(6))
    assert normal.shape == (MANY, 60)
    assert 24 <= normal.min() <= normal.max() <= 36
    assert normal.std() == pytest.approx(2 * 6 / np.sqrt(12), rel=0.02)
    np.testing.assert_allclose(up.mean(axis=0), 30 + 0.35 * t, atol=0.4)
    np.testing.assert_allclose(down.mean(axis=0), 30 - 0.35 * t, atol=0.4)
    for shifted, sign in ((high, 1), (low, -1)):
        np.testing.assert_allclose(shifted[:, :19].mean(axis=0), 30, atol=0.3)
        np.testing.assert_allclose(shifted[:, 40:].mean(axis=0), 30 + sign * 13.75, atol=0.4)
    np.testing.assert_allclose(
        cyclic[:, 0].mean() - 30, 12.5 * np.sin(2 * np.pi / np.linspace(10, 15, 99)).mean(), atol=0.3
    )
    assert np.abs(cyclic - 30).max() <= 15 + 6


def test_two_patterns():
    """Two steps in every series: first and last plateau by class, each plateau half a step, noise elsewhere."""
    for label, heights in enumerate([(5, -5, 5, -5), (-5, 5, 5, -5), (5, -5, -5, 5), (-5, 5, -5, 5)]):
        x = drawn(series.two_patterns, label)[:200]
        for row in x:
            flat = np.flatnonzero(np.abs(row) == 5)
            assert 2 * series.RANGE[0] <= len(flat) <= 2 * series.RANGE[1]
            ups = np.sign(row[flat])
            changes = np.flatnonzero(np.diff(ups)) + 1
            assert (ups[0], ups[-1]) == (np.sign(heights[0]), np.sign(heights[3]))
            assert len(changes) == int(np.sum(np.diff(heights) != 0))
        noise = x[np.abs(x) != 5]
        assert (noise.mean(), noise.std()) == (pytest.approx(0, abs=0.05), pytest.approx(1, abs=0.05))


@pytest.mark.parametrize(
    ("name", "length", "train", "size"), [("cbf", 128, 30, 930), ("synthetic_control", 60, 300, 600)]
)
def test_as_data_sets(name, length, train, size):
    data = load(name)
    assert (data.x.shape, data.test_start, data.task) == ((size, length), train, "classification")
    np.testing.assert_allclose(data.x.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(data.x.std(axis=1), 1, atol=1e-5)
    counts = np.bincount(data.y[:train])
    assert counts.tolist() == [train // len(data.classes)] * len(data.classes)
    assert load(name).sha256 == data.sha256
    small = load(f"{name}:50")
    assert (small.x.shape, small.test_start, small.name) == ((50, length), None, f"{name}:50")


def test_an_experiment_tests_on_the_archives_test_part():
    prepared = prepare(DataConfig("cbf"))
    assert (len(prepared.train) + len(prepared.validation), len(prepared.test)) == (30, 900)
    assert prepared.test.min() == 30


def test_sizes_of_two_patterns():
    data = load("two_patterns")
    assert (data.x.shape, data.test_start, len(data.classes)) == ((5000, 128), 1000, 4)


@pytest.mark.parametrize("size", ["2", "x", "99999999"])
def test_sizes_that_cannot_be(size):
    with pytest.raises(UserError, match="no usable size: a whole number from 3 to 1,000,000"):
        load(f"cbf:{size}")
