"""One trained run folder for all tests of the scripts."""

import os
import shutil

import pytest
from forking import ForkServer
from processes import SPIRALS, run


@pytest.fixture(scope="session")
def fork():
    """Run a script as `processes.run` does, but without the start of Python and JAX: for what is not about starting."""
    if not hasattr(os, "fork"):
        yield run
        return
    server = ForkServer()
    yield server.run
    server.close()


@pytest.fixture(scope="session")
def config(tmp_path_factory):
    """A configuration file that trains in no time."""
    path = tmp_path_factory.mktemp("config") / "spirals.py"
    path.write_text(SPIRALS, "utf-8")
    return path


@pytest.fixture(scope="session")
def trained(config, tmp_path_factory):
    """The run folder of a sweep of four trials (two arms, two rates), with what the script printed; do not change it.

    The rates are the file's, given otherwise; the seed is given twice and trained once.
    """
    folder = tmp_path_factory.mktemp("runs") / "spirals"
    axes = ("--space.learning_rate=log:0.01:0.1:2", "--space.seed=0,0")
    done = run("sweep", f"--config={config}", f"--workdir={folder}", *axes)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture
def copy(trained, tmp_path):
    """A copy of the run folder, to be changed."""
    return shutil.copytree(trained[0], tmp_path / "run")
