"""Several processes where there is no fork: each joins for itself, without a parent that watches it."""

import os

import jax
import pytest
from absl import flags
from absl.testing import flagsaver

from nnjax.cli import distributed


@pytest.fixture
def parsed():
    """The flags of several processes, on an otherwise empty command line."""
    if "coordinator" not in flags.FLAGS:
        distributed.define_flags()
    if not flags.FLAGS.is_parsed():
        flags.FLAGS(["test"])
    with flagsaver.flagsaver(coordinator="localhost:1234", num_processes=2, process_id=1):
        yield


@pytest.mark.usefixtures("parsed")
def test_without_fork_a_process_joins_itself(monkeypatch):
    joined = []
    monkeypatch.delattr(os, "fork", raising=False)
    monkeypatch.setattr(jax.distributed, "initialize", lambda *given, **limits: joined.append(given))
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    assert distributed.join("runs/x")
    assert joined == [("localhost:1234", 2, 1)]
