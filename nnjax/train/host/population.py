"""Training a population: a host loop that hands chunks of trials to compiled programs, segment by segment.

Segments are where the outside world comes in (progress, checkpoints, signals); they never decide a result. Results are
decided at epochs, by the numbers.
"""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.types import Prepared
from nnjax.train import distributed
from nnjax.train.engine.batches import DeviceData
from nnjax.train.engine.block import CAPACITY
from nnjax.train.engine.programs import Program, compile_together, make_mesh, make_program
from nnjax.train.engine.trial import Trial, blank_state
from nnjax.train.host.chunk import Chunk, crews_of, pack, restore
from nnjax.train.host.data_cache import Feed
from nnjax.train.host.final_evaluation import Finals
from nnjax.train.layout.costs import Costs
from nnjax.train.layout.groups import make_groups
from nnjax.train.layout.lane_batch import Crew, Group, divide, sizes_of
from nnjax.train.layout.plan import Plan, better_layout, choose_lanes, devices_for, from_json, usable
from nnjax.train.layout.planner import Planner, Watch, group_sizes
from nnjax.train.storage import npz, retention
from nnjax.train.storage.records import (
    ENDED,
    OVER,
    RUNNING,
    STOPPED,
    WAITING,
    WHOLE,
    MemoryStore,
    Packed,
    Record,
    Standing,
    drop,
)

SEGMENT_SECONDS = 1.0
SAVE_SHARE = 0.01  # of the time may go into checkpoints
NOTHING: Packed = ({}, {"trials": {}, "crews": []})  # of a checkpoint that is not there, or damaged


class Stopped(Exception):
    """The run was asked to end; the trials under way are checkpointed."""


class Progress(NamedTuple):
    """What a display needs after a segment.

    Attributes:
      specs, records: of all trials.
      running: ids of the trials under way.
      work_done: share of all arithmetic that is done, in [0, 1].
    """

    specs: Sequence[TrialSpec]
    records: Sequence[Record]
    running: Sequence[int]
    work_done: float


Observer = Callable[[Progress], None]


def read_npz(path: str) -> Mapping[str, np.ndarray]:
    """Read weights from a run's NPZ file.

    Raises:
      UserError: it is not there, or damaged.
    """
    return npz.read(pathlib.Path(path))[0]


