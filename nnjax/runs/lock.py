"""Lock a run folder, so that one process at a time trains in it."""

import contextlib
import errno
import pathlib
from collections.abc import Callable, Sequence

import filelock

from nnjax.core.errors import UserError

NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)  # what file systems without locks answer


class FolderLock:
    """Makes a folder and takes it for this process; the system lets go of it where the process is killed.

    Args:
      path: the folder.
      log: called with a warning where the file system knows no locks.
    """

    def __init__(self, path: pathlib.Path, log: Callable[[str], None]):
        self._path, self._log = path, log
        self._lock = filelock.FileLock(path / ".lock", timeout=0, thread_local=False, fallback_to_soft=False)

    def take(self) -> None:
        """Make the folder, take it, and remove what a process that was killed in mid-write left.

        Raises:
          UserError: it cannot be written, or another process is using it.
        """
        try:
            (self._path / "checkpoints").mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
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
        for path in (*self._path.glob(".*.tmp"), *self._path.glob("*/.*.tmp")):
            path.unlink(missing_ok=True)

    def release(self) -> None:
        """Let other processes have the folder."""
        self._lock.release()

    def remove_folder(self, names: Sequence[str]) -> None:
        """Release a folder that holds files of these names only, and remove it; what cannot be removed may stay."""
        self.release()  # Windows removes no open file
        with contextlib.suppress(OSError):
            for name in (*names, ".lock"):
                (self._path / name).unlink(missing_ok=True)
            (self._path / "checkpoints").rmdir()
            self._path.rmdir()
