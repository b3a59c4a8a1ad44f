"""Free the lanes of trials that have ended, fill them with others, and join sparse lane batches."""

from collections.abc import Container, Sequence

from nnjax.core.experiment import TrialSpec
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.final_evaluation import finish
from nnjax.train.host.queue import Queue
from nnjax.train.layout.lane_batch import LaneBatch, pack
from nnjax.train.storage.records import ENDED


class Compaction:
    """Renews the active batches at fixed epochs, where lane batches end, wait at rungs or have lost trials.

    Args:
      queue: of the population.
    """

    def __init__(self, queue: Queue):
        self.queue, self.trials, self.rungs, self.layouts = queue, queue.trials, queue.rungs, queue.layouts

    def renew(self, active: ActiveBatches) -> ActiveBatches:
        """Finish lane batches that have ended, begin others in their place, and move the last trials to fewer lanes."""
        leaving = [d for d, batch in active.placed.items() if not any(map(self.trials.is_running, batch.specs))]
        at_rung = [d for d, batch in active.placed.items() if d not in leaving and active.steps[d] >= batch.until]
        self.queue.fresh -= self.rungs.pause(active, at_rung)
        leaving += at_rung
        sparse = [device for device in self._sparse(active) if device not in leaving]
        if sparse:
            live = {s.id for device in sparse for s in active.placed[device].specs if self.trials.is_running(s)}
            active.queued = self._joined(active, live, active.lanes)
            leaving += sparse
        if leaving:
            specs = (spec for device in leaving for spec in active.placed[device].specs)
            self._finish(active, [spec for spec in specs if self.trials.records[spec.id].status in ENDED])
            for device in leaving:
                del active.placed[device]
            self.queue.fill(active)
        if active.placed and not active.queued and not self.queue.has_waiting(active.group):
            active = self._smaller(active)
        return active

    def _finish(self, active: ActiveBatches, specs: Sequence[TrialSpec]) -> None:
        if specs:
            finish(self.trials, specs, active, self.layouts.data.data(active.group, active.program))

    def _joined(self, active: ActiveBatches, trials: Container[int], lanes: int) -> list[LaneBatch]:
        """Join some trials on devices and the queued ones to lane batches of at most `lanes`."""
        return pack(active.take(lambda spec: spec.id in trials) + active.queued, lanes, active.group.plan.order)

    def _sparse(self, active: ActiveBatches) -> list[int]:
        """List the devices where half the lanes or more have become idle, while other trials could use them."""
        order, waiting = active.group.plan.order, self.queue.has_waiting(active.group)
        queued = {batch.key(order) for batch in active.queued}
        out = []
        for device, batch in active.placed.items():
            live = tuple(filter(self.trials.is_running, batch.specs))
            if 0 < 2 * len(live) <= active.lanes and len(live) < len(batch.specs):
                rest = batch._replace(specs=live, step=int(active.steps[device]))
                if waiting or rest.key(order) in queued:
                    out.append(device)
        return out

    def _smaller(self, active: ActiveBatches) -> ActiveBatches:
        """Move the last trials to fewer lanes, or a single one to all cores' threads, where that repays compiling."""
        smaller = self.layouts.smaller_active(active, active.remaining(self.trials.is_running))
        if smaller is None:
            return active
        ended = [spec for spec in active.specs() if not self.trials.is_running(spec)]
        live = {spec.id for spec in active.specs()} - {spec.id for spec in ended}
        smaller.queued = self._joined(active, live, smaller.lanes)
        self._finish(active, ended)
        self.queue.fill(smaller)
        return smaller
