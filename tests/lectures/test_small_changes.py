"""Gains of linear networks against NumPy, the bound, a step that jumps, and the study's page."""

import itertools

import numpy as np
import pandas as pd
import pytest

from nnjax.lectures.studies.small_changes.gains import Network, gains, toward_others, unit, worst_directions
from nnjax.lectures.studies.small_changes.page import sentences, table, write

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5)).astype(np.float32)


def network(activation, sizes=(5, 7, 3)):
    kernels = [RNG.normal(size=pair).astype(np.float32) for pair in itertools.pairwise(sizes)]
    return Network(kernels, [np.zeros(width, np.float32) for width in sizes[1:]], activation)


def test_the_worst_direction_of_a_linear_network_is_its_first_singular_vector():
    one = network("linear")
    whole = one.kernels[0] @ one.kernels[1]
    most = np.linalg.svd(whole, compute_uv=False)[0]
    found, _ = gains(one, X, worst_directions(one, X, 0), 0.1)
    np.testing.assert_allclose(found, most, rtol=1e-3)
    other = unit(RNG.normal(size=X.shape))
    np.testing.assert_allclose(gains(one, X, other, 0.1)[0], np.linalg.norm(other @ whole, axis=1), rtol=1e-3)
    assert most <= one.bound() == pytest.approx(np.prod([np.linalg.norm(k, 2) for k in one.kernels]))


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_no_gain_exceeds_the_bound(activation):
    one = network(activation)
    for size in (0.001, 0.1, 3.0):
        assert gains(one, X, worst_directions(one, X, 1), size)[0].max() <= one.bound() * 1.001


def test_a_step_jumps_however_small_the_change():
    """One unit at its threshold: the output jumps by 1, so the gain is one over the size."""
    one = Network([np.ones((1, 1)), np.ones((1, 1))], [np.zeros(1), np.zeros(1)], "step")
    for size in (0.1, 0.001):
        found, _ = gains(one, np.array([[-size / 2]]), np.array([[1.0]]), size)
        assert found == pytest.approx(1 / size)
    assert one.bound() == np.inf


def test_directions_have_length_one_and_a_class_may_change():
    assert np.linalg.norm(toward_others(X, 3), axis=1) == pytest.approx(np.ones(6))
    swap = Network([np.array([[1.0, -1.0]])], [np.zeros(2)], "linear")
    assert gains(swap, np.array([[-0.5]]), np.array([[1.0]]), 1.0)[1].tolist() == [True]


def test_the_page_says_what_is_in_proportion(tmp_path):
    rows = [
        {"network": name, "seed": 0, "direction": direction, "size": size, "median": 1.0, "high": 2.0, "most": most}
        | {"changed": 0.25, "bound": 9.0}
        for name, small in (("relu", 1.1), ("step", 40.0))
        for direction in ("random", "worst")
        for size, most in ((0.001, small), (0.1, 1.0))
    ]
    frame = pd.DataFrame(rows)
    smooth, jumps = sentences(frame)
    assert smooth.startswith("relu: outputs change in proportion. In a random direction the largest gain is 1.1")
    assert "changes the class of 25 % at random" in smooth
    assert jumps.startswith("step: outputs change not in proportion")
    assert table(frame).rows[1] == ["random", "0.1 %", "1", "2", "1.1", "25.0 %"]
    assert "in proportion" in write(frame, 1, tmp_path).read_text("utf-8")
