"""A program in a process of its own: what it gives, and what is said when that process ends."""

import errno
import os
import signal
import sys

import numpy as np
import pytest
from exported import inputs, run_of
from systems import posix

from nnjax.core.errors import UserError
from nnjax.exchange import files, program
from nnjax.exchange.isolated_program import IsolatedProgram


@pytest.fixture(scope="module")
def content():
    return program.to_bytes(run_of("mlp").network())


def test_batches_of_any_size(content):
    work = IsolatedProgram(content, 64, 10, "net")
    x = inputs("mlp", 9)
    for n in (9, 1, 4):
        np.testing.assert_allclose(work(x[:n]), run_of("mlp").outputs(x[:n]), rtol=1e-5, atol=1e-6)


def test_what_the_child_refuses_is_its_sentence(content):
    with pytest.raises(UserError, match=r"^net is not a program from float32 \[b, 63\] to float32 \[b, 10\]\.$"):
        IsolatedProgram(content, 63, 10, "net")
    with pytest.raises(UserError, match=r"^net is not a program that this version of JAX reads"):
        IsolatedProgram(content[:100], 64, 10, "net")


@posix
def test_a_child_that_is_broken_is_one_sentence(content):
    work = IsolatedProgram(content, 64, 10, "net")
    os.kill(work.process.pid, signal.SIGSEGV)
    with pytest.raises(UserError, match=r"^The program in net broke the process that ran it \(status -11\)"):
        work(inputs("mlp"))


def test_windows_may_call_a_broken_pipe_an_invalid_argument(content, monkeypatch):
    work = IsolatedProgram(content, 64, 10, "net")
    work.process.kill()
    pipe = work.process.stdin

    class Broken:
        def write(self, question):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(work.process, "stdin", Broken())
    with pytest.raises(OSError, match="Invalid argument"):
        work(inputs("mlp"))
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UserError, match=r"^The program in net broke the process that ran it"):
        work(inputs("mlp"))
    monkeypatch.undo()
    assert work.process.stdin is pipe


def test_the_child_ends_with_its_owner(tmp_path):
    run_of("mlp").export(tmp_path / "net.jaxexport")
    loaded = files.load(tmp_path / "net.jaxexport")
    process = loaded.outputs.process
    assert process.poll() is None
    del loaded
    assert process.poll() is not None
