"""Runs that are stopped, killed, damaged and short of disk, and go on bit for bit when the same command is repeated."""

import signal
import time

import numpy as np
import pytest
from processes import complaint, contents, run, start
from systems import posix

pytestmark = posix
CONFIG = '''"""Some seconds of training."""

from nnjax import DataConfig, Experiment, Hyperparameters, ModelConfig, Space


def get_config():
    return Experiment(
        data=DataConfig("two_spirals:2000", scaling="standard"),
        model=ModelConfig(widths=(128, 128)),
        hyperparameters=Hyperparameters(dropout=0.1),
        batch_size=64,
        epochs=250,
    )


def get_space():
    return Space(axes={"learning_rate": (0.001, 0.01)})
'''


def wait_for(condition, process):
    """Wait until something is true while a process runs."""
    deadline = time.monotonic() + 240
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    """Give the flags of a run in a new folder."""
    config = tmp_path_factory.mktemp("interrupt") / "long.py"
    config.write_text(CONFIG, "utf-8")
    return lambda folder: (f"--config={config}", f"--workdir={folder}")


@pytest.fixture(scope="module")
def undisturbed(flags, tmp_path_factory):
    """The run folder of a run that nothing happens to."""
    folder = tmp_path_factory.mktemp("interrupt") / "undisturbed"
    done = run("sweep", *flags(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def stopped(flags, tmp_path_factory):
    """A run that gets SIGTERM after its first checkpoint: its folder, status, outputs, and the seconds to its end."""
    folder = tmp_path_factory.mktemp("interrupt") / "disturbed"
    process = start("sweep", *flags(folder))
    wait_for((folder / "checkpoints" / "chunk.npz").exists, process)
    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    outputs = process.communicate()
    return folder, process.returncode, outputs, time.monotonic() - begin


def same(one, other):
    """Whether two run folders hold bitwise equal curves and weights, and equal tables."""
    names = ["curves.npz", *(f"checkpoints/{path.name}" for path in (one / "checkpoints").iterdir())]
    for name in names:
        with np.load(one / name) as a, np.load(other / name) as b:
            if set(a) != set(b) or not all(a[key].tobytes() == b[key].tobytes() for key in a):
                return False
    return len(names) == 3 and (one / "trials.csv").read_text("utf-8") == (other / "trials.csv").read_text(
        encoding="utf-8"
    )


def test_sigterm_ends_the_run_with_a_checkpoint(stopped):
    folder, status, (_, error), seconds = stopped
    assert status == 128 + signal.SIGTERM
    assert error == f"Stopped; {folder} is saved, and the same command goes on from there.\n"
    assert seconds < 10  # a segment lasts a second
    assert not (folder / "report.html").exists()


@pytest.mark.slow
def test_it_goes_on_bit_for_bit_whatever_happens(stopped, undisturbed, flags):
    """After SIGTERM: SIGKILL after another checkpoint, a damaged checkpoint, a full disk, and then the end."""
    folder = stopped[0]
    chunk, previous = folder / "checkpoints" / "chunk.npz", folder / "checkpoints" / "chunk_previous.npz"
    before = chunk.stat().st_ino
    process = start("sweep", *flags(folder))
    wait_for(lambda: chunk.exists() and chunk.stat().st_ino != before, process)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL

    (folder / ".curves.npz.1234.tmp").write_bytes(b"half written")
    chunk.write_bytes(chunk.read_bytes()[:-100])
    assert previous.exists()
    full = run("sweep", *flags(folder), largest_file=30_000)
    assert f"{chunk} is damaged" in full.stdout
    assert "Going back to the version before it." in full.stdout
    assert "chunk_next.npz: File too large; nothing half written was left" in complaint(full)
    chunk.unlink()  # the good version must have outlived the failure

    done = run("sweep", *flags(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert "warning" not in done.stdout
    assert same(undisturbed, folder)
    assert not [name for name in contents(folder) if name.endswith(".tmp") or "chunk" in name]


def test_a_disk_that_is_full_from_the_start_leaves_nothing(flags, tmp_path):
    folder = tmp_path / "run"
    done = run("sweep", *flags(folder), largest_file=100)
    assert f"{folder / 'data.json'}: File too large; nothing half written was left" in complaint(done)
    assert not folder.exists()


def test_a_second_signal_ends_a_run_at_once(flags, tmp_path):
    """Both come while the program is compiled, before the first segment."""
    process = start("sweep", *flags(tmp_path / "run"))
    wait_for((tmp_path / "run" / "config.json").exists, process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode in (130, 143)
