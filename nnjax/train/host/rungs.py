"""Pause trials at rungs and let them go on as the scheduler decides; their states wait in the store."""

from collections.abc import Collection, Sequence

import jax

from nnjax.core.experiment import TrialSpec
from nnjax.train import distributed
from nnjax.train.engine.state_shapes import blank_state
from nnjax.train.host import checkpoint
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.trials import Trials
from nnjax.train.layout.lane_batch import Group, LaneBatch
from nnjax.train.scheduler import Decide, Decision
from nnjax.train.storage.records import OVER, RUNNING, Record, drop


class Rungs:
    """Pauses trials at rungs and lets them go on.

    Args:
      trials: of the population.
      decide: the scheduler's.

    Attributes:
      decision: the last one.
      paused: trial that waits at a rung -> the store's name of its lane batch.
    """

    def __init__(self, trials: Trials, decide: Decide):
        self.trials, self._decide = trials, decide
        self.decision = Decision({})
        self.paused: dict[int, str] = {}

    def now(self) -> Decision:
        """Ask the scheduler."""
        return self._decide(self.trials.records)

    def update(self) -> None:
        """Ask the scheduler, and keep what it decides."""
        self.decision = self.now()
        if self.decision.schedules:
            self.trials.store.save_schedules(self.decision.schedules)

    def decide(self) -> bool:
        """Drop trials and let others go on; whether that changed how far trials may train."""
        before, records, checkpoints = self.decision.limits, self.trials.records, self.trials.store.checkpoints
        self.update()
        for trial, values in self.decision.values.items():
            records[trial].values |= {f"final_{name}": value for name, value in values.items()}
        for trial in self.decision.dropped:
            if records[trial].status not in OVER:
                drop(records[trial])
                self.paused.pop(trial, None)
        for name in set(checkpoints.list_paused()) - set(self.paused.values()):
            checkpoints.drop_paused(name)
        return self.decision.limits != before

    def end_step(self, group: Group, spec: TrialSpec) -> int:
        """Count the steps after which a trial ends, or waits."""
        return self.decision.limits[spec.id] * group.steps_per_epoch

    def continuing(self, group: Group) -> list[int]:
        """List the trials of a group that wait and may go on."""
        ids = (spec.id for spec in group.specs)
        return [i for i in ids if i in self.paused and self.trials.records[i].epochs < self.decision.limits[i]]

    def pause(self, active: ActiveBatches, devices: Collection[int]) -> set[int]:
        """Save what still runs of the lane batches on some devices, to wait; give the ids of these trials."""
        live = {s.id for device in devices for s in active.placed[device].specs if self.trials.is_running(s)}
        for batch in active.take(lambda spec: spec.id in live) if live else []:
            self.paused |= dict.fromkeys((spec.id for spec in batch.specs), self.save(batch))
        distributed.barrier()  # until it is written
        return live

    def save(self, batch: LaneBatch) -> str:
        """Write a lane batch; returns the store's name of it."""
        name = f"{batch.step:09d}_{batch.specs[0].id:05d}"
        self.trials.store.checkpoints.save_paused(name, *checkpoint.to_arrays([batch], self.trials.records))
        return name

    def resume(self, group: Group) -> list[LaneBatch]:
        """Load the trials of a group that wait and may go on, one a lane batch, each from its parent's state."""
        children: dict[int, list[TrialSpec]] = {}
        for trial in self.continuing(group):
            parent = self.decision.parents.get(trial, trial)
            children.setdefault(parent, []).append(self.decision.current(self.trials.specs[trial]))
        batches = self._load(group, children)
        distributed.barrier()  # until all have read them
        found = {spec.id for batch in batches for spec in batch.specs}
        continuing = {spec.id for specs in children.values() for spec in specs}
        for trial in continuing:
            del self.paused[trial]
        return [] if self.restart(continuing - found) else batches

    def _load(self, group: Group, children: dict[int, list[TrialSpec]]) -> list[LaneBatch]:
        """Load the states of parents, and give each to all of its children."""
        out, blank = [], blank_state(group.key, group.shapes)
        for name in sorted({self.paused[parent] for parent in children if parent in self.paused}):
            arrays, note = checkpoint.sound(self.trials.store.checkpoints.load_paused(name), len(self.trials.specs))
            for batch in checkpoint.from_arrays(arrays, note, blank, self.trials.specs):
                for row, parent in enumerate(batch.specs):
                    state = jax.tree.map(lambda leaf, row=row: leaf[row : row + 1], batch.state)
                    for spec in children.get(parent.id, []) if self.paused.get(parent.id) == name else []:
                        if batch.step // group.steps_per_epoch == self.trials.records[spec.id].epochs:
                            out.append(LaneBatch((spec,), self.end_step(group, spec), batch.step, state))
        return out

    def paused_batches(self, group: Group) -> list[LaneBatch]:
        """Load the trials of a group that wait, one a lane batch."""
        specs = {spec.id: self.decision.current(spec) for spec in group.specs if spec.id in self.paused}
        return self._load(group, {trial: [spec] for trial, spec in specs.items()})

    def find(self, elsewhere: Sequence[int]) -> None:
        """Find the running trials that an earlier session paused, each at its last rung, and that are not elsewhere."""
        records, checkpoints = self.trials.records, self.trials.store.checkpoints
        for name in checkpoints.list_paused():
            arrays, note = checkpoint.sound(checkpoints.load_paused(name), len(records))
            ids = {i for i in map(int, note["trials"]) if i not in elsewhere and records[i].status == RUNNING}
            checkpoint.restore_records(arrays, note, records, ids)
            self.paused |= dict.fromkeys(ids, name)
        distributed.barrier()  # until all have read them

    def restart(self, lost: Collection[int]) -> bool:
        """Let trials begin again whose states are lost; all do where some go on from others, and whether that is so."""
        everything = bool(lost) and bool(self.decision.parents)
        for trial in range(len(self.trials.records)) if everything else lost:
            self.trials.records[trial] = Record()
        if everything:
            self.paused = {}
            self.decide()
        return everything
