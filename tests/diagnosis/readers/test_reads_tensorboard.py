"""TensorBoard: restarts and several runs in a folder, parts, losses of a game, nan; see also test_readers.py."""

import struct

import numpy as np
import pytest
from log_curves import LOSS, VAL

from nnjax.core.errors import UserError
from nnjax.diagnosis.reading import read


def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def field(number, kind, data):
    return varint(number << 3 | kind) + (varint(len(data)) + data if kind == 2 else data)


def write(path, **scalars):
    """Write an event file by hand, after event.proto: one plain scalar an event."""
    path.parent.mkdir(parents=True, exist_ok=True)
    out = b""
    for tag, points in scalars.items():
        for step, value in points:
            scalar = field(1, 2, tag.replace("__", "/").encode()) + field(2, 5, struct.pack("<f", value))
            event = (
                field(1, 1, struct.pack("<d", 1.7e9)) + varint(2 << 3) + varint(step) + field(5, 2, field(1, 2, scalar))
            )
            out += struct.pack("<Q", len(event)) + bytes(4) + event + bytes(4)
    path.write_bytes(out)


FIRST, LATER = "events.out.tfevents.1700000000.host.1.0", "events.out.tfevents.1700009999.host.2.0"


def test_a_restart_in_a_folder_is_a_session(tmp_path):
    write(tmp_path / LATER, loss=list(enumerate(VAL[:12])))
    write(tmp_path / FIRST, loss=list(enumerate(LOSS)))
    found = read(tmp_path)
    assert found.names == ["session 1", "session 2"]
    np.testing.assert_allclose(found.curves.train_loss[1, :12], VAL[:12], rtol=1e-6)
    assert "2 sessions" in found.remarks[0]


def test_a_resumed_run_is_one(tmp_path):
    write(tmp_path / FIRST, loss=[*enumerate(LOSS[:10]), (10, 9.0)])
    write(tmp_path / LATER, loss=list(enumerate(LOSS))[10:])
    found = read(tmp_path)
    np.testing.assert_allclose(found.curves.train_loss, [LOSS], rtol=1e-6)
    assert (found.names, found.remarks) == ([""], ())


@pytest.mark.parametrize("folders", [("train", "validation"), ("Loss_train", "Loss_val"), ("run1/train", "run1/test")])
def test_parts_in_folders(tmp_path, folders):
    for folder, y in zip(folders, (LOSS, VAL), strict=True):
        write(tmp_path / folder / FIRST, epoch_loss=list(enumerate(y)))
    found = read(tmp_path)
    np.testing.assert_allclose(found.curves.train_loss, [LOSS], rtol=1e-6)
    np.testing.assert_allclose(found.curves.val_loss, [VAL], rtol=1e-6)


def test_runs(tmp_path):
    for run in ("a", "b"):
        write(tmp_path / run / FIRST, loss=list(enumerate(LOSS)))
    assert read(tmp_path).names == ["a", "b"]


def test_nan_and_a_game(tmp_path):
    write(tmp_path / "nan" / FIRST, loss=[(i, float("nan")) for i in range(12)])
    assert read(tmp_path / "nan").curves.diverged_at.tolist() == [1]
    write(tmp_path / "gan" / FIRST, loss__generator=list(enumerate(LOSS)), loss__discriminator=list(enumerate(VAL)))
    assert read(tmp_path / "gan").games == [True, True]


def test_no_loss(tmp_path):
    write(tmp_path / FIRST, reward=list(enumerate(LOSS)))
    with pytest.raises(UserError, match="no loss among 'reward'"):
        read(tmp_path)
