import gzip

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.data import idx, load


def test_a_file_written_by_hand(tmp_path):
    path = tmp_path / "a-idx2-ubyte"
    path.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255]))
    array = idx.read(path)
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, [[1, 2, 3], [4, 5, 255]])


def test_big_endian_values_by_hand(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes([0, 0, 0x0B, 1, 0, 0, 0, 2, 1, 0, 255, 254]))
    np.testing.assert_array_equal(idx.read(path), np.array([256, -2], np.int16))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("name", ["plain", "zipped.gz"])
def test_all_types_round_trip(tmp_path, write_idx, dtype, name):
    array = np.arange(-3, 9).astype(dtype).reshape(2, 3, 2)
    found = idx.read(write_idx(tmp_path / name, array))
    assert found.dtype == np.dtype(dtype)
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array)


def test_gzip_is_told_by_content_not_by_name(tmp_path, write_idx):
    array = np.arange(4, dtype=np.uint8)
    plain = write_idx(tmp_path / "plain", array)
    np.testing.assert_array_equal(idx.read(plain.rename(tmp_path / "plain.gz")), array)


GOOD = bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"not an IDX file: it begins with the bytes \(none\)"),
        (b"<html>404", "begins with the bytes 3c 68 74 6d"),
        (bytes([0, 0, 7, 1, 0, 0, 0, 0]), "not an IDX file"),
        (bytes([0, 0, 8, 0]), "not an IDX file"),
        (GOOD[:6], "ends within its header of 8 bytes"),
        (GOOD[:-1], r"promises 3 values \(11 bytes in all\), but it holds 10 bytes"),
        (GOOD + b"x", "holds more"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "promises 4294967295×4294967295×4294967295"),
        (gzip.compress(GOOD, mtime=0)[:-9], "damaged gzip file"),
        (gzip.compress(GOOD, mtime=0)[:-1] + b"?", "damaged gzip file"),
        (b"\x1f\x8bxxxxxxxxxxxxxxxx", "damaged gzip file"),
    ],
)
def test_damaged_and_foreign_files(tmp_path, data, message):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(data)
    with pytest.raises(UserError, match=message) as error:
        idx.read(path)
    assert str(path) in str(error.value)


def test_a_folder_of_four_files(tmp_path, small_mnist):
    arrays = small_mnist(tmp_path)
    data = load(f"idx:{tmp_path}")
    assert data.x.shape == (30, 6)
    assert data.x.dtype == np.uint8
    assert (data.image_shape, data.test_start, data.source) == ((3, 2), 20, str(tmp_path))
    np.testing.assert_array_equal(data.x[20:].reshape(10, 3, 2), arrays["t10k-images-idx3-ubyte"])
    np.testing.assert_array_equal(data.y[:20], arrays["train-labels-idx1-ubyte"])


def test_a_folder_without_a_test_set_and_with_letters(tmp_path, write_idx):
    write_idx(tmp_path / "emnist-letters-train-images-idx3-ubyte.gz", np.zeros((6, 2, 2), np.uint8))
    write_idx(tmp_path / "emnist-letters-train-labels-idx1-ubyte.gz", np.array([1, 2, 26] * 2, np.uint8))
    (tmp_path / "emnist-letters-test-images-idx3-ubyte.gz.part").write_bytes(b"half")
    data = load(f"idx:{tmp_path}")
    assert data.test_start is None
    assert data.classes == ("1", "2", "26")


def test_plain_counts_before_gzipped(tmp_path, small_mnist, write_idx):
    small_mnist(tmp_path)
    images = np.full((20, 3, 2), 9, np.uint8)
    write_idx(tmp_path / "train-images-idx3-ubyte", images)
    np.testing.assert_array_equal(load(f"idx:{tmp_path}").x[:20], 9)


def _replace(name, array):
    def change(folder, write_idx):
        write_idx(folder / name, array)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_replace("train-labels-idx1-ubyte.gz", np.zeros(19, np.uint8)), "20 images, but .* 19 labels"),
        (_replace("train-labels-idx1-ubyte.gz", np.zeros((20, 2), np.uint8)), "has 3 axes of uint8 and .* 2 of uint8"),
        (_replace("train-images-idx3-ubyte.gz", np.zeros(20, np.uint8)), "has 1 axes of uint8 and .* 1 of"),
        (_replace("train-labels-idx1-ubyte.gz", np.zeros(20, np.float32)), "1 of float32, but .* whole numbers"),
        (
            _replace("t10k-images-idx3-ubyte.gz", np.zeros((10, 2, 2), np.uint8)),
            r"\(3, 2\) but test images of \(2, 2\)",
        ),
        (_replace("extra-train-images-idx3-ubyte.gz", np.zeros((2, 3, 2), np.uint8)), "two files of train images"),
        (lambda folder, _: (folder / "t10k-labels-idx1-ubyte.gz").unlink(), "lacks the IDX files of test labels"),
    ],
)
def test_folders_that_do_not_fit_together(tmp_path, small_mnist, write_idx, change, message):
    small_mnist(tmp_path)
    change(tmp_path, write_idx)
    with pytest.raises(UserError, match=message):
        load(f"idx:{tmp_path}")


def test_no_folder(tmp_path):
    with pytest.raises(UserError, match="was not found"):
        load(f"idx:{tmp_path / 'nowhere'}")
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(UserError, match="is a file, but the folder"):
        load(f"idx:{tmp_path / 'file'}")
