"""The counting of `python -m scripts.fuzz`, and kills at the n-th file operation: with faults made on purpose."""

import os
import signal
import subprocess
import sys

import pytest
from systems import posix

from scripts.faults import attempts

WORKER = """
import os, signal, sys
from nnjax.core.errors import UserError
from scripts.faults import attempts

attempts.SECONDS, attempts.BYTES = 5.0, 1 << 27

def refuse(): raise UserError("So it is.")
def fail(): return 1 / 0
def hang():
    while True: pass
def fill(): return len(b"x" * (1 << 28))
def crash(): os.kill(os.getpid(), signal.SIGKILL)

ACTS = [refuse, fail, len, hang, fill, crash, lambda: None, sys.exit]
numbers = iter(range(int(sys.argv[1]), 99))
attempts.work(lambda place: None, lambda rng, place: (f"act {rng.random():.6f}", ACTS[next(numbers)]), 0,
              int(sys.argv[1]), int(sys.argv[2]))
"""


@pytest.mark.slow
@posix
def test_tracebacks_hangs_crashes_and_memory_are_counted():
    found = attempts.supervise([sys.executable, "-c", WORKER], 8)
    kinds = [(failure.number, failure.kind) for failure in found]
    assert kinds == [(1, "traceback"), (2, "traceback"), (3, "hang"), (4, "memory"), (5, "crash"), (7, "traceback")]
    again = attempts.supervise([sys.executable, "-c", WORKER], 2)
    assert again == found[:1]  # the same seed draws the same inputs
    assert "ZeroDivisionError" in found[0].what


SCRIPT = """
import os, sys
for name in "abcd":
    open(name, "w").close()
    os.replace(name, name * 2)
"""


@pytest.mark.slow
@posix
def test_a_kill_falls_before_or_after_the_nth_call(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT, "utf-8")
    root = str(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
    for number, left in ((1, ["aa"]), (2, ["aa", "b"]), (3, ["aa", "bb", "cc"]), (9, ["aa", "bb", "cc", "dd"])):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        words = [sys.executable, "-m", "scripts.faults.kill_at", "replace", f"{number}", str(tmp_path / "script.py")]
        done = subprocess.run(words, cwd=folder, env={**os.environ, "PYTHONPATH": root}, check=False)
        assert done.returncode == (0 if number == 9 else -signal.SIGKILL)
        assert sorted(os.listdir(folder)) == left
