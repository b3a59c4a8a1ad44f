"""Checkpoints in a run folder: of the trials under way, in two versions, and of those that wait at rungs."""

import contextlib
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.files import replace, write_atomically
from nnjax.core.types import Arrays
from nnjax.train.storage import npz
from nnjax.train.storage.store import Checkpoint

FORMAT = 3  # of the trials under way
PAUSED = "[0-9]{9,}_[0-9]{5,}"  # the names of lane batches that wait; files of other names are not ours


class FolderCheckpoints:
    """Checkpoints in files of a folder; see `nnjax.train.storage.store.Checkpoints`.

    Args:
      folder: where they are.
      log: called with sentences about damaged files that were passed over.
      before: called before one is written.
    """

    def __init__(self, folder: pathlib.Path, log: Callable[[str], None], before: Callable[[], None]):
        self._folder, self._log, self._before = folder, log, before

    def save_active(self, arrays: Arrays, note: Mapping[str, Any]) -> None:
        """Write the state of the trials under way; the version before is kept beside it."""
        self._before()
        current, previous, fresh = self._chunks()
        _write(fresh, arrays, note)  # before the others are touched
        if current.exists():
            replace(current, previous)
        replace(fresh, current)

    def load_active(self) -> Checkpoint | None:
        """Read the last good state of the trials under way; a damaged file is passed over, which is logged."""
        there = [path for path in self._chunks()[:2] if path.exists()]
        for path in there:
            try:
                return _read(path)
            except UserError as error:
                last = path == there[-1]
                remedy = "The trials under way begin again." if last else "Going back to the version before it."
                self._log(f"warning: {error} {remedy}")
        return None

    def drop_active(self) -> None:
        """Remove the state of trials that have finished."""
        for path in self._chunks():
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the states of all trials, which have ended."""
        self.drop_active()
        for name in self.list_paused():
            self.drop_paused(name)

    def under_way(self) -> set[int]:
        """List the trials in the last good checkpoint."""
        for path in self._chunks()[:2]:
            with contextlib.suppress(UserError, ValueError, TypeError):
                return set(map(int, _read(path)[1].get("trials", ())))
        return set()

    def _chunks(self) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
        return self._folder / "chunk.npz", self._folder / "chunk_previous.npz", self._folder / "chunk_next.npz"

    def save_paused(self, name: str, arrays: Arrays, note: Mapping[str, Any]) -> None:
        """Write a lane batch that waits at a rung."""
        self._before()
        _write(self._paused(name), arrays, note)

    def load_paused(self, name: str) -> Checkpoint | None:
        """Read it back; a damaged file is passed over, which is logged."""
        try:
            return _read(self._paused(name))
        except UserError as error:
            self._log(f"warning: {error} The trials in it begin again.")
            return None

    def list_paused(self) -> list[str]:
        """Name the lane batches that wait, in the order of their names."""
        names = (path.stem.removeprefix("paused_") for path in self._folder.glob("paused_*.npz"))
        return sorted(name for name in names if re.fullmatch(PAUSED, name))

    def drop_paused(self, name: str) -> None:
        """Remove one."""
        self._paused(name).unlink(missing_ok=True)

    def _paused(self, name: str) -> pathlib.Path:
        return self._folder / f"paused_{name}.npz"


def _write(path: pathlib.Path, arrays: Arrays, note: Mapping[str, Any]) -> None:
    write_atomically(path, npz.to_bytes(arrays, {**note, "format": FORMAT}))


def _read(path: pathlib.Path) -> Checkpoint:
    """Read a checkpoint; a UserError if the file is damaged, or another version of nnjax wrote it."""
    arrays, note = npz.read(path)
    if note.pop("format", None) != FORMAT:
        raise UserError(f"{path} is of another version of nnjax.")
    return arrays, note
