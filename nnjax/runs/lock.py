"""Lock a run folder, so that one process at a time trains in it."""

import contextlib
import errno
import pathlib
import sys
from collections.abc import Callable, Sequence

import filelock

from nnjax.core.errors import UserError

TRIES = 3  # to take a folder that other processes remove
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)  # what file systems without locks answer
RENAMED_LOCK = "*.lock*.rename"  # what Optuna leaves of its own lock where it is killed while releasing it


class FolderLock:
    """Makes a folder and takes it for this process; the system lets go of it where the process is killed.

    Args:
      path: the folder.
      log: called with a warning where the file system knows no locks.
    """

    def __init__(self, path: pathlib.Path, log: Callable[[str], None]):
        self._path, self._log = path, log
        self._made = False
        self._before: set[str] | None = None  # what was in the folder when it was taken; None where it is not
        self._lock = filelock.FileLock(path / ".lock", timeout=0, thread_local=False, fallback_to_soft=False)

    def take(self) -> None:
        """Make the folder, take it, and remove what a killed process left; UserError if another one is using it."""
        try:
            self._acquire()
        except filelock.Timeout:
            raise UserError(
                f"Another process is using the workdir {self._path}; wait for it to end, or name another folder."
            ) from None
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno not in NO_LOCKS:
                sentence = f"The workdir {self._path} cannot be written ({reason}); name a folder that can."
                raise UserError(sentence) from None
            self._log(
                f"warning: The file system of the workdir {self._path} cannot lock files ({reason}): see to it that "
                "one process at a time uses it."
            )
            self._note_files()
        left = (path for pattern in (".*.tmp", "*/.*.tmp", RENAMED_LOCK) for path in self._path.glob(pattern))
        for path in list(left):
            path.unlink(missing_ok=True)

    def _acquire(self) -> None:
        """Make the folder and lock it; where another process removes it in between, make it again."""
        for attempt in range(TRIES):
            self._made = self._make_folder()
            with contextlib.suppress(*([FileNotFoundError] if attempt < TRIES - 1 else [])):
                self._lock.acquire()
                self._note_files()
                return

    def _make_folder(self) -> bool:
        """Make the folder with its parents; whether it was this process that made it."""
        try:
            self._path.mkdir(parents=True)
        except FileExistsError:
            if not self._path.is_dir():
                raise
            return False
        return True

    def _note_files(self) -> None:
        """Note what is in the folder already, and make that of the checkpoints."""
        self._before = {path.name for path in self._path.iterdir()}
        self._made &= self._before <= {".lock"}  # or another process has used it since
        (self._path / "checkpoints").mkdir(exist_ok=True)

    def release(self) -> None:
        """Let other processes have the folder."""
        self._before = None
        self._lock.release()

    def undo(self, names: Sequence[str]) -> None:
        """Remove files of these names, and the folder, as far as this process made them since it took it; release it.

        Nothing is removed by a process that has not taken the folder. What cannot be removed may stay.
        """
        before = self._before
        with contextlib.suppress(OSError):
            if before is not None:
                for name in {*names} - before:
                    (self._path / name).unlink(missing_ok=True)
                if "checkpoints" not in before:
                    (self._path / "checkpoints").rmdir()
                if self._made and sys.platform != "win32":  # which removes no open file
                    (self._path / ".lock").unlink(missing_ok=True)
        self.release()
        with contextlib.suppress(OSError):
            if before is not None and self._made:
                if sys.platform == "win32":
                    (self._path / ".lock").unlink(missing_ok=True)
                self._path.rmdir()
