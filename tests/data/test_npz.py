import io

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import load, prepare_loaded

X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])


@pytest.fixture
def archive(tmp_path):
    """A function that saves arrays and loads them as a data set."""

    def load_arrays(target=None, **arrays):
        np.savez_compressed(tmp_path / "data.npz", **arrays)
        return load(f"npz:{tmp_path / 'data.npz'}", target=target)

    return load_arrays


def test_x_and_y(archive):
    data = archive(x=X, y=Y)
    np.testing.assert_array_equal(data.x, X)
    np.testing.assert_array_equal(data.y, Y)
    assert (data.task, data.test_start) == ("classification", None)
    assert archive(x=X).task == "none"


def test_a_test_set_in_the_names_that_keras_uses(archive):
    images = np.zeros((6, 4, 4), np.uint8)
    data = archive(x_train=images, y_train=Y, x_test=images[:2], y_test=Y[:2])
    assert (data.x.shape, data.test_start, data.image_shape) == ((8, 16), 6, (4, 4))
    assert data.x.dtype == np.uint8
    assert archive(x=X, x_test=X[:1]).test_start == 6


def test_another_array_as_the_target(archive):
    data = archive("slope", x=X, y=Y, slope=X[:, 0] * 0.5, x_test=X, y_test=Y, slope_test=X[:, 0])
    assert (data.task, data.y.shape) == ("regression", (12, 1))


@pytest.mark.parametrize("target", ["-1", "1"])
def test_a_column_of_x_as_the_target(archive, target):
    """Of few whole numbers it is labels, else numbers to predict."""
    data = archive(target, x=np.column_stack([X[:, 0], Y]), y=X)
    np.testing.assert_array_equal(data.x, X[:, :1])
    np.testing.assert_array_equal(data.y, Y)
    assert (data.task, data.classes) == ("classification", ("0", "1"))
    numbers = archive(target, x=X + 0.5, x_test=X[:2] + 0.5)
    assert (numbers.task, numbers.y.shape, numbers.test_start) == ("regression", (8, 1), 6)


def test_a_validation_set_of_its_own(archive):
    data = archive(x=X, y=Y, x_val=X[:4], y_val=Y[:4], x_test=X[:2], y_test=Y[:2])
    assert (len(data.x), data.validation_start, data.test_start) == (12, 6, 10)
    parts = prepare_loaded(data, DataConfig(validation="given"))
    np.testing.assert_array_equal(parts.train, np.arange(6))
    np.testing.assert_array_equal(parts.validation, np.arange(6, 10))
    np.testing.assert_array_equal(parts.test, [10, 11])
    without = archive(x=X, y=Y, x_val=X[:4], y_val=Y[:4])
    parts = prepare_loaded(without, DataConfig(validation="given", test=2))
    np.testing.assert_array_equal(parts.validation, np.arange(6, 10))
    assert (parts.test < 6).all()
    assert len(prepare_loaded(data, DataConfig(validation=3)).train) == 7  # not asked for, it trains
    with pytest.raises(UserError, match="has no validation set of its own"):
        prepare_loaded(archive(x=X, y=Y), DataConfig(validation="given"))


@pytest.mark.parametrize(
    ("arrays", "target", "message"),
    [
        ({"inputs": X}, None, r"no array x \(it has inputs\)"),
        ({"x": X, "y": Y}, "slope", r"no array slope \(it has x, y\)"),
        ({"x": np.float64(3), "y": Y}, None, "x of one number"),
        ({"x": X, "y": Y[:5]}, None, "6 examples in x but 5 in y"),
        ({"x": X, "y": Y, "y_test": Y}, None, "only part of a test set"),
        ({"x": X, "y": Y, "x_val": X}, None, "only part of a validation set"),
        ({"x": X, "y": Y}, "2", r"nor a column of x, of which there are 2"),
        ({"x": X, "y": Y, "x_test": X}, None, "only part of a test set"),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y[:2]}, None, r"has arrays of different lengths: x \(6, 2\)"),
        (
            {"x": X, "y": Y, "x_test": X[:, :1], "y_test": Y},
            None,
            r"x of the shape \(6, 2\) for training but \(6, 1\) for validation or test",
        ),
        (
            {"x": X, "y": np.array([{}, 1, 2, 3, 4, 5], dtype=object)},
            None,
            r"an array that cannot be used \(y\.npy holds pickled objects",
        ),
        ({"x": X * np.nan, "y": Y}, None, "12 values that are NaN"),
    ],
)
def test_bad_archives(archive, arrays, target, message):
    with pytest.raises(UserError, match=message):
        archive(target, **arrays)


def test_pickles_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    np.savez(tmp_path / "data.npz", x=np.array([Trap()], dtype=object))
    with pytest.raises(UserError, match="not objects"):
        load(f"npz:{tmp_path / 'data.npz'}")
    assert not (tmp_path / "sprung").exists()


def test_files_that_are_no_archives(tmp_path):
    whole = io.BytesIO()
    np.savez(whole, x=X)
    alone = io.BytesIO()
    np.save(alone, X)
    path = tmp_path / "data.npz"
    for data in (b"", b"not an archive", whole.getvalue()[:-40], alone.getvalue()):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"not an \.npz archive, or is cut short"):
            load(f"npz:{path}")
    damaged = bytearray(whole.getvalue())
    damaged[150] ^= 0xFF  # inside the numbers: the archive's own checksum tells
    path.write_bytes(damaged)
    with pytest.raises(UserError, match=r"an array that cannot be used \(Bad CRC-32 for file .x\.npy"):
        load(f"npz:{path}")
    with pytest.raises(UserError, match="is a folder"):
        load(f"npz:{tmp_path}")
