"""Lock a run folder, so that one process at a time trains in it."""

import contextlib
import fcntl
import pathlib
from collections.abc import Sequence
from typing import IO

from nnjax.core.errors import UserError


class FolderLock:
    """Makes a folder and takes it for this process.

    Args:
      path: the folder.
    """

    def __init__(self, path: pathlib.Path):
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Make the folder, take it, and remove what a process that was killed in mid-write left.

        Raises:
          UserError: it cannot be written, or another process is using it.
        """
        try:
            (self._path / "checkpoints").mkdir(parents=True, exist_ok=True)
            self._file = open(self._path / ".lock", "w")  # noqa: SIM115 (held until the run ends)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UserError(f"The workdir {self._path} cannot be written ({reason}); name a folder that can.") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                f"Another process is using the workdir {self._path}; wait for it to end, or name another folder."
            ) from None
        for path in (*self._path.glob(".*.tmp"), *self._path.glob("*/.*.tmp")):
            path.unlink(missing_ok=True)

    def release(self) -> None:
        """Let other processes have the folder."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove_folder(self, names: Sequence[str]) -> None:
        """Remove a folder that holds files of these names only; what cannot be removed may stay."""
        with contextlib.suppress(OSError):
            for name in (*names, ".lock"):
                (self._path / name).unlink(missing_ok=True)
            (self._path / "checkpoints").rmdir()
            self._path.rmdir()
