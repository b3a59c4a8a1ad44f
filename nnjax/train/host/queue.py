"""Choose which lane batches the free devices take next."""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Sequence

import jax

from nnjax.core.experiment import TrialSpec
from nnjax.core.jax_setup import num_cores
from nnjax.core.types import Arrays
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.layouts import Layouts
from nnjax.train.host.rungs import Rungs
from nnjax.train.host.trials import Trials
from nnjax.train.layout.lane_batch import Group, LaneBatch, pack
from nnjax.train.storage.records import ENDED, RUNNING, WAITING, Record

AT_ONCE = 4  # programs that are compiled together at most, each in some 300 MB of memory


class Queue:
    """Begins active batches, and fills their free devices.

    Args:
      trials, rungs, layouts: of the population.
      read_weights: reads the file of weights that an experiment starts from.

    Attributes:
      fresh: ids of trials that began in this session and have not been paused since.
    """

    def __init__(
        self,
        trials: Trials,
        rungs: Rungs,
        layouts: Layouts,
        read_weights: Callable[[str], Arrays],
    ):
        self.trials, self.rungs, self.layouts, self.read_weights = trials, rungs, layouts, read_weights
        self.fresh: set[int] = set()

    def next_active(self) -> ActiveBatches | None:
        """Begin the first group that has a trial to train, after a decision at the rungs if none has."""
        return self._first_active() or (self._first_active() if self.rungs.decide() else None)

    def _first_active(self) -> ActiveBatches | None:
        groups = list(itertools.islice(filter(self.can_train, self.layouts.groups), AT_ONCE))
        if not groups:
            return None
        self.compile([(group, 0) for group in groups])
        return self.begin(groups[0])

    def compile(self, groups: Iterable[tuple[Group, int]]) -> None:
        """Compile the programs of groups that begin next, each from a first device on, side by side."""
        at_once = itertools.islice(groups, min(AT_ONCE, num_cores()))
        fresh = [(group, first) for group, first in at_once if not self.rungs.continuing(group)]
        if len(fresh) > 1 and not self.layouts.is_compiled(fresh[0][0]):
            layouts = [(group, *self._layout(group, [], self._waiting(group)), first) for group, first in fresh]
            with contextlib.suppress(jax.errors.JaxRuntimeError):  # it comes again where the program is used
                self.layouts.compile(layouts)

    def can_train(self, group: Group) -> bool:
        """Whether a trial of a group may begin, or go on from a rung."""
        return self.has_waiting(group) or bool(self.rungs.continuing(group))

    def has_waiting(self, group: Group) -> bool:
        """Whether a trial of a group may begin."""
        return any(map(self._may_begin, group.specs))

    def _may_begin(self, spec: TrialSpec) -> bool:
        """Whether a trial has not begun and may; one that starts from another's weights may once that has ended."""
        records = self.trials.records
        if records[spec.id].status != WAITING or not self.rungs.decision.limits[spec.id]:
            return False
        return spec.start_from is None or records[spec.start_from].status in ENDED

    def _waiting(self, group: Group) -> list[LaneBatch]:
        """Make a lane batch of each trial of a group that may begin."""
        return [LaneBatch((s,), self.rungs.end_step(group, s)) for s in group.specs if self._may_begin(s)]

    def begin(self, group: Group, first: int = 0) -> ActiveBatches:
        """Lay out the trials of a group that may train, from a first device on, and begin the first of them."""
        return self.lay_out(group, *self._batches(group), first)

    def _batches(self, group: Group) -> tuple[list[LaneBatch], list[LaneBatch]]:
        """Return the trials of a group that may go on, and those that may begin."""
        return self.rungs.resume(group), self._waiting(group)

    def _layout(self, group: Group, begun: Sequence[LaneBatch], waiting: Sequence[LaneBatch]) -> tuple[int, int]:
        records, survival = self.trials.records, self.rungs.decision.survival
        return self.layouts.layout_of(group, [*begun, *waiting], records, survival)

    def lay_out(
        self, group: Group, begun: Sequence[LaneBatch], waiting: Sequence[LaneBatch] = (), first: int = 0
    ) -> ActiveBatches:
        """Make active batches in a layout that suits lane batches that have begun and such as wait, and fill it."""
        active = self.layouts.active(group, *self._layout(group, begun, waiting), first)
        active.queued = pack(begun, active.lanes, group.plan.order)
        self.fill(active)
        return active

    def fill(self, active: ActiveBatches, first: int = 0) -> None:
        """Return each free device a lane batch.

        First come the `first` queued ones and those that fill their lanes well, then trials that have not begun, and
        last the small remains of queued ones, which others may still join.
        """
        waiting = pack(self._waiting(active.group), active.lanes, active.group.plan.order)
        queued = active.queued[first:]
        well = [batch for batch in queued if 2 * len(batch.specs) > active.lanes]
        remains = [batch for batch in queued if 2 * len(batch.specs) <= active.lanes]
        queue = [*active.queued[:first], *well, *waiting, *remains]
        batches = dict(zip(active.idle_devices(), queue, strict=False))
        active.queued = [batch for batch in queue[len(batches) :] if batch.state is not None]
        for spec in (spec for batch in batches.values() if batch.state is None for spec in batch.specs):
            self.trials.records[spec.id] = Record(RUNNING, lanes=active.lanes, devices=active.program.mesh.size)
            self.fresh.add(spec.id)
        self.trials.note_moves(active.group, batches.values(), (active.lanes, active.program.mesh.size))
        if batches:
            active.place(batches, self._start_weights)

    def _start_weights(self, spec: TrialSpec) -> Arrays | None:
        """Read the weights that a trial starts from: another trial's, or those of a file."""
        if spec.start_from is not None:
            return self.trials.store.load_weights(spec.start_from)
        path = spec.experiment.start_weights
        return None if path is None else self.read_weights(path)
