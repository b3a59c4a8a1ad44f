"""What environment.json says of the checkout where git is not there, or does not answer."""

import subprocess

import pytest

from nnjax.runs import environment


@pytest.mark.parametrize("error", [FileNotFoundError("git"), subprocess.TimeoutExpired("git", 5)])
def test_without_an_answer_of_git_no_commit_is_named(monkeypatch, error):
    def run(*args, **options):
        raise error

    monkeypatch.setattr(subprocess, "run", run)
    assert environment._commit() == ""
