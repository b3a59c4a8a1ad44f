"""Try numbered inputs in a process of their own: each ends in a result or a sentence, soon and in little memory."""

import contextlib
import io
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import types
import warnings
from collections.abc import Callable
from typing import NamedTuple

SECONDS = 20.0  # of computing that one input may take, whatever else the machine does
SILENCE = 600.0  # seconds after which a worker that says nothing is taken for one that waits forever
BYTES = 2 << 30  # of memory that it may take beside what is there already

Attempt = tuple[str, Callable[[], object]]  # what it is, and how it is tried
Make = Callable[[random.Random, pathlib.Path], Attempt]


class Failure(NamedTuple):
    """An input that ended otherwise than it should.

    Attributes:
      number: of the input.
      kind: "wrong", "traceback", "hang", "memory" or "crash".
      what: the input, and what came of it.
    """

    number: int
    kind: str
    what: str


class Wrong(Exception):
    """An input ended in another result than the right one, which the message says."""


class Hang(BaseException):
    """The time of an input is over; nothing catches it by accident."""


def supervise(words: list[str], count: int) -> list[Failure]:
    """Try inputs 0 to count in worker processes, of which another one begins where one dies or hangs in C.

    Args:
      words: the command line of a worker, which is given the number to begin at and the count, and calls `work`.
      count: how many.
    """
    failures, begin = [], 0
    while begin < count:
        with subprocess.Popen([*words, str(begin), str(count)], stdout=subprocess.PIPE, encoding="utf-8") as worker:
            assert worker.stdout is not None
            watch = _Watch(worker)
            for line in worker.stdout:
                found = json.loads(line)
                begin = found["number"] + 1
                watch.note()
                if found["kind"] != "ok":
                    failures.append(Failure(found["number"], found["kind"], found["what"]))
            worker.wait()
            watch.stop()
        if begin < count:
            kind = "hang" if watch.killed else "crash"
            failures.append(Failure(begin, kind, f"the process ended with status {worker.returncode}"))
            begin += 1
    return failures


class _Watch:
    """Kills a worker that says nothing for long, which only a loop in C does."""

    def __init__(self, worker: subprocess.Popen[str]):
        import threading

        self.worker, self.killed, self._ended = worker, False, threading.Event()
        self._last = time.monotonic()
        threading.Thread(target=self._look, daemon=True).start()

    def note(self) -> None:
        """Note a sign of life."""
        self._last = time.monotonic()

    def stop(self) -> None:
        """Stop watching."""
        self._ended.set()

    def _look(self) -> None:
        while not self._ended.wait(1.0):
            if time.monotonic() - self._last > SILENCE:
                self.killed = True
                self.worker.kill()


def work(prepare: Callable[[pathlib.Path], object], make: Make, seed: int, begin: int, count: int) -> None:
    """Prepare a folder, try inputs one by one, and print a JSON line for each."""
    from nnjax.core.errors import UserError
    from nnjax.train.host.population import Stopped

    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGPROF, _raise_hang)
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(temporary)
        prepare(place)
        for number in range(begin, count):
            kind, what, made, before = "ok", "", False, _memory_mark()
            try:
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                what, act = make(random.Random(f"{seed}/{number}"), place)
                made = True
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    act()
            except (UserError, Stopped) as error:
                what = f"{what}: {error}"
                kind = "ok" if made and (str(error).strip() or isinstance(error, Stopped)) else "traceback"
            except Wrong as error:
                kind, what = "wrong", f"{what}: {error}"
            except Hang:
                kind, what = "hang", f"{what}: more than {SECONDS} s of computing"
            except BaseException as error:  # a SystemExit too
                last = traceback.extract_tb(error.__traceback__)[-1]
                text = repr(error)[:300]
                kind, what = "traceback", f"{what}: {text} in {pathlib.Path(last.filename).name}:{last.lineno}"
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            if kind == "ok" and (taken := _memory_peak() - before) > BYTES:
                kind, what = "memory", f"{what}: {taken / 2**30:.1f} GB"
            print(json.dumps({"number": number, "kind": kind, "what": what}), file=out, flush=True)


def _raise_hang(number: int, frame: types.FrameType | None) -> None:
    raise Hang


def _memory_mark() -> int:
    """Begin to count the peak of this process's memory anew; its bytes now."""
    with contextlib.suppress(OSError):
        pathlib.Path("/proc/self/clear_refs").write_text("5", "utf-8")
    return _memory_peak()


def _memory_peak() -> int:
    lines = pathlib.Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def command(module: str, seed: int) -> list[str]:
    """Give the command line of a worker."""
    return [sys.executable, "-m", module, str(seed)]
