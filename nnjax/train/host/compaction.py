"""Free the lanes of trials that have ended, fill them with others, and join sparse lane batches."""

from __future__ import annotations

from collections.abc import Container, Sequence

from nnjax.core.experiment import TrialSpec
from nnjax.train.host.chunk import Chunk
from nnjax.train.host.final_evaluation import finish
from nnjax.train.host.queue import Queue
from nnjax.train.layout.lane_batch import LaneBatch, pack
from nnjax.train.storage.records import ENDED


class Compaction:
    """Renews a chunk at fixed epochs, where lane batches end, wait at rungs or have lost trials.

    Args:
      queue: of the population.
    """

    def __init__(self, queue: Queue):
        self.queue, self.trials, self.rungs, self.layouts = queue, queue.trials, queue.rungs, queue.layouts

    def renew(self, chunk: Chunk) -> Chunk:
        """Finish lane batches that have ended, begin others in their place, and move the last trials to fewer lanes."""
        leaving = [d for d, batch in chunk.placed.items() if not any(map(self.trials.is_running, batch.specs))]
        at_rung = [d for d, batch in chunk.placed.items() if d not in leaving and chunk.steps[d] >= batch.until]
        self.queue.fresh -= self.rungs.pause(chunk, at_rung)
        leaving += at_rung
        sparse = [device for device in self._sparse(chunk) if device not in leaving]
        if sparse:
            live = {s.id for device in sparse for s in chunk.placed[device].specs if self.trials.is_running(s)}
            chunk.queued = self._joined(chunk, live, chunk.lanes)
            leaving += sparse
        if leaving:
            specs = (spec for device in leaving for spec in chunk.placed[device].specs)
            self._finish(chunk, [spec for spec in specs if self.trials.records[spec.id].status in ENDED])
            for device in leaving:
                del chunk.placed[device]
            self.queue.fill(chunk)
        if chunk.placed and not chunk.queued and not self.queue.has_waiting(chunk.group):
            chunk = self._smaller(chunk)
        return chunk

    def _finish(self, chunk: Chunk, specs: Sequence[TrialSpec]) -> None:
        if specs:
            finish(self.trials, specs, chunk, self.layouts.data.data(chunk.group, chunk.program))

    def _joined(self, chunk: Chunk, trials: Container[int], lanes: int) -> list[LaneBatch]:
        """Join some trials on devices and the queued ones to lane batches of at most `lanes`."""
        return pack(chunk.take(lambda spec: spec.id in trials) + chunk.queued, lanes, chunk.group.plan.order)

    def _sparse(self, chunk: Chunk) -> list[int]:
        """List the devices where half the lanes or more have become idle, while other trials could use them."""
        order, waiting = chunk.group.plan.order, self.queue.has_waiting(chunk.group)
        queued = {batch.key(order) for batch in chunk.queued}
        out = []
        for device, batch in chunk.placed.items():
            live = tuple(filter(self.trials.is_running, batch.specs))
            if 0 < 2 * len(live) <= chunk.lanes and len(live) < len(batch.specs):
                rest = batch._replace(specs=live, step=int(chunk.steps[device]))
                if waiting or rest.key(order) in queued:
                    out.append(device)
        return out

    def _smaller(self, chunk: Chunk) -> Chunk:
        """Move the last trials to fewer lanes, or a single one to all cores' threads, where that repays compiling."""
        smaller = self.layouts.smaller_chunk(chunk, chunk.remaining(self.trials.is_running))
        if smaller is None:
            return chunk
        ended = [spec for spec in chunk.specs() if not self.trials.is_running(spec)]
        live = {spec.id for spec in chunk.specs()} - {spec.id for spec in ended}
        smaller.queued = self._joined(chunk, live, smaller.lanes)
        self._finish(chunk, ended)
        self.queue.fill(smaller)
        return smaller
