"""Write checkpoints of the active lane batches when they are due, and resume from the last one."""

import contextlib
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nnjax.core.experiment import TrialSpec
from nnjax.core.types import Arrays
from nnjax.train.engine.state_shapes import blank_state
from nnjax.train.host import checkpoint
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.queue import Queue
from nnjax.train.host.rungs import Rungs
from nnjax.train.host.trials import Trials
from nnjax.train.layout.plan import from_json
from nnjax.train.storage.records import OVER, RUNNING, is_evaluated

SAVE_SHARE = 0.01  # of the time may go into checkpoints
MIN_SECONDS = 1.0  # between two of them


class Recovery:
    """Saves a population, and resumes it.

    Args:
      trials, rungs, queue: of the population.
    """

    def __init__(self, trials: Trials, rungs: Rungs, queue: Queue):
        self.trials, self.rungs, self.queue = trials, rungs, queue
        self._saved: dict[int, tuple[float, float]] = {}  # by group: when, and the seconds that it took
        self._begun = time.monotonic()

    def is_due(self, active: ActiveBatches) -> bool:
        """Whether enough time has passed for the cost of a checkpoint not to matter."""
        at, seconds = self._saved.get(active.group.specs[0].id, (self._begun, 0.0))
        return time.monotonic() - at > max(MIN_SECONDS, seconds / SAVE_SHARE)

    def save(self, active: ActiveBatches) -> None:
        """Write a checkpoint of the active lane batches, and the records."""
        with self._timed(active):
            self.trials.store.checkpoints.save_active(*checkpoint.of_active(active, self.trials.records))

    def save_beside(self, active: ActiveBatches) -> None:
        """Write a checkpoint of a trial that trains beside others, as of one that waits, and the records."""
        with self._timed(active):
            for batch in active.take():
                self.close_beside(batch.specs[0], kept=self.rungs.save(batch))

    def close_beside(self, spec: TrialSpec, kept: str = "") -> None:
        """Drop the checkpoints of a trial that trains beside others, but for one."""
        checkpoints = self.trials.store.checkpoints
        for name in checkpoints.list_paused():
            if name.endswith(f"_{spec.id:05d}") and name != kept:
                checkpoints.drop_paused(name)

    @contextlib.contextmanager
    def _timed(self, active: ActiveBatches) -> Iterator[None]:
        """Save the records after a checkpoint, and note how long both took."""
        begin = time.monotonic()
        yield
        self.trials.save()
        self._saved[active.group.specs[0].id] = time.monotonic(), time.monotonic() - begin

    def close(self) -> None:
        """Write the records of active batches that have ended, and drop their checkpoint."""
        self.trials.save()
        self.trials.store.checkpoints.drop_active()

    def resume(self) -> ActiveBatches | None:
        """Go on with the active batches of an earlier session; None if there are none, or all their trials have ended.

        Trials that were under way but are neither in it nor wait at a rung begin again. Under another plan it is laid
        out anew.
        """
        arrays, note = checkpoint.sound(self.trials.store.checkpoints.load_active(), len(self.trials.specs))
        known, records = [int(trial) for trial in note["trials"]], self.trials.records
        over = all(records[trial].status in OVER and is_evaluated(records[trial]) for trial in known)
        self.rungs.find(() if over else known)
        self.rungs.update()
        if self.rungs.restart(self._lost(() if over else known)) or over:
            self.rungs.decide()
            return None
        checkpoint.restore_records(arrays, note, self.trials.records, known)
        self.rungs.decide()
        return self._place(arrays, note)

    def _lost(self, known: Collection[int]) -> list[int]:
        """List the trials that no checkpoint has, and that are running or have ended without their scores."""
        return [
            trial
            for trial, record in enumerate(self.trials.records)
            if record.status == RUNNING or not (is_evaluated(record) or self.trials.store.has_weights(trial))
            if trial not in known and trial not in self.rungs.paused
        ]

    def _place(self, arrays: Arrays, note: Mapping[str, Any]) -> ActiveBatches:
        """Put the lane batches of a checkpoint on devices: as they were, or under another plan anew."""
        layouts, trials = self.queue.layouts, self.trials
        group = layouts.group_of[int(next(iter(note["trials"])))]
        specs = list(map(self.rungs.decision.current, trials.specs))
        batches = checkpoint.from_arrays(arrays, note, blank_state(group.key, group.shapes), specs)
        if from_json(note["plan"]) != group.plan:
            trials.note_moves(group, batches, None)
            return self.queue.lay_out(group, batches)
        active = layouts.active(group, note["lanes"], note["devices"])
        active.queued = batches
        self.queue.fill(active, note["placed"])
        return active
