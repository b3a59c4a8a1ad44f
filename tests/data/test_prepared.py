import tracemalloc

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import from_arrays, prepare, prepare_loaded


def test_digits_are_brought_to_the_unit_interval():
    prepared = prepare(DataConfig(name="digits"))
    assert prepared.dataset.x.dtype == np.uint8
    scaled = prepared.x_scaler(prepared.dataset.x[prepared.train])
    assert (scaled.min(), scaled.max()) == (0, 1)
    assert np.unique(scaled).tolist() == [i / 16 for i in range(17)]


def test_xor_has_nothing_to_split():
    prepared = prepare(DataConfig(name="xor", validation=0, test=0), batch_size=4)
    np.testing.assert_array_equal(prepared.train, [0, 1, 2, 3])
    assert len(prepared.validation) == len(prepared.test) == 0


def test_scalers_see_the_training_part_only():
    x = np.zeros((50, 1), np.float32)
    x[40:] = 1000.0
    data = from_arrays(x, x[:, 0], test_start=40)
    prepared = prepare_loaded(data, DataConfig(scaling="minmax", target_scaling="minmax", validation=0))
    assert (prepared.x_scaler.mean, prepared.x_scaler.scale) == (0, 0)  # constant there, and so left out
    assert "'x1'" in prepared.said[0]
    assert (prepared.y_scaler.mean, prepared.y_scaler.scale) == (0, 1)


def test_targets_are_scaled_if_asked():
    prepared = prepare(DataConfig(name="linnerud", target_scaling="standard"))
    y = prepared.y_scaler(prepared.dataset.y[prepared.train])
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-5)
    plain = prepare(DataConfig(name="linnerud"))
    np.testing.assert_array_equal(plain.y_scaler(plain.dataset.y), plain.dataset.y)


def test_classes_are_stratified_and_targets_are_not():
    iris = prepare(DataConfig(name="iris"))
    assert np.bincount(iris.dataset.y[iris.test]).tolist() == [10, 10, 10]
    assert len(prepare(DataConfig(name="diabetes")).test) == 88  # a fifth of 442


def test_a_batch_must_be_filled():
    config = DataConfig(name="iris", test=30, validation=20)
    assert len(prepare(config, batch_size=100).train) == 100
    with pytest.raises(UserError, match="iris leaves 100 training examples, fewer than a batch of 101"):
        prepare(config, batch_size=101)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_scaling": "standard"}, "iris has no regression targets"),
        ({"target_scaling": "unit"}, "target_scaling is 'unit'"),
        ({"scaling": "zscore"}, "'zscore' is unknown"),
        ({"name": "tables"}, "There is no data set 'tables'"),
        ({"target": "species"}, "iris has its own target"),
    ],
)
def test_configurations_that_cannot_be(changes, message):
    with pytest.raises(UserError, match=message):
        prepare(DataConfig(**{"name": "iris"} | changes))


def test_fitting_makes_no_float_copy_of_the_images():
    """20,000 × 784 bytes are 15.7 MB; as float64 they would be 125 MB."""
    data = from_arrays(np.zeros((20_000, 784), np.uint8))
    tracemalloc.start()
    prepare_loaded(data, DataConfig(scaling="standard"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
