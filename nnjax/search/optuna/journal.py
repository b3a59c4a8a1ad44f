"""Optuna's journal in a file that one process writes: an adaptive search's own study, and exported runs.

Import it where Optuna is installed.
"""

import contextlib
import json
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from nnjax.core.files import open_regular

LINE = b'{"op_code":'  # how each line of a journal begins


class Journal(JournalFileBackend):
    """A journal whose lines can be written together: each time that it is written waits for the disk.

    Args:
      path: of the file.
    """

    def __init__(self, path: pathlib.Path):
        self._own_lock = JournalFileOpenLock(str(path), grace_period=5)
        super().__init__(str(path), self._own_lock)
        self._holds, self._held, self._in_file = False, list[dict[str, Any]](), 0

    @contextlib.contextmanager
    def together(self, synchronize: Callable[[], Any]) -> Iterator[None]:
        """Write what is noted in this block at its end, also that of an error; other processes wait until then.

        Args:
          synchronize: lets the storage read what others have written before.
        """
        self._own_lock.acquire()
        try:
            synchronize()
            self._holds = True
            try:
                yield
            finally:
                self._holds = False
                self._write_held()
        finally:
            self._own_lock.release()

    def _write_held(self) -> None:
        text = "".join(f"{json.dumps(log, separators=(',', ':'))}\n" for log in self._held)
        with open(self._file_path, "ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        self._in_file, self._held = self._in_file + len(self._held), []

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Write lines, or hold them."""
        if self._holds:
            self._held += logs
        else:
            super().append_logs(logs)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        """Give the lines from one on: of the file, and those that are held."""
        if log_number_from <= self._in_file or not self._held:
            count = log_number_from
            for log in super().read_logs(log_number_from):
                count += 1
                yield log
            self._in_file = max(self._in_file, count)
        yield from self._held[max(0, log_number_from - self._in_file) :]


def open_journal(path: pathlib.Path) -> JournalStorage:
    """Open Optuna's journal in a file, to which a setting adds a few lines: in SQLite it takes a fifth of a second.

    What a killed process may have left is passed over: half a line at the end, and its lock after some seconds.
    """
    content = b""
    if path.exists():
        with open_regular(path) as file:
            content = file.read()
    whole = content.rfind(b"\n") + 1
    for number, line in enumerate(content[:whole].splitlines(), 1):
        try:
            json.loads(line)
        except ValueError:
            raise ValueError(f"its line {number} is not JSON") from None
    if not content[whole:].startswith(LINE[: len(content) - whole]):  # somebody's text: nothing of it is cut off
        raise ValueError("its last line is none of a journal")
    if whole < len(content):
        os.truncate(path, whole)
    return JournalStorage(Journal(path))
