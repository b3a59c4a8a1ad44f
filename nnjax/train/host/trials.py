"""The trials of a population, their records, and the store that keeps them; shared by the host loop's parts."""

from collections.abc import Iterable
from typing import NamedTuple

from nnjax.core.experiment import TrialSpec
from nnjax.train.layout.lane_batch import Group, LaneBatch
from nnjax.train.storage import retention
from nnjax.train.storage.records import ENDED, RUNNING, Record
from nnjax.train.storage.store import Store


class Trials(NamedTuple):
    """What is trained."""

    specs: list[TrialSpec]  # the trials, by id
    records: list[Record]  # of each; changed in place
    store: Store  # where records, weights and checkpoints are kept

    def is_running(self, spec: TrialSpec) -> bool:
        """Whether a trial has begun and not ended."""
        return self.records[spec.id].status == RUNNING

    def note_moves(self, group: Group, batches: Iterable[LaneBatch], layout: tuple[int, int] | None) -> None:
        """Note which trials go on in another program than that in which they began.

        Args:
          group, batches: of the trials.
          layout: lanes and devices of the program; None for another one certainly.
        """
        for batch in batches:
            for record in (self.records[spec.id] for spec in batch.specs):
                if record.moved is None and (record.lanes, record.devices) != layout:
                    record.moved = batch.step // group.steps_per_epoch

    def save(self) -> None:
        """Save the records, and only then remove weights that are not to be kept."""
        self.store.save_records(self.specs, self.records)
        if self.store.keep is not None:
            others = {spec.id for spec in self.specs if self.records[spec.id].status not in ENDED}
            self.store.keep_weights(self.retained() | others)  # such as are trained again

    def retained(self) -> set[int]:
        """List the trials that have ended and whose weights are kept."""
        return retention.best(self.specs, self.records, self.store.keep) | retention.parents(self.specs, self.records)
