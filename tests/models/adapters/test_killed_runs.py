"""Runs of users' models that SIGKILL ends in the middle of an epoch, and that go on: the bits of an undisturbed run."""

import os
import pathlib
import signal
import subprocess
import sys

import jax
import numpy as np
import pytest
from own_functions import BLOBS, experiment, functions
from systems import posix

import nnjax
from nnjax.train.host.recovery import Recovery

pytestmark = posix
TESTS = pathlib.Path(__file__).parents[2]
PLAN = nnjax.Plan(devices=1, lanes=2)
ALL = [(name, kind) for name in ("dense", "conv") for kind in ("linen", "nnx", "equinox", "keras")]
SLOW = [pytest.param(*one, marks=pytest.mark.slow) for one in ALL]
CHILD = """
import os, signal, sys
import conftest  # compiles as the tests do
from test_killed_runs import train
from nnjax.runs.checkpoints import FolderCheckpoints as Checkpoints
from nnjax.train.host.recovery import Recovery

def save_and_die(self, *arguments, save=Checkpoints.save_active, calls=[]):
    save(self, *arguments)
    calls.append(1)
    if len(calls) == 2:  # after 1 and 9 steps, of 7 an epoch
        os.kill(os.getpid(), signal.SIGKILL)

Recovery.is_due, Checkpoints.save_active = lambda self, active: True, save_and_die
train(*sys.argv[1:])
"""


def make(name, kind):
    """Make a model, without importing libraries that it does not need."""
    if kind == "functions":
        return functions(), BLOBS
    if name == "conv":
        from own_conv_models import CONVS, STRIPES

        return CONVS[kind](), STRIPES
    from own_models import KINDS

    return KINDS[kind](0.3), BLOBS


def train(name, kind, workdir=None):
    """Train two seeds of a network with BatchNorm and Dropout by Adam, the last batch of 11 examples."""
    model, data = make(name, kind)
    own = experiment(model, epochs=3, optimizer="adam", shuffle=True)
    return nnjax.sweep(own, {"seed": range(2)}, data=data, workdir=workdir, plan=PLAN, log=lambda text: None)


@pytest.mark.parametrize(("name", "kind"), [("dense", "functions"), *SLOW])
def test_a_killed_run_goes_on_with_the_same_bits(name, kind, tmp_path, monkeypatch):
    paths = os.pathsep.join(map(str, (TESTS.parent, TESTS, TESTS / "models/adapters")))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, name, kind, str(tmp_path / "run")],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list((tmp_path / "run/checkpoints").iterdir())
    place, placed = Recovery._place, []
    monkeypatch.setattr(Recovery, "_place", lambda self, *checkpoint: placed.append(1) or place(self, *checkpoint))
    again = train(name, kind, tmp_path / "run")
    assert placed == [1]  # it went on from the checkpoint, and did not begin again
    whole = train(name, kind)
    for trial in range(2):
        one, other = again.records[trial].curves, whole.records[trial].curves
        assert set(one) == set(other)
        assert all(one[key].tobytes() == other[key].tobytes() for key in one)
        found, truth = (jax.tree.leaves(run.variables(trial)) for run in (again, whole))
        assert all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(found, truth, strict=True))
