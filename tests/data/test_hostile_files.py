"""Files that promise more than they hold, or than a machine has: one sentence, at once, in little memory."""

import gzip
import io
import json
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from nnjax.core.archives import DAMAGE, read_npz
from nnjax.core.errors import UserError
from nnjax.data import idx, npy, npz
from nnjax.diagnosis import reading
from nnjax.diagnosis.readers import tensorboard


def idx_file(shape, values, code=8):
    return bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + values


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (idx_file([2, 2], b"1234567"), r"promises 2×2 values \(16 bytes in all\), but it holds more"),
        (idx_file([2, 2], b"123"), r"promises 2×2 values \(16 bytes in all\), but it holds 15 bytes"),
        (idx_file([2**32 - 1] * 4, b"123"), r"promises 4294967295×.*, but it has \d+ on the disk"),
        (b"\0\0\x08\xff" + bytes(4 * 255), r"begins with the bytes 00 00 08 ff, but .* axes \(1 to 8\)"),
        (b"\0\0\x08\x03" + bytes(4), r"ends within its header of 16 bytes"),
        (b"", r"begins with the bytes \(none\)"),
    ],
)
def test_idx(tmp_path, data, message, packed):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(UserError, match=message):
        idx.read(path)


def test_a_gzipped_file_is_unpacked_as_far_as_its_header_promises(tmp_path):
    """200 MB of zeros in 200 kB after the promise of four numbers."""
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx_file([4], bytes(200_000_000)), 9))
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=r"promises 4 values \(12 bytes in all\), but it holds more"):
            idx.read(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def npy_bytes(header):
    text = (header + " " * (-(len(header) + 11) % 64) + "\n").encode("latin1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


HEADERS = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), ",  # no brace
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000000000000000000, 2), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 2), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (3, 2), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': ('a',), }",
    "{'descr': 'nonsense', 'fortran_order': False, 'shape': (3, 2), }",
    "{'descr': '<f4', 'fortran_order': 2, 'shape': (3, 2), }",
    "(" * 3000,
    "'" * 3,
    "\x00",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2), }",
]


@pytest.mark.parametrize("header", HEADERS)
def test_headers_of_npy_and_npz(tmp_path, header):
    data = npy_bytes(header) + bytes(24)
    (tmp_path / "x.npy").write_bytes(data)
    with pytest.raises(UserError, match=r"x\.npy (is not an array that can be read in place|has the (type|shape))"):
        npy.load(tmp_path, "hostile")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", data)
        archive.writestr("y.npy", data)
    with pytest.raises(UserError, match=r"a\.npz has an array that cannot be used"):
        npz.load(tmp_path / "a.npz", "hostile")


def test_an_archive_unpacks_to_a_multiple_of_its_size_at_most():
    packed = io.BytesIO()
    np.savez_compressed(packed, x=np.zeros(3_000_000, np.uint8))
    with pytest.raises(ValueError, match=r"its [\d,]+ bytes would unpack to 3,000,\d+"):
        read_npz(packed)
    assert read_npz(packed, free=4_000_000)["x"].shape == (3_000_000,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"loss": [1, ' + "1" + "0" * 400 + ", 2]}", None),
        ('{"loss": [1' + "0" * 5000 + "]}", "is not JSON"),
        ('{"loss": ' + "[" * 10_000 + "]" * 10_000 + "}", "is not JSON|holds"),
        ("{" * 10_000, "is not JSON"),
        ('{"loss": [1, true]}', "a number was expected"),
    ],
)
def test_json_of_curves(tmp_path, text, message):
    path = tmp_path / "history.json"
    path.write_text(text, "utf-8")
    if message is None:  # beyond floats, so not finite: diverged in its second epoch
        assert reading.read(path).curves.diverged_at.tolist() == [2]
        return
    with pytest.raises(UserError, match=message):
        reading.read(path)


@pytest.mark.parametrize("text", ["[" * 10_000, '{"full_scale": 1' + "0" * 5000 + "}", "{"])
def test_json_of_facts(tmp_path, text):
    np.save(tmp_path / "x.npy", np.zeros((3, 2), np.float32))
    (tmp_path / "facts.json").write_text(text, "utf-8")
    with pytest.raises(UserError, match=r"facts\.json is not JSON"):
        npy.load(tmp_path, "hostile")


def record(content):
    return struct.pack("<QI", len(content), 0) + content + b"\0\0\0\0"


def test_a_varint_has_ten_bytes_at_most(tmp_path):
    path = tmp_path / "a.tfevents.1"
    path.write_bytes(record(b"\x10" + b"\xff" * 800_000 + b"\x01"))
    begin = time.perf_counter()
    with pytest.raises(UserError, match="is not a TensorBoard event file, or it is damaged"):
        tensorboard.read_events(path)
    assert time.perf_counter() - begin < 5


def test_steps_are_signed(tmp_path):
    """Of ten bytes, as protocol buffers write a negative int64: -1."""
    value = b"\x0a\x04loss\x15" + struct.pack("<f", 0.5)
    summary = b"\x0a" + bytes([len(value)]) + value
    event = b"\x10" + b"\xff" * 9 + b"\x01" + b"\x2a" + bytes([len(summary)]) + summary
    path = tmp_path / "a.tfevents.1"
    path.write_bytes(record(event))
    assert tensorboard.read_events(path) == {"loss": {-1: 0.5}}


def test_what_is_damaged_is_told_apart_from_our_own_mistakes():
    assert not any(issubclass(kind, ImportError | KeyboardInterrupt) for kind in DAMAGE)
    assert json.JSONDecodeError.__mro__[1] in DAMAGE
