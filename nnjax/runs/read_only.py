"""The run folder of processes that train together: the first one writes it, each writes its own trials' weights."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.types import DataFacts
from nnjax.runs.folder import FolderStore
from nnjax.train import distributed
from nnjax.train.storage.records import Record


class Companion(FolderStore):
    """A run folder of which another process is the first: all is read, only weights are written."""

    def _take(self) -> None:
        """Leave the lock to the first process."""

    def begin(
        self, base: Any, specs: Sequence[TrialSpec], facts: Mapping[DataConfig, DataFacts], *_: Any
    ) -> list[Record]:
        """Find out how far an earlier run of the same trials came; see `FolderStore.begin`."""
        return self.resume(specs, facts)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Do nothing."""
        yield

    def write(self, name: str, content: bytes | str) -> None:
        """Do nothing."""

    def keep_weights(self, trials: Set[int]) -> None:
        """Do nothing."""

    def save_chunk(self, arrays: Mapping[str, np.ndarray], note: Mapping[str, Any]) -> None:
        """Do nothing."""

    def drop_chunk(self) -> None:
        """Do nothing."""

    def save_paused(self, name: str, arrays: Mapping[str, np.ndarray], note: Mapping[str, Any]) -> None:
        """Do nothing."""

    def drop_paused(self, name: str) -> None:
        """Do nothing."""


def open_folder(
    path: str | os.PathLike[str], announce: Callable[[str], None] | None = None, keep: int | None = None
) -> FolderStore:
    """Give a run folder to the first process, or to one of its companions; see `FolderStore`."""
    return (FolderStore if distributed.first() else Companion)(path, announce, keep)


def begin_together(begin: Callable[[], list[Record]]) -> list[Record]:
    """Begin a run folder by `FolderStore.begin`, the first process before all others.

    Raises:
      UserError: as there, in every process.
    """
    records = distributed.lead(begin, begin)
    distributed.wait()  # until all have read it
    return records
