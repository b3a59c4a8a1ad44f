"""What the tests of data share: a home without data, IDX files of one's own making, a small MNIST."""

import gzip
import struct
from pathlib import Path

import mirror
import numpy as np
import pytest

IDX_CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """An empty home folder, and no variables that name data, so that nothing of this machine is found by chance."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    for name in ("NNJAX_DATA", "TFDS_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def server(monkeypatch):
    """The server of mirror.py, stopped at the end; no proxy of this machine comes between."""
    monkeypatch.setenv("no_proxy", "*")
    instance = mirror.serve()
    yield instance
    instance.shutdown()
    instance.server_close()


def idx_bytes(array: np.ndarray) -> bytes:
    header = struct.pack(">BBBB", 0, 0, IDX_CODES[array.dtype.name], array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def write_idx():
    """A function that writes an array to an IDX file, gzipped if the name says so."""

    def write(path: Path, array: np.ndarray) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        data = idx_bytes(array)
        path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
        return path

    return write


@pytest.fixture
def small_mnist(write_idx):
    """A function that writes the four files of a tiny MNIST (20 training and 10 test images of 3×2) into a folder."""

    def write(folder: Path, suffix: str = ".gz") -> dict[str, np.ndarray]:
        rng = np.random.default_rng(0)
        arrays = {
            "train-images-idx3-ubyte": rng.integers(0, 256, (20, 3, 2), dtype=np.uint8),
            "train-labels-idx1-ubyte": (np.arange(20) % 10).astype(np.uint8),
            "t10k-images-idx3-ubyte": rng.integers(0, 256, (10, 3, 2), dtype=np.uint8),
            "t10k-labels-idx1-ubyte": (np.arange(10)[::-1]).astype(np.uint8),
        }
        for name, array in arrays.items():
            write_idx(folder / f"{name}{suffix}", array)
        return arrays

    return write
