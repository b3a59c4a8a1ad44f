import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from nnjax.core.errors import UserError
from nnjax.data import load


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("and", lambda a, b: a and b),
        ("or", lambda a, b: a or b),
        ("xor", lambda a, b: a != b),
        ("nand", lambda a, b: not (a and b)),
        ("nor", lambda a, b: not (a or b)),
        ("xnor", lambda a, b: a == b),
    ],
)
def test_gates_are_the_boolean_functions(name, function):
    data = load(name)
    assert data.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert data.y.tolist() == [int(function(bool(a), bool(b))) for a, b in data.x]
    assert (data.task, data.classes) == ("classification", ("0", "1"))


def test_parity_is_all_rows_and_whether_the_ones_are_odd():
    data = load("parity:5")
    assert data.x.shape == (32, 5)
    assert len({tuple(row) for row in data.x.tolist()}) == 32
    assert data.y.tolist() == [bin(i).count("1") % 2 for i in range(32)]
    np.testing.assert_array_equal(load("parity:2").y, load("xor").y)
    assert load("parity:1").y.tolist() == [0, 1]


def test_two_spirals_are_those_of_lang_and_witbrock():
    """Point 0 is at angle 0, radius 6.5; point 8 at a right angle, radius 6.5·96/104 = 6; point 96 at radius .5."""
    data = load("two_spirals")
    assert data.x.shape == (194, 2)
    np.testing.assert_allclose(data.x[[0, 8, 96]], [[0, 6.5], [6, 0], [0, 0.5]], atol=1e-6)
    np.testing.assert_array_equal(data.x[97:], -data.x[:97])
    assert np.bincount(data.y).tolist() == [97, 97]
    assert load("two_spirals:500").x.shape == (500, 2)


def test_the_line_of_the_deck():
    data = load("line")
    assert data.x.shape == (161, 1)
    np.testing.assert_allclose(data.x[[0, 1, 160], 0], [3, 3.1, 19], rtol=1e-6)
    fit = LinearRegression().fit(data.x.astype(np.float64), data.y)
    np.testing.assert_allclose([fit.coef_[0, 0], fit.intercept_[0]], [21, 10], rtol=1e-5)


def test_sizes_and_repetition():
    assert load("moons:500").x.shape == (500, 2)
    assert load("moons:500").name == "moons:500"
    assert np.bincount(load("blobs:90").y).tolist() == [30, 30, 30]
    assert load("moons").sha256 == load("moons").sha256 != load("moons:202").sha256


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("parity", "write parity:N"),
        ("parity:x", "parity:4, say"),
        ("parity:0", "parity:1 to parity:16"),
        ("parity:40", "parity:1 to parity:16"),
        ("xor:4", "write xor"),
        ("moons:", "write moons:.SIZE."),
        ("moons:3", "from 6 to 1,000,000"),
        ("moons:-5", "no usable size"),
        ("two_spirals:7", "is odd"),
    ],
)
def test_toys_that_cannot_be(name, message):
    with pytest.raises(UserError, match=message):
        load(name)