class Population:
    """The trials of a run and everything needed to advance them.

    Args:
      specs: the trials, by id; a trial that starts from another comes after it.
      prepared: the data of each `DataConfig` that occurs.
      plan: what is asked of the layout.
      store: where weights, records and the chunk under way are kept.
      records: of an earlier, unfinished run of the same trials; None for a new run.
      observe: called after every segment.
      should_stop: asked between segments.
      stand: says by the records how far trials may train (see `Standing`); None lets all train to their ends.
      announce: is told of the plan of each group, and of another one.
      planned: called when a plan has changed.
      earlier: the groups' plans of an earlier session, as `describe` gives them.
      read_weights: reads the file of weights that an experiment starts from; by default a run's NPZ.
    """

    def __init__(
        self,
        specs: Sequence[TrialSpec],
        prepared: Mapping[DataConfig, Prepared],
        plan: Plan | None = None,
        store: MemoryStore | None = None,
        records: Sequence[Record] | None = None,
        observe: Callable[[Progress], None] = lambda progress: None,
        should_stop: Callable[[], bool] = lambda: False,
        stand: Callable[[Sequence[Record]], Standing] | None = None,
        announce: Callable[[str], None] = lambda text: None,
        planned: Callable[[], None] = lambda: None,
        earlier: Sequence[Mapping[str, Any]] = (),
        read_weights: Callable[[str], Mapping[str, np.ndarray]] = read_npz,
    ):
        self.specs, self.store = list(specs), store or MemoryStore()
        self.records = list(records) if records is not None else [Record() for _ in specs]
        self.observe, self.should_stop = observe, should_stop
        self.read_weights = read_weights
        ends = Standing({spec.id: spec.experiment.epochs for spec in specs})
        self.stand = stand or (lambda records: ends)
        self.standing = Standing({})
        self.parked: dict[int, str] = {}  # trials that wait at a rung, and the store's name of their crew
        self.groups = make_groups(specs, prepared, plan or Plan(), earlier)
        self.group_of = {spec.id: group for group in self.groups for spec in group.specs}
        self.announce, self.planned = announce, planned
        self.feed = Feed()
        self.planner = Planner(plan or Plan(), announce, self._program, self.feed.first)
        self.fresh: set[int] = set()  # trials that began here and have not waited since
        self.at_work: tuple[Group, int, int] | None = None  # the group, lanes and devices of the chunk under way
        self.programs: dict[Any, Program] = {}
        self.work = np.array([self.group_of[spec.id].flops(spec) for spec in self.specs])
        self.saved_at, self.save_seconds = time.monotonic(), 0.0
        self.costs = Costs()

    def run(self) -> list[Record]:
        """Train everything that is not finished yet and return all records.

        Raises:
          Stopped: `should_stop` said so; the state is saved.
          UserError: data that are read while training have changed; the state is saved.
        """
        try:
            return self._run()
        finally:
            self.feed.clear()

    def _run(self) -> list[Record]:
        resume, more = True, True
        while more:
            try:
                chunk = (self._resumed() if resume else None) or self._next_chunk()
                resume, more = False, chunk is not None
                if chunk is not None:
                    self._train(chunk)
            except jax.errors.JaxRuntimeError as error:
                self._make_smaller(error)
                resume = True  # from the last checkpoint: what was under way is lost with the device's memory
        self._save_records()
        return self.records

    def _make_smaller(self, error: jax.errors.JaxRuntimeError) -> None:
        """Give a group whose trials did not fit a device half the lanes, or where there is one lane half the devices.

        Raises:
          JaxRuntimeError: it was another error.
          UserError: one trial alone does not fit.
        """
        if "RESOURCE_EXHAUSTED" not in str(error) or self.at_work is None or distributed.several():
            raise error
        group, lanes, devices = self.at_work
        plan = dataclasses.replace(group.plan, lanes=max(1, lanes // 2))
        if lanes == 1:
            plan = dataclasses.replace(plan, devices=max(plan.batch_devices, devices // 2))
        if (plan.lanes, plan.devices) == (lanes, devices):
            raise UserError(
                "The device ran out of memory with a single trial: take smaller widths or batches, or a larger device."
            ) from error
        self.announce(
            f"warning: The memory of a device did not suffice for {lanes} lanes on {devices} devices; trying "
            f"{plan.lanes} on {plan.devices}. The trials under way go on from their last checkpoint."
        )
        self.feed.clear()
        self._change_plan(group, plan)

    def _change_plan(self, group: Group, plan: Plan) -> None:
        """Lay a group out differently from now on."""
        changed = group._replace(plan=plan)
        self.groups = [changed if other is group else other for other in self.groups]
        self.group_of |= {spec.id: changed for spec in group.specs}
        self.planned()

    def count_on(self, earlier: Population) -> None:
        """Count programs, compilations and steady time on from an earlier population, whose programs are taken over."""
        self.programs, self.costs = earlier.programs, earlier.costs

    def refuse_unknown_curve(self, name: str) -> None:
        """Refuse a curve's name that some trial will not have.

        Raises:
          UserError: it is such a one.
        """
        for group in self.groups:
            names = Trial(group.key, group.shapes).curve_names()
            if name not in names:
                raise UserError(f"Trials have no curve {name!r} to compare them by; name one of {', '.join(names)}.")

    def _next_chunk(self) -> Chunk | None:
        """Begin the first group that has a trial waiting, after a decision at the rungs if none has."""
        return self._first_chunk() or (self._first_chunk() if self._decide() else None)

    def _first_chunk(self) -> Chunk | None:
        return next((self._begin(g) for g in self.groups if self._waits(g) or self._going_on(g)), None)

    def _decide(self) -> bool:
        """Drop trials and let others go on, by the numbers; whether that changed anything."""
        before, standing = self.standing.limits, self.stand(self.records)
        self.standing = standing
        for trial, values in standing.values.items():
            self.records[trial].values |= {f"final_{name}": value for name, value in values.items()}
        for trial in standing.dropped:
            if self.records[trial].status not in OVER:
                drop(self.records[trial])
                self.parked.pop(trial, None)
        for name in set(self.store.list_paused()) - set(self.parked.values()):
            self.store.drop_paused(name)
        return standing.limits != before

    def _going_on(self, group: Group) -> list[int]:
        """List the trials of a group that have waited at a rung and may go on."""
        ids = (spec.id for spec in group.specs)
        return [i for i in ids if i in self.parked and self.records[i].epochs < self.standing.limits[i]]

    def _waiting(self, group: Group) -> list[TrialSpec]:
        """List the trials of a group that have not begun, those that start from a trial once that has ended."""
        return [s for s in group.specs if self.records[s.id].status == WAITING and self._ready(s)]

    def _waits(self, group: Group) -> bool:
        """Whether there is one."""
        return any(self.records[s.id].status == WAITING and self._ready(s) for s in group.specs)

    def _ready(self, spec: TrialSpec) -> bool:
        if not self.standing.limits[spec.id]:
            return False
        return spec.start_from is None or self.records[spec.start_from].status in ENDED

    def _begin(self, group: Group) -> Chunk:
        """Lay out the waiting trials of a group, and begin the first of them."""
        paused = self._unparked(group)
        chunk = self._laid_out(group, paused + self._fresh(group))
        chunk.paused = divide(paused, chunk.lanes, group.plan.order)
        self._fill(chunk)
        return chunk

    def _fresh(self, group: Group) -> list[Crew]:
        """Make a crew of each waiting trial."""
        per_epoch = group.steps_per_epoch()
        return [Crew((spec,), self.standing.limits[spec.id] * per_epoch) for spec in self._waiting(group)]

    def _until(self, group: Group, spec: TrialSpec) -> int:
        return self.standing.limits[spec.id] * group.steps_per_epoch()

    def _unparked(self, group: Group) -> list[Crew]:
        """Fetch the trials of a group that have waited at a rung and may go on, each from its parent's state."""
        heirs: dict[int, list[TrialSpec]] = {}
        for trial in self._going_on(group):
            heirs.setdefault(self.standing.parents.get(trial, trial), []).append(self.standing.now(self.specs[trial]))
        crews, blank = [], blank_state(group.key, group.shapes)
        for name in sorted({self.parked[parent] for parent in heirs if parent in self.parked}):
            arrays, note = self.store.load_paused(name) or NOTHING
            for crew in crews_of(arrays, note, blank, self.specs):
                for row, parent in enumerate(crew.specs):
                    state = jax.tree.map(lambda leaf, row=row: leaf[row : row + 1], crew.state)
                    for spec in heirs.get(parent.id, []) if self.parked.get(parent.id) == name else []:
                        if crew.step == self.records[spec.id].epochs * group.steps_per_epoch():
                            crews.append(Crew((spec,), self._until(group, spec), crew.step, state))
        distributed.wait()  # until all have read them
        found = {spec.id for crew in crews for spec in crew.specs}
        going = {spec.id for specs in heirs.values() for spec in specs}
        for trial in going:
            del self.parked[trial]
        return [] if self._forget(going - found) else crews

    def _forget(self, trials: Collection[int]) -> bool:
        """Let trials begin again whose states are lost; whether that was all, as where some go on from others."""
        everything = bool(trials) and bool(self.standing.parents)
        for trial in range(len(self.records)) if everything else trials:
            self.records[trial] = Record()
        if everything:
            self.parked = {}
            self._decide()
        return everything

    def _laid_out(self, group: Group, crews: Sequence[Crew]) -> Chunk:
        """Make an empty chunk that suits some crews, in a layout of before unless another one pays.

        Before: in which some of them began, or which all trials of the group together would begin in. So a session that
        goes on after a kill does not lay out what is left in another way than one that nothing happened to.
        """
        plan, sizes = group.plan, sizes_of(crews, group.plan.order)
        left = [self._flops_left(group, crew) for crew in crews for spec in crew.specs]
        begun = [self.records[spec.id] for crew in crews if crew.state is not None for spec in crew.specs]
        known = {
            (r.lanes, r.devices) for r in begun if r.lanes <= (plan.lanes or 1) and usable(r.devices, plan.devices or 1)
        }
        assert plan.devices is not None
        usual = choose_lanes(plan, group_sizes(group)[plan.order], self.standing.course), plan.devices
        lanes, devices = next(
            (layout for layout in [*sorted(known), usual] if better_layout(plan, *layout, sizes, left) is None),
            (choose_lanes(plan, sizes, WHOLE if begun else self.standing.course), devices_for(plan, left)),
        )
        self.at_work = group, lanes, devices
        return Chunk(self._program(group, lanes, devices), group, lanes)

    def _flops_left(self, group: Group, crew: Crew) -> float:
        """Count what is left to compute for each trial of a crew."""
        spec = crew.specs[0]
        return group.flops(spec) * (crew.until - crew.step) / group.total_steps(spec)

    def _fill(self, chunk: Chunk, first: int = 0) -> None:
        """Give each free device a crew.

        First come the `first` paused crews and those that fill their lanes well, then trials that have not begun, and
        last the small remains of paused crews, which others may still join.
        """
        order = chunk.group.plan.order
        waiting = divide(self._fresh(chunk.group), chunk.lanes, order)
        paused = chunk.paused[first:]
        well = [crew for crew in paused if 2 * len(crew.specs) > chunk.lanes]
        remains = [crew for crew in paused if 2 * len(crew.specs) <= chunk.lanes]
        queue = [*chunk.paused[:first], *well, *waiting, *remains]
        crews = dict(zip(chunk.free(), queue, strict=False))
        chunk.paused = [crew for crew in queue[len(crews) :] if crew.state is not None]
        for spec in (spec for crew in crews.values() if crew.state is None for spec in crew.specs):
            self.records[spec.id] = Record(RUNNING, lanes=chunk.lanes, devices=chunk.program.mesh.size)
            self.fresh.add(spec.id)
        self._note_moves(chunk.group, crews.values(), (chunk.lanes, chunk.program.mesh.size))
        if crews:
            chunk.place(crews, self._parent)

    def _note_moves(self, group: Group, crews: Iterable[Crew], layout: tuple[int, int] | None) -> None:
        """Note which trials another program takes over than the one in which they began."""
        for crew in crews:
            for record in (self.records[spec.id] for spec in crew.specs):
                if record.moved is None and (record.lanes, record.devices) != layout:
                    record.moved = crew.step // group.steps_per_epoch()

    def _parent(self, spec: TrialSpec) -> Mapping[str, np.ndarray] | None:
        """Read the weights that a trial starts from: another trial's, or those of a file."""
        if spec.start_from is not None:
            return self.store.load_weights(spec.start_from)
        path = spec.experiment.start_weights
        return None if path is None else self.read_weights(path)

    def _resumed(self) -> Chunk | None:
        """Go on with the chunk that an earlier process left, unless its trials have finished since.

        Trials that were under way but are neither in it nor wait at a rung begin again. Under another plan it is laid
        out anew.
        """
        arrays, note = self.store.load_chunk() or NOTHING
        known = [int(trial) for trial in note["trials"]]
        over = all(self.records[trial].status in OVER for trial in known)
        self._find_parked(() if over else known)
        lost = [i for i, r in enumerate(self.records) if r.status == RUNNING and i not in self.parked]
        lost = [i for i in lost if over or i not in known]
        self.standing = self.stand(self.records)
        if self._forget(lost) or over:
            self._decide()
            return None
        group = self.group_of[known[0]]
        restore(arrays, note, self.records, known)
        self._decide()
        crews = crews_of(arrays, note, blank_state(group.key, group.shapes), list(map(self.standing.now, self.specs)))
        if from_json(note["plan"]) == group.plan:
            self.at_work = group, note["lanes"], note["devices"]
            chunk = Chunk(self._program(group, note["lanes"], note["devices"]), group, note["lanes"])
            chunk.paused = crews
            self._fill(chunk, note["placed"])
        else:
            self._note_moves(group, crews, None)
            chunk = self._laid_out(group, crews)
            chunk.paused = divide(crews, chunk.lanes, group.plan.order)
            self._fill(chunk)
        return chunk

    def _find_parked(self, elsewhere: Sequence[int]) -> None:
        """Find the trials under way that wait at a rung, each at its last one, and are not elsewhere."""
        for name in self.store.list_paused():
            arrays, note = self.store.load_paused(name) or NOTHING
            ids = {i for i in map(int, note["trials"]) if i not in elsewhere and self.records[i].status == RUNNING}
            restore(arrays, note, self.records, ids)
            self.parked |= dict.fromkeys(ids, name)
        distributed.wait()  # until all have read them

    def _program(self, group: Group, lanes: int, devices: int) -> Program:
        """Build a program once for each static part, layout and lanes."""
        static = dataclasses.replace(group.key, data=DataConfig())  # folds of equal shapes share a program
        key = (static, group.shapes, group.plan.order, group.plan.batch_devices, lanes, devices)
        if key not in self.programs:
            mesh = make_mesh(devices, group.plan.batch_devices)
            program = make_program(static, group.shapes, lanes, group.plan.order == "shared", mesh)
            names = group.key.hyperparameters.present()
            compile_together(program, self.feed.shapes(group, program), blank_state(group.key, group.shapes), names)
            self.programs[key] = program
        return self.programs[key]

    def _next_data(self, chunk: Chunk) -> DeviceData:
        """Give what the next segment trains on; where that cannot be read, what was trained is saved."""
        try:
            return self.feed.next(chunk.group, chunk.program, chunk.steps.tolist(), chunk.crews)
        except (UserError, OSError):
            if not distributed.several():  # the others do not know of it
                self._save(chunk)
            raise

    def _train(self, chunk: Chunk) -> None:
        """Advance a group's trials to their ends, segment by segment.

        All devices take equally many steps in a segment, so what ends when, and what begins in its place, does not
        depend on how long segments are.
        """
        steps, most = 1, (CAPACITY - 1) * chunk.group.steps_per_epoch()
        while chunk.crews:
            until = chunk.until_mark()
            taken = min(steps, until, most, chunk.until_window())
            begin = time.monotonic()
            chunk.advance(self._next_data(chunk), taken, self.records, self.standing.spared)
            seconds = distributed.agree(time.monotonic() - begin)
            better = self._share(chunk, seconds, taken)
            if better is not None:
                self._begin_again(chunk, better)
                return
            at_mark, steps = taken == until, _next_steps(taken, seconds)
            self._report(chunk)
            if at_mark:
                chunk = self._renewed(chunk)
            if chunk.crews:
                self._save_now_and_then(chunk)
        self._save_records()
        self.store.drop_chunk()

    def _begin_again(self, chunk: Chunk, plan: Plan) -> None:
        """Take a moment's training back, so that all of it is done under a better plan."""
        for spec in (spec for crew in chunk.crews.values() for spec in crew.specs):
            self.records[spec.id] = Record()
        self._save_records()
        self.store.drop_chunk()
        self._change_plan(chunk.group, plan)

    def _share(self, chunk: Chunk, seconds: float, steps: int) -> Plan | None:
        """Charge a segment's time to its trials, and to the steady state unless its program was compiled in it.

        Returns:
          A better plan for the group, if one was found.
        """
        better, specs = None, [spec for crew in chunk.crews.values() for spec in crew.specs]
        for spec in specs:
            self.records[spec.id].seconds += seconds / len(specs)
        if self.costs.note(chunk.program, seconds, steps * len(specs)):
            segment = Watch(seconds, steps, int(max(chunk.steps)) % chunk.group.steps_per_epoch() < steps)
            alone = not chunk.group.plan.fixed and not chunk.paused  # what waits for a device would be lost
            fresh = alone and all(spec.id in self.fresh for spec in specs)
            layout = chunk.lanes, chunk.program.mesh.size
            better = self.planner.watch(chunk.group, *layout, segment, fresh, self.standing.course)
        return better

    def _renewed(self, chunk: Chunk) -> Chunk:
        """At a mark: finish crews that have ended, begin others in their place, and close ranks."""
        over = [d for d, c in chunk.crews.items() if not any(map(self._runs, c.specs))]
        at_rung = [d for d, c in chunk.crews.items() if d not in over and chunk.steps[d] >= c.until]
        self._park(chunk, at_rung)
        over += at_rung
        sparse = [device for device in self._sparse(chunk) if device not in over]
        if sparse:
            live = {s.id for device in sparse for s in chunk.crews[device].specs if self._runs(s)}
            crews = chunk.take(lambda spec: spec.id in live) + chunk.paused
            chunk.paused = divide(crews, chunk.lanes, chunk.group.plan.order)
            over += sparse
        if over:
            ended = [s for device in over for s in chunk.crews[device].specs if self.records[s.id].status in ENDED]
            self._finish(chunk, ended)
            for device in over:
                del chunk.crews[device]
            self._fill(chunk)
        if chunk.crews and not chunk.paused and not self._waits(chunk.group):
            chunk = self._smaller(chunk)
        return chunk

    def _park(self, chunk: Chunk, devices: Sequence[int]) -> None:
        """Let the crews of some devices wait at their rung: what goes on of them lies in the store."""
        live = {spec.id for device in devices for spec in chunk.crews[device].specs if self._runs(spec)}
        for crew in chunk.take(lambda spec: spec.id in live) if live else []:
            name = f"{crew.step:09d}_{crew.specs[0].id:05d}"
            self.store.save_paused(name, *pack([crew], self.records))
            self.parked |= dict.fromkeys((spec.id for spec in crew.specs), name)
        distributed.wait()  # until it is written
        self.fresh -= live

    def _sparse(self, chunk: Chunk) -> list[int]:
        """List the devices where half the lanes or more have become idle, while other trials could use them."""
        order, waits = chunk.group.plan.order, self._waits(chunk.group)
        paused = {crew.key(order) for crew in chunk.paused}
        out = []
        for device, crew in chunk.crews.items():
            live = tuple(filter(self._runs, crew.specs))
            if 0 < 2 * len(live) <= chunk.lanes and len(live) < len(crew.specs):
                rest = crew._replace(specs=live, step=int(chunk.steps[device]))
                if waits or rest.key(order) in paused:
                    out.append(device)
        return out

    def _runs(self, spec: TrialSpec) -> bool:
        return self.records[spec.id].status == RUNNING

    def _smaller(self, chunk: Chunk) -> Chunk:
        """Move the last trials to fewer lanes, or a single one to all cores' threads, where that repays compiling."""
        group, plan = chunk.group, chunk.group.plan
        live = [
            crew._replace(specs=tuple(filter(self._runs, crew.specs)), step=int(chunk.steps[d]))
            for d, crew in chunk.crews.items()
        ]
        left = [self._flops_left(group, crew) for crew in live for spec in crew.specs]
        layout = better_layout(plan, chunk.lanes, chunk.program.mesh.size, sizes_of(live, plan.order), left)
        if layout is None:
            return chunk
        lanes, devices = layout
        smaller = Chunk(self._program(group, lanes, devices), group, lanes)
        smaller.paused = divide(chunk.take(self._runs) + chunk.paused, lanes, plan.order)
        self._finish(chunk, [s for crew in chunk.crews.values() for s in crew.specs if not self._runs(s)])
        self._fill(smaller)
        return smaller

    def _save_now_and_then(self, chunk: Chunk) -> None:
        """Checkpoint when asked to stop, or when enough time has passed for its cost not to matter."""
        stop = distributed.anywhere(self.should_stop())
        due = time.monotonic() - self.saved_at > max(1.0, self.save_seconds / SAVE_SHARE)
        if stop or distributed.agree(due):
            self._save(chunk)
        if stop:
            raise Stopped

    def _save(self, chunk: Chunk) -> None:
        begin = time.monotonic()
        self.store.save_chunk(*chunk.to_checkpoint(self.records))
        self._save_records()
        self.saved_at = time.monotonic()
        self.save_seconds = self.saved_at - begin

    def _save_records(self) -> None:
        """Write down what is known, and only then let go of weights that are not to be kept."""
        self.store.save_records(self.specs, self.records)
        if self.store.keep is not None:
            others = {spec.id for spec in self.specs if self.records[spec.id].status not in ENDED}
            self.store.keep_weights(self._kept() | others)  # such as are trained again

    def _kept(self) -> set[int]:
        return retention.best(self.specs, self.records, self.store.keep) | retention.parents(self.specs, self.records)

    def _finish(self, chunk: Chunk, specs: Sequence[TrialSpec]) -> None:
        """Evaluate ended trials at their final and best weights, and keep those weights."""
        if not specs or chunk.state is None:
            return
        row_of = chunk.row_of()
        stopped = [row_of[spec.id] for spec in specs if self.records[spec.id].status == STOPPED]
        finals = Finals(chunk.program, self.feed.data(chunk.group, chunk.program), chunk.state, stopped)
        for spec in specs:
            self.records[spec.id].values |= finals.values(row_of[spec.id], self.records[spec.id].curves)
        kept = self._kept() if self.store.keep is not None else None
        for spec in (spec for spec in specs if kept is None or spec.id in kept):
            if chunk.is_here(row_of[spec.id]) or not self.store.shared:
                self.store.save_weights(spec.id, finals.weights(row_of[spec.id]))
        distributed.wait()  # until the other processes have written theirs

    def describe(self) -> dict[str, Any]:
        """Describe the plan of every group, what was compiled and what each trial cost, for the run folder."""
        plans = [
            {"trials": [spec.id for spec in group.specs], **dataclasses.asdict(group.plan)} for group in self.groups
        ]
        return {
            "plan": plans,
            "trial_seconds": [round(record.seconds, 4) for record in self.records],
            "trial_lanes": [record.lanes for record in self.records],
            "trial_devices": [record.devices for record in self.records],
            "trial_moved": [record.moved for record in self.records],
            **self.costs.describe(len(self.programs), self.planner.total()),
        }

    def cost(self) -> str:
        """Say in a sentence what was compiled, and what a step cost after that; "" where nothing was trained."""
        return self.costs.sentence(len(self.programs), self.planner.total())

    def _report(self, chunk: Chunk) -> None:
        shares = np.array([float(record.status in OVER) for record in self.records])
        for trial in self.parked:
            shares[trial] = self.records[trial].epochs / self.specs[trial].experiment.epochs
        steps = [(int(chunk.steps[device]), crew) for device, crew in chunk.crews.items()]
        for step, crew in steps + [(crew.step, crew) for crew in chunk.paused]:
            for spec in crew.specs:
                shares[spec.id] = max(shares[spec.id], step / chunk.group.total_steps(spec))
        done = float(np.sum(self.work * shares) / max(float(self.work.sum()), 1.0))
        running = [spec.id for spec in chunk.live(self.records)] or list(chunk.row_of())
        self.observe(Progress(self.specs, self.records, running, done))


def _next_steps(steps: int, seconds: float) -> int:
    """Aim the next segment at SEGMENT_SECONDS, growing at most eightfold at a time."""
    return max(1, min(8 * steps, int(steps * SEGMENT_SECONDS / max(seconds, 1e-4))))
