"""Folders of .npy files: the same data as from memory, never read whole, and bad ones refused in a sentence."""

import os

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import file_rows, from_arrays, load, npy, prepare_loaded

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 4)), np.arange(30) % 3


@pytest.fixture
def folder(tmp_path):
    """A function that saves arrays as files and gives the data set's name."""

    def save(**arrays):
        for name, array in arrays.items():
            np.save(tmp_path / f"{name}.npy", array)
        return f"npy:{tmp_path}"

    return save


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int16])
def test_it_is_the_data_set_that_it_would_be_in_memory(folder, dtype):
    x = np.abs(X * 50).astype(dtype)
    held, kept = from_arrays(x, Y), load(folder(x=x, y=Y))
    assert (kept.sha256, kept.classes, kept.features) == (held.sha256, held.classes, held.features)
    assert (kept.x.shape, kept.x.dtype, kept.x.max()) == (held.x.shape, held.x.dtype, held.x.max())
    np.testing.assert_array_equal(kept.x[:], held.x)
    rows = np.array([7, 3, 29])
    np.testing.assert_array_equal(kept.x[rows], held.x[rows])


@pytest.mark.parametrize("scaling", ["unit", "standard", "minmax"])
def test_splits_and_scalers_are_the_same_as_in_memory(folder, scaling):
    config = DataConfig(scaling=scaling, validation=6)
    held, kept = (prepare_loaded(data, config) for data in (from_arrays(X, Y), load(folder(x=X, y=Y))))
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(held, part), getattr(kept, part))
    np.testing.assert_array_equal(held.x_scaler.mean, kept.x_scaler.mean)
    np.testing.assert_array_equal(held.x_scaler.scale, kept.x_scaler.scale)


def test_only_what_is_asked_for_is_read_at_a_time(folder, monkeypatch):
    """Of 1,000 rows no reading, the pass over all of them included, takes more than the bytes it may hold."""
    name = folder(x=np.zeros((1000, 4), np.float32))
    monkeypatch.setattr(file_rows, "CHUNK", 100 * 16)
    read, sizes = file_rows.NpyFile.read, []
    monkeypatch.setattr(file_rows.NpyFile, "read", lambda self, rows: sizes.append(len(rows)) or read(self, rows))
    data = load(name)
    assert sizes == [100] * 10
    prepare_loaded(data, DataConfig(limit=50))
    assert max(sizes) == 100


def test_test_and_validation_sets_of_its_own_follow(folder):
    data = load(folder(x=X, y=Y, x_val=X[:6], y_val=Y[:6], x_test=X[:5] + 1, y_test=Y[:5]))
    assert (len(data.x), data.validation_start, data.test_start) == (41, 30, 36)
    np.testing.assert_array_equal(data.x[np.array([40, 0, 35])], np.stack([X[4] + 1, X[0], X[5]]).astype(np.float32))
    np.testing.assert_array_equal(data.y, np.concatenate([Y, Y[:6], Y[:5]]))


def test_what_is_written_comes_back(tmp_path):
    images = RNG.integers(0, 17, (20, 2, 3)).astype(np.uint8)
    data = from_arrays(images, Y[:20], classes=("a", "b", "c"), validation_start=10, test_start=15, full_scale=16.0)
    npy.write(data, tmp_path / "new")
    back = load(f"npy:{tmp_path / 'new'}")
    np.testing.assert_array_equal(back.x[:], data.x)
    for name in ("sha256", "classes", "task", "image_shape", "full_scale", "validation_start", "test_start"):
        assert getattr(back, name) == getattr(data, name)
    table = from_arrays(X, X[:, :2], features=("p", "q", "r", "s"), targets=("u", "v"))
    npy.write(table, tmp_path / "table")
    back = load(f"npy:{tmp_path / 'table'}")
    assert (back.features, back.targets, back.task) == (table.features, table.targets, "regression")
    assert load(f"npy:{tmp_path / 'table'}").sha256 == table.sha256


def test_images_need_no_facts(folder):
    assert load(folder(x=np.ones((5, 4, 3), np.uint8))).image_shape == (4, 3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": Y}, r"x\.npy does not exist: save it with numpy\.save"),
        ({"x": X, "y": Y[:7]}, r"has 30 examples in x\.npy but 7 in y\.npy: as many were expected"),
        ({"x": X[:0]}, r"x\.npy has the shape \(0, 4\), but at least one example was expected"),
        ({"x": np.array([{}, 1], object)}, r"x\.npy is not an array that can be read in place .*Python objects"),
        ({"x": X.astype(str)}, r"x\.npy has the type <U\d+, but numbers were expected"),
        ({"x": np.asfortranarray(X)}, r"x\.npy is in Fortran's order, .* save numpy\.ascontiguousarray"),
        ({"x": X, "x_test": X[:, :3]}, r"has x\.npy of float64 \(4,\) an example but x_test\.npy of float64 \(3,\)"),
        ({"x": X, "y": Y, "x_test": X}, r"only one of x_test\.npy and y_test\.npy: they go together"),
        ({"x": np.where(np.arange(30)[:, None] == 17, np.nan, X)}, r"4 values that are NaN .* in example 17 \(counted"),
        ({"x": np.where(X[20, 1] == X, 1e300, X)}, r"1 value that is NaN or infinite, the first \(inf\) in example 20"),
    ],
)
def test_bad_arrays_are_refused_in_one_sentence(folder, arrays, message):
    with pytest.raises(UserError, match=message):
        load(folder(**arrays))


def test_damaged_files_are_refused_in_one_sentence(folder, tmp_path):
    name = folder(x=np.zeros((1000, 4)), y=np.arange(1000) % 2)
    os.truncate(tmp_path / "x.npy", 500)
    with pytest.raises(UserError, match=r"x\.npy is not an array that can be read in place \(mmap length is greater"):
        load(name)
    (tmp_path / "x.npy").write_text("hello", "utf-8")
    with pytest.raises(UserError, match=r"x\.npy is not an array that can be read in place"):
        load(name)
    with pytest.raises(UserError, match=r"y\.npy is not a folder, but one with x\.npy"):
        load(f"{name}/y.npy")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ('{"clases": []}', "has 'clases', but a table with some of task, classes"),
        ("[1]", "has 'no table', but a table"),
        ("{", "is not JSON"),
        ('{"image_shape": [2]}', r"has image_shape = \[2\], but \[height, width\] was expected"),
        ('{"classes": [1, 2]}', "has classes = .* but a list of texts"),
    ],
)
def test_facts_that_are_none_are_refused(folder, tmp_path, facts, message):
    name = folder(x=X)
    (tmp_path / "facts.json").write_text(facts, "utf-8")
    with pytest.raises(UserError, match=message):
        load(name)


def test_a_file_that_is_changed_or_gone_is_not_read(folder, tmp_path):
    data, rows = load(folder(x=X)), np.arange(3)
    os.truncate(tmp_path / "x.npy", 200)
    with pytest.raises(UserError, match=r"x\.npy has changed since it was opened: restore the file"):
        data.x[rows]
    (tmp_path / "x.npy").unlink()
    with pytest.raises(UserError, match=r"x\.npy no longer exists"):
        data.x[rows]
