import subprocess
import sys

import numpy as np
import pytest
import sklearn.datasets

from nnjax.core.errors import UserError
from nnjax.data import SOURCES, load
from nnjax.data.sources import find_source


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "linnerud"])
def test_scikit_learns_tables(name):
    expected = getattr(sklearn.datasets, f"load_{name}")()
    data = load(name)
    np.testing.assert_array_equal(data.x, expected.data.astype(np.float32))
    np.testing.assert_array_equal(data.y, expected.target.astype(np.float32).reshape(data.y.shape))
    assert len(data.features) == data.x.shape[1]
    names = data.classes or data.targets
    assert names == (tuple(expected.target_names) if "target_names" in expected else ("y",))


def test_digits_keep_their_sixteen_levels():
    data = load("digits")
    np.testing.assert_array_equal(data.x, sklearn.datasets.load_digits().data)
    assert (data.x.dtype, data.full_scale, data.image_shape) == (np.uint8, 16.0, (8, 8))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnst", "There is no data set 'mnst': did you mean mnist"),
        ("MNIST", "did you mean mnist"),
        ("", "There is no data set '': The names are mnist5k"),
        ("houses.csv", "for a file, write csv:houses.csv"),
        ("parquet:houses.parquet", "write csv:houses.parquet"),
        ("data/a.parquet", "write csv:data/a.parquet"),
        ("iris:3", "write iris"),
        ("csv", "write csv:FILE"),
        ("tfds:", "write tfds:NAME"),
        ("C:\\data\\houses.csv", r"for a file, write csv:C:\\data\\houses.csv"),  # Windows
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(UserError, match=message):
        load(name)


@pytest.mark.parametrize(("kind", "file"), [("csv", "C:\\data\\x.csv"), ("npz", "D:/x.npz"), ("npy", "C:\\data")])
def test_a_drive_letter_belongs_to_the_file(kind, file):
    assert find_source(f"{kind}:{file}")[1:] == (kind, file)


def test_the_message_lists_everything_there_is():
    with pytest.raises(UserError) as error:
        load("nothing like it")
    assert all(name in str(error.value) for name in SOURCES)


def test_a_target_where_there_is_no_choice():
    with pytest.raises(UserError, match="only csv, npz, tfds take one"):
        load("digits", target="3")


def test_importing_is_light():
    heavy = ("pandas", "sklearn", "tensorflow_datasets", "mlxtend", "jax", "matplotlib", "urllib.request")
    code = f"import sys, nnjax.data.tfds; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "[]"
