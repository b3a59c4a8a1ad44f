"""Run `nnjax` many times as forks of one process that has imported what takes long: absl's flags begin anew in each."""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
import warnings
from typing import NamedTuple

import pytest


class Ended(NamedTuple):
    """How a command ended: its status, what it wrote, and the modules that it had imported."""

    status: int
    output: str
    errors: str
    modules: set[str]


def nnjax_commands(lines, missing=None, shared=("nnjax.cli.entry",), cwd="."):
    """Run `nnjax WORDS` for each list of words, or each with one package that is not installed."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    cases = list(zip(lines, missing or [None] * len(lines), strict=True))
    words = [sys.executable, __file__, json.dumps([cases, shared])]
    done = subprocess.run(words, cwd=cwd, capture_output=True, encoding="utf-8", timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return [Ended(*one, set(modules)) for *one, modules in json.loads(done.stdout)]


def _run(words, missing):
    """Run one command in a child."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as modules:
        files = output, errors, modules
        child = os.fork()
        if not child:
            _become(words, missing, files)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for file in files:
            file.seek(0)
        output, errors, modules = (file.read().decode("utf-8") for file in files)
    return status, output, errors, modules.split()


def _become(words, missing, files):
    """Be the command, and end as it ends."""
    for number in (1, 2):
        os.dup2(files[number - 1].fileno(), number)
    sys.argv[:], status = ["nnjax", *words], 1
    if missing:
        sys.modules[missing] = None
    try:
        from nnjax.cli import entry

        entry.main()
        status = 0
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        files[2].write(" ".join(sys.modules).encode())
        files[2].flush()
        os._exit(status)


if __name__ == "__main__":
    cases, shared = json.loads(sys.argv[1])
    for name in shared:
        importlib.import_module(name)
    warnings.filterwarnings("ignore", "os.fork")  # JAX has no threads yet
    print(json.dumps([_run(*case) for case in cases]))
