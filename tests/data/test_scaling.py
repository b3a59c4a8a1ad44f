import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from nnjax.core.errors import UserError
from nnjax.data import scaling

RNG = np.random.default_rng(1)
X = (RNG.normal(size=(5000, 4)) * [1, 100, 1e-3, 1] + [0, 1e4, 5, 0]).astype(np.float32)
ROWS = np.sort(RNG.permutation(5000)[:4200])


@pytest.mark.parametrize(("kind", "reference"), [("standard", StandardScaler), ("minmax", MinMaxScaler)])
def test_agrees_with_scikit_learn_on_the_training_rows(kind, reference):
    scaler = scaling.fit(X, ROWS, kind)
    expected = reference().fit(X[ROWS].astype(np.float64)).transform(X.astype(np.float64))
    np.testing.assert_allclose(scaler(X.astype(np.float64)), expected, atol=2e-3)
    assert scaler.mean.shape == scaler.scale.shape == (4,)
    assert scaler.mean.dtype == scaler.scale.dtype == np.float32


def test_by_hand():
    """Mean 2, standard deviation sqrt(((1-2)² + 0 + (3-2)²)/3) = sqrt(2/3); range 1 to 3. Row 3 is not for training."""
    x, rows = np.array([[1.0], [2.0], [3.0], [99.0]], np.float32), np.array([0, 1, 2])
    standard, minmax = scaling.fit(x, rows, "standard"), scaling.fit(x, rows, "minmax")
    np.testing.assert_allclose([standard.mean[0], standard.scale[0]], [2, np.sqrt(1.5)], rtol=1e-6)
    np.testing.assert_allclose(minmax(x)[:, 0], [0, 0.5, 1, 49])


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6, -3e-39])
def test_a_constant_feature_has_scale_one(kind, value):
    x = np.full((3000, 2), value, np.float32)
    x[:, 1] = RNG.normal(size=3000)
    scaler = scaling.fit(x, np.arange(3000), kind)
    assert scaler.scale[0] == 1
    assert scaler.scale[1] != 1
    np.testing.assert_array_equal(scaler(x)[:, 0], 0)


def test_unit_divides_by_the_full_scale():
    rows = np.arange(2)
    pixels = np.array([[0, 255], [51, 0]], np.uint8)
    np.testing.assert_allclose(scaling.fit(pixels, rows, "unit")(pixels), [[0, 1], [0.2, 0]], rtol=1e-6)
    np.testing.assert_allclose(scaling.fit(pixels, rows, "unit", 51.0)(pixels), [[0, 5], [1, 0]], rtol=1e-6)
    numbers = pixels.astype(np.float32)
    np.testing.assert_array_equal(scaling.fit(numbers, rows, "unit")(numbers), numbers)


def test_uint8_is_not_summed_in_uint8():
    x = np.full((600, 1), 200, np.uint8)
    x[::2] = 100
    scaler = scaling.fit(x, np.arange(600), "standard")
    np.testing.assert_allclose([scaler.mean[0], scaler.scale[0]], [150, 1 / 50])


def test_inverse():
    scaler = scaling.fit(X, ROWS, "standard")
    np.testing.assert_allclose(scaler.inverse(scaler(X)), X, rtol=1e-5, atol=1e-5)
    none = scaling.fit(X, ROWS, "none")
    np.testing.assert_array_equal(none(X), X)
    assert none.mean.dtype == none.scale.dtype == np.float32


def test_unknown_kind():
    with pytest.raises(UserError, match="'robust' is unknown: choose one of unit, standard"):
        scaling.fit(X, ROWS, "robust")
