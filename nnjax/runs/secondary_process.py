"""The read-only run folder of the further processes that train a population together; only weights are written."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.types import DataFacts
from nnjax.runs.checkpoints import FolderCheckpoints
from nnjax.runs.folder import FolderStore
from nnjax.train import distributed
from nnjax.train.storage.records import Record


def _do_nothing(self: Any, *args: Any, **options: Any) -> None:
    """Leave it to the main process."""


class ReadOnlyCheckpoints(FolderCheckpoints):
    """Checkpoints that another process writes."""

    save_active = drop_active = clear = save_paused = drop_paused = _do_nothing


class SecondaryProcessFolder(FolderStore):
    """A run folder that another process writes: all is read, only weights are written."""

    write = keep_weights = _do_nothing

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.checkpoints = ReadOnlyCheckpoints(self.path / "checkpoints", self.log, self.finish_writing)

    def begin(
        self, base: Any, specs: Sequence[TrialSpec], facts: Mapping[DataConfig, DataFacts], *_: Any
    ) -> list[Record]:
        """Find out how far an earlier run of the same trials came; see `FolderStore.begin`."""
        return self.resume(specs, facts)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Do nothing."""
        yield


def open_folder(
    path: str | os.PathLike[str], log: Callable[[str], None] | None = None, keep: int | None = None
) -> FolderStore:
    """Open a run folder, in all processes but the main one for reading; see `FolderStore`."""
    return (FolderStore if distributed.is_main_process() else SecondaryProcessFolder)(path, log, keep)


def begin_together(begin: Callable[[], list[Record]]) -> list[Record]:
    """Begin a run folder by `FolderStore.begin`, the main process before all others; errors as there."""
    records = distributed.main_process_first(begin, begin)
    distributed.barrier()  # until all have read it
    return records
