"""Ctrl-C in plain Python: a checkpoint and `Stopped`, after which JAX and Python's own handler are as before."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from systems import posix

from nnjax.train.host import interrupts

pytestmark = posix
SCRIPT = """
import os, signal, sys
import numpy as np
import nnjax

signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started in the background ignores it
x, y = np.random.default_rng(0).normal(size=(400, 2)), np.arange(400) % 2
experiment = nnjax.Experiment(nnjax.DataConfig("own"), nnjax.ModelConfig("mlp", widths=(8,)), epochs=600, batch_size=8)

def press(progress):
    if progress.work_done > 0.1:
        os.kill(os.getpid(), signal.SIGINT)

def sweep(workdir, observe=lambda progress: None):
    options = {"data": (x, y), "log": lambda text: None}
    return nnjax.sweep(experiment, {"seed": (0, 1)}, workdir=workdir, observe=observe, **options)

try:
    sweep(sys.argv[1], press)
except nnjax.Stopped as error:
    print(error)
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
there, whole = sweep(sys.argv[1]), sweep(None)
print([record.epochs for record in there.records])
print(all(np.array_equal(a.curves["val_loss"], b.curves["val_loss"]) for a, b in zip(there.records, whole.records)))
try:
    sweep(None, lambda progress: (press(progress), press(progress)))
except KeyboardInterrupt:
    print("at once", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


def test_a_sweep_stops_with_a_checkpoint_and_goes_on_in_the_same_process(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "run")], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.stdout.splitlines() == [
        "The run folder has a checkpoint: the same call goes on from there.",
        "True",
        "[600, 600]",
        "True",
        "at once True",
    ], done.stderr
    assert done.stderr.count(interrupts.SENTENCE) == 2


def press():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def usual():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("usual")
def test_the_first_is_noted_and_the_second_raises(capsys):
    with interrupts.noted() as came:
        assert not came()
        press()
        assert came()
        with pytest.raises(KeyboardInterrupt):
            press()
    assert capsys.readouterr().err == f"{interrupts.SENTENCE}\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("usual")
def test_a_handler_of_the_program_is_left_alone():
    seen = []
    signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    with interrupts.noted() as came:
        press()
        assert (seen, came()) == ([signal.SIGINT], False)


@pytest.mark.usefixtures("usual")
def test_another_thread_takes_no_signals():
    handlers = []

    def train():
        with interrupts.noted():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
