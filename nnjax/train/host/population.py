"""Train a population: a host loop that advances lane batches of trials by compiled programs, segment by segment.

Segments are where the outside world comes in (progress, checkpoints, signals); they never decide a result. Results are
decided at epochs, by the numbers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.types import Arrays, Prepared
from nnjax.models.envelope import Envelope
from nnjax.train import distributed
from nnjax.train.engine.block import CAPACITY
from nnjax.train.engine.device_data import DeviceData
from nnjax.train.engine.trial import Trial
from nnjax.train.host import interrupts, parallel_groups, progress
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.compaction import Compaction
from nnjax.train.host.final_evaluation import evaluate_chosen
from nnjax.train.host.interim_scores import score_interim
from nnjax.train.host.layouts import Layouts
from nnjax.train.host.parallel_groups import Segment, start, wait
from nnjax.train.host.progress import Observer
from nnjax.train.host.queue import Queue
from nnjax.train.host.recovery import Recovery
from nnjax.train.host.rungs import Rungs
from nnjax.train.host.time_left import TimeLeft
from nnjax.train.host.trials import Trials
from nnjax.train.layout.groups import make_groups
from nnjax.train.layout.plan import Plan
from nnjax.train.layout.planner import merger
from nnjax.train.scheduler import Decide, train_all
from nnjax.train.storage import npz
from nnjax.train.storage.records import ENDED, OVER, Record, layouts_of
from nnjax.train.storage.store import MemoryStore, Store

SEGMENT_SECONDS = 1.0


class Stopped(Exception):
    """The run was asked to end; the trials under way are checkpointed."""


class TimeOver(Stopped):
    """The seconds of a run are over; the trials under way are checkpointed, and scored as far as they have come."""


class Population:
    """The trials of a run and everything needed to advance them.

    Args:
      specs: the trials, by id; a trial that starts from another comes after it.
      prepared: the data of each `DataConfig` that occurs.
      plan: what is asked of the layout.
      store: where weights, records and the active lane batches are kept.
      records: of an earlier, unfinished run of the same trials; None for a new run.
      observe: called after every segment.
      should_stop: asked between segments.
      decide: a scheduler's; None lets all train to their ends.
      log: called with sentences: the plan of each group, and of another one.
      planned: called when a plan has changed.
      earlier: the groups' plans of an earlier session, as `describe` gives them.
      read_weights: reads the file of weights that an experiment starts from; by default a run's NPZ.
      deadline: of `time.monotonic()`, at which to end; None for none.
      envelopes: those of a search of which these trials are a part.

    Attributes:
      specs, records, store: the trials, what is known of them (changed in place), and what keeps their weights.
    """

    def __init__(
        self,
        specs: Sequence[TrialSpec],
        prepared: Mapping[DataConfig, Prepared],
        plan: Plan | None = None,
        store: Store | None = None,
        records: Sequence[Record] | None = None,
        observe: Observer = progress.silent,
        should_stop: Callable[[], bool] = lambda: False,
        decide: Decide | None = None,
        log: Callable[[str], None] = lambda text: None,
        planned: Callable[[], None] = lambda: None,
        earlier: Sequence[Mapping[str, Any]] = (),
        read_weights: Callable[[str], Arrays] = npz.read_arrays,
        deadline: float | None = None,
        envelopes: Sequence[Envelope] = (),
    ):
        known = list(records) if records is not None else [Record() for _ in specs]
        trials = Trials(list(specs), known, store or MemoryStore())
        self.specs, self.records, self.store = trials
        self._trials, self._observe, self._should_stop, self._log = trials, observe, should_stop, log
        self._deadline = math.inf if deadline is None else deadline
        self._interrupted: Callable[[], bool] = lambda: False
        self._ending: Stopped | None = None  # why the run ends before its trials
        asked = plan or Plan()
        groups = make_groups(specs, prepared, asked, earlier, envelopes, log)
        for merged in (group for group in groups if group.price is not None and not earlier):
            log(merger(merged))
        self.layouts = Layouts(groups, asked, log, planned)
        self.rungs = Rungs(trials, decide or train_all(specs))
        self.queue = Queue(trials, self.rungs, self.layouts, read_weights)
        self.recovery, self._compaction = Recovery(trials, self.rungs, self.queue), Compaction(self.queue)
        self._work = np.array([self.layouts.group_of[spec.id].flops(spec) for spec in specs])
        alone = decide is None and not distributed.is_distributed()
        self._devices = parallel_groups.num_devices(specs, asked) if alone else 1
        self._beside: list[ActiveBatches] = []  # those that train side by side

    def run(self) -> list[Record]:
        """Train everything that is not finished yet and return all records.

        Raises:
          TimeOver: the deadline has passed; the state is saved, and trials that have begun are scored.
          Stopped: `should_stop` said so, or Ctrl-C came; the state is saved.
          UserError: data that are read while training have changed; the state is saved.
        """
        self._ending = None
        self._time_left, begin = TimeLeft(self.layouts, self._work), time.monotonic()
        with interrupts.noted() as self._interrupted:
            try:
                records = self._run()
            finally:
                self.layouts.data.clear()
                self.layouts.costs.total_seconds += time.monotonic() - begin
            if self._interrupted():
                raise self._stopped()
            return records

    def _run(self) -> list[Record]:
        """Train what is left: from the last checkpoint, then whatever the queue gives."""
        resume, more = True, True
        while more:
            try:
                active = self.recovery.resume() if resume else None
                resume = False
                if active is None:
                    self._train_side_by_side()
                active = active or self.queue.next_active()
                more = active is not None
                if active is not None:
                    self._train(active)
            except jax.errors.JaxRuntimeError as error:
                self.layouts.shrink(error)
                resume = True  # from the last checkpoint: what was under way is lost with the device's memory
        self._trials.save()
        if all(record.status in OVER for record in self.records):
            self.store.checkpoints.clear()
            if self.store.keep is None:  # those of trials that were scored under way, and dropped later
                self.store.keep_weights({i for i, record in enumerate(self.records) if record.status in ENDED})
        return self.records

    def evaluate_chosen(self) -> None:
        """Evaluate the test part for the chosen settings, once all trials have ended (`Experiment.evaluate_test`)."""
        if all(record.status in OVER for record in self.records):
            try:
                evaluate_chosen(self._trials, self.layouts, self.rungs.now().current)
            finally:
                self.layouts.data.clear()

    def take_over(self, earlier: Population) -> None:
        """Take over the programs of an earlier population, and count compilations and steady time on from it."""
        self.layouts.programs, self.layouts.costs = earlier.layouts.programs, earlier.layouts.costs

    def refuse_unknown_curve(self, name: str) -> None:
        """Refuse a curve's name that some trial will not have."""
        for group in self.layouts.groups:
            names = Trial(group.key, group.shapes).curve_names()
            if name not in names:
                raise UserError(f"Trials have no curve {name!r} to compare them by; name one of {', '.join(names)}.")

    def _train(self, active: ActiveBatches) -> None:
        """Advance a group's trials to their ends, segment by segment.

        All devices take equally many steps in a segment, so what ends when, and what begins in its place, does not
        depend on how long segments are.
        """
        steps = 1
        while active.placed and steps:
            active, steps = self._end(wait(self._begin(active, steps)))
        if self._ending:
            raise self._ending
        self.recovery.close()

    def _train_side_by_side(self) -> None:
        """Train the groups of one trial that may train, each on a device of its own, while there are several."""
        single = [group for group in self.layouts.groups if len(group.specs) == 1 and group.stream is None]
        waiting = [group for group in single if self.queue.can_train(group)]
        if min(self._devices, len(waiting)) < 2:
            return
        self.layouts.data.beside = True
        try:
            train, compiled = parallel_groups.train, self.queue.compile
            train(waiting, self._devices, compiled, self.queue.begin, self._begin, self._end, self._beside)
            if self._ending:
                raise self._ending
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            self._log("warning: Memory did not suffice for networks side by side: they train one after another.")
            self._devices = 1
            self.recovery.resume()  # from the last checkpoints
        finally:
            self.layouts.data.clear()
            self.layouts.data.beside = False
            self._beside.clear()

    def _begin(self, active: ActiveBatches, steps: int) -> Segment:
        """Let active batches take at most so many steps."""
        until, most = active.steps_to_compaction(), (CAPACITY - 1) * active.group.steps_per_epoch
        taken = min(steps, until, most, active.steps_to_window_end())
        return start(active, taken, taken == until, self._next_data(active))

    def _end(self, segment: Segment) -> tuple[ActiveBatches, int]:
        """Note what a segment brought; give what trains on, its active batches or others, and for how many steps.

        With no trials in it, it has ended; with 0 steps the run ends, and it is saved.
        """
        active, steps = segment.active, segment.steps
        active.note(segment.outcome, self.records, self.rungs.decision.replaceable)
        seconds = distributed.from_main_process(segment.end - segment.begin)
        actives = self._beside or [active]
        self._observe(progress.measure(self._trials, actives, self.rungs, self._work, self._time_left))
        better = self._charge(active, seconds, steps)
        if better is not None:
            self._begin_again(active, better)
            return active, 1
        if segment.to_compaction:
            specs, active = active.specs(), self._compaction.renew(active)
            if self._beside and not active.placed:
                self._trials.save()
                self.recovery.close_beside(specs[0])
        self._ending = (self._save_if_due(active) if active.placed else None) or self._ending
        return active, 0 if self._ending else _next_steps(steps, seconds)

    def _next_data(self, active: ActiveBatches) -> DeviceData:
        """Return what the next segment trains on; where that cannot be read, what was trained is saved."""
        try:
            return self.layouts.data.with_next_window(
                active.group, active.program, active.steps.tolist(), active.placed
            )
        except (UserError, OSError):
            if not distributed.is_distributed():  # the others do not know of it
                self.recovery.save(active)
            raise

    def _charge(self, active: ActiveBatches, seconds: float, steps: int) -> Plan | None:
        """Charge a segment's time to its trials; give a better plan for their group, if one was found."""
        specs, beside = active.specs(), max(1, len(self._beside))
        for spec in specs:
            self.records[spec.id].seconds += seconds / len(specs) / beside
        fresh = all(spec.id in self.queue.fresh for spec in specs)
        return self.layouts.note_segment(active, seconds, steps, fresh, self.rungs.decision.survival, beside)

    def _begin_again(self, active: ActiveBatches, plan: Plan) -> None:
        """Take a moment's training back, so that all of it is done under a better plan."""
        for spec in active.specs():
            self.records[spec.id] = Record()
        active.placed.clear()
        self.recovery.close()
        self.layouts.change_plan(active.group, plan)

    def _save_if_due(self, active: ActiveBatches) -> Stopped | None:
        """Write a checkpoint when it is time to stop, which is returned, or when enough time has passed since one."""
        stop = distributed.in_any_process(self._should_stop() or self._interrupted())
        timed = math.isfinite(self._deadline)  # in all processes, or in none
        over = timed and distributed.in_any_process(time.monotonic() > self._deadline)
        if stop or over or distributed.from_main_process(self.recovery.is_due(active)):
            (self.recovery.save_beside if self._beside else self.recovery.save)(active)
        if over and not stop:
            score_interim(self._trials, active, self.rungs, self.layouts)
        return self._stopped() if stop else TimeOver() if over else None

    def _stopped(self) -> Stopped:
        kept = "The run folder has a checkpoint: the same call goes on from there."
        return Stopped(kept if self.store.shared else "Nothing is kept, because there is no workdir.")

    def describe(self) -> dict[str, Any]:
        """Describe the plan of every group, what was compiled and what each trial cost, for the run folder."""
        return {**self.layouts.describe(), **layouts_of(self.records)}

    def cost(self) -> str:
        """Describe in a sentence what was compiled, and what a step cost after that; "" where nothing was trained."""
        return self.layouts.cost()


def _next_steps(steps: int, seconds: float) -> int:
    """Aim the next segment at SEGMENT_SECONDS, growing at most eightfold at a time."""
    return max(1, min(8 * steps, int(steps * SEGMENT_SECONDS / max(seconds, 1e-4))))
