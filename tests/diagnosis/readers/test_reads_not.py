"""What is recognized and not read: pickles, databases, pictures."""

import io
import pickle

import numpy as np
import pytest

from nnjax.core.errors import UserError


def spring():
    """Fail: a pickle was opened."""
    raise AssertionError("a pickle was opened")


class Trap:
    """Springs when it is unpickled."""

    def __reduce__(self):
        return (spring, ())


def object_array():
    file = io.BytesIO()
    np.save(file, np.array([Trap()], object), allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize("data", [*(pickle.dumps({"loss": Trap()}, protocol=p) for p in range(6)), object_array()])
def test_a_pickle_is_not_opened(loaded, data):
    with pytest.raises(UserError, match=r"is a pickle, .* never opened; .* pickle\.load\(open\(.*json\.dump"):
        loaded(data, "history")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"SQLite format 3\0" + bytes(50), "database of SQLite"),
        (b"\x89HDF\r\n" + bytes(50), "HDF5"),
        (b"PAR1" + bytes(50), "Parquet"),
        (b"\x1f\x8b" + bytes(50), "compressed"),
        (b":W&B" + bytes(50), "Weights & Biases"),
        (b"\x89PNG\r\n" + bytes(50), "picture"),
        (b"PK\x03\x04" + b"[Content_Types].xml xl/workbook" + bytes(50), "Excel"),
        (b"PK\x03\x04archive/data.pkl" + bytes(50), "checkpoint of PyTorch"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (bytes(range(256)) * 4, "no text file"),
        (b"", "is empty"),
        (b"\n \n", "is empty"),
    ],
)
def test_other_formats(loaded, data, message):
    with pytest.raises(UserError, match=message):
        loaded(data)
