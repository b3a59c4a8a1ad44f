"""Training a population: a host loop that hands chunks of trials to compiled programs, segment by segment.

Segments are where the outside world comes in (progress, checkpoints, signals); they never decide a result. Results are
decided at epochs, by the numbers.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from nnjax.config import DataConfig, Experiment, TrialSpec, program_key
from nnjax.train import checkpoints
from nnjax.train.batches import DeviceData, make_device_data, make_shapes
from nnjax.train.chunk import Chunk, Group, arrange
from nnjax.train.plan import Plan, devices_for, settle
from nnjax.train.programs import Program, make_mesh, make_program, place_data
from nnjax.train.records import DIVERGED, DONE, RUNNING, WAITING, MemoryStore, Record
from nnjax.types import Params, Prepared

SEGMENT_SECONDS = 1.0
COMPACTIONS = 8  # lanes are freed at this many fixed epochs of a chunk's life at most
SAVE_SHARE = 0.01  # of the time may go into checkpoints


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


def make_groups(specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared], plan: Plan) -> list[Group]:
    """Sort trials into groups, in the order in which they first appear."""
    members: dict[tuple[Experiment, int], list[TrialSpec]] = {}
    for spec in specs:
        members.setdefault((program_key(spec.experiment), spec.experiment.epochs), []).append(spec)
    groups = []
    for (key, epochs), some in members.items():
        shapes = make_shapes(key, prepared[key.data])
        data = make_device_data(key, prepared[key.data])
        groups.append(Group(key, epochs, some, shapes, settle(plan, some, shapes), data))
    return groups


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
    ):
        self.specs, self.store = list(specs), store or MemoryStore()
        self.records = list(records) if records is not None else [Record() for _ in specs]
        self.observe, self.should_stop = observe, should_stop
        self.groups = make_groups(specs, prepared, plan or Plan())
        self.group_of = {spec.id: group for group in self.groups for spec in group.specs}
        self.programs: dict[Any, Program] = {}
        self.placed: tuple[Any, DeviceData | None] = (None, None)
        self.work = np.array([self.group_of[spec.id].flops(spec) for spec in self.specs])
        self.saved_at, self.save_seconds = time.monotonic(), 0.0

    def run(self) -> list[Record]:
        """Train everything that is not finished yet and return all records.

        Raises:
          Stopped: `should_stop` said so; the state is saved.
        """
        chunk = self._resumed() or self._next_chunk()
        while chunk is not None:
            self._train(chunk)
            chunk = self._next_chunk()
        self.store.save_records(self.specs, self.records)
        return self.records

    def _next_chunk(self) -> Chunk | None:
        """Take waiting trials of the first group that has any whose start is known."""
        for group in self.groups:
            waiting = [s for s in group.specs if self.records[s.id].status in (WAITING, RUNNING) and self._ready(s)]
            if waiting:
                return self._begin(group, waiting)
        return None

    def _ready(self, spec: TrialSpec) -> bool:
        return spec.start_from is None or self.records[spec.start_from].status in (DONE, DIVERGED)

    def _begin(self, group: Group, waiting: Sequence[TrialSpec]) -> Chunk:
        """Draw or load the initial states of the next chunk of a group."""
        devices = devices_for(group.plan, waiting, group.flops(waiting[0]))
        rows, lanes = arrange(waiting, group.plan, devices)
        chunk = Chunk(self._program(group, lanes, devices), group, rows, lanes)
        for spec in chunk.specs:
            self.records[spec.id] = Record(status=RUNNING)
        state = chunk.program.init(chunk.hyper(), chunk.seeds())
        if any(row.start_from is not None for row in rows):
            params = self._with_parents(rows, jax.tree.map(np.array, state.params))
            state = chunk.program.start(chunk.hyper(), chunk.seeds(), params)
        chunk.set_state(state)
        return chunk

    def _with_parents(self, rows: Sequence[TrialSpec], params: Params) -> Params:
        """Put the final weights of the trials that some rows start from over those rows' fresh ones.

        Raises:
          UserError: those weights belong to another architecture.
        """
        for row, spec in enumerate(rows):
            if spec.start_from is not None:
                arrays = self.store.load_weights(spec.start_from)
                fresh = jax.tree.map(lambda leaf, row=row: leaf[row], params)
                for old, new in zip(
                    jax.tree.leaves(params),
                    jax.tree.leaves(checkpoints.unflatten(fresh, arrays, "final/")),
                    strict=True,
                ):
                    old[row] = new
        return params

    def _resumed(self) -> Chunk | None:
        """Go on with the chunk that an earlier process left, unless its trials have finished since.

        Under another plan its trials are laid out anew; those that do not fit begin again.
        """
        saved = self.store.load_chunk()
        if saved is None:
            return None
        arrays, note = saved
        rows, lanes, devices = [self.specs[i] for i in note["rows"]], note["lanes"], note["devices"]
        group = self.group_of[rows[0].id]
        if all(self.records[spec.id].status in (DONE, DIVERGED) for spec in rows):
            return None
        if note["plan"] != dataclasses.asdict(group.plan):
            for spec in rows:
                self.records[spec.id] = Record()
            rows = list(dict.fromkeys(rows))
            devices = devices_for(group.plan, rows, group.flops(rows[0]))
            rows, lanes = arrange(rows, group.plan, devices)
            index = [note["rows"].index(spec.id) for spec in rows]
            arrays = {name: array[index] if name.startswith("state/") else array for name, array in arrays.items()}
        chunk = Chunk(self._program(group, lanes, devices), group, rows, lanes)
        chunk.restore(arrays, note, self.records)
        return chunk

    def _program(self, group: Group, lanes: int, devices: int) -> Program:
        """Build a program once for each static part, layout and lanes."""
        key = (group.key, group.shapes, group.plan, lanes, devices)
        if key not in self.programs:
            mesh = make_mesh(devices, group.plan.batch_devices)
            self.programs[key] = make_program(group.key, group.shapes, lanes, group.plan.order == "shared", mesh)
        return self.programs[key]

    def _data(self, chunk: Chunk) -> DeviceData:
        """Put a chunk's data on its devices; the last used stays there."""
        mesh = chunk.program.mesh
        if self.placed[0] != (id(chunk.group.data), mesh) or self.placed[1] is None:
            self.placed = ((id(chunk.group.data), mesh), place_data(chunk.group.data, mesh))
        assert self.placed[1] is not None
        return self.placed[1]

    def _train(self, chunk: Chunk) -> None:
        """Advance a chunk to its end, segment by segment, and record its trials."""
        data, steps = self._data(chunk), 1
        mark = self._next_mark(chunk)
        while chunk.live(self.records):
            begin = time.monotonic()
            chunk.advance(data, min(steps, mark - chunk.step), self.records)
            seconds = time.monotonic() - begin
            for spec in chunk.specs:
                self.records[spec.id].seconds += seconds / len(chunk.specs)
            steps = _next_steps(steps, seconds)
            self._report(chunk)
            if not chunk.live(self.records):
                break
            if chunk.step == mark:
                chunk, mark = self._compacted(chunk), self._next_mark(chunk)
            self._save_now_and_then(chunk)
        self._finish(chunk, chunk.specs)
        self.store.save_records(self.specs, self.records)
        self.store.drop_chunk()

    def _next_mark(self, chunk: Chunk) -> int:
        """The next step at which lanes may be freed: fixed epochs, whatever the segments were."""
        every = max(1, chunk.group.epochs // COMPACTIONS) * chunk.group.steps_per_epoch()
        return min((chunk.step // every + 1) * every, chunk.total_steps)

    def _compacted(self, chunk: Chunk) -> Chunk:
        """Move the surviving trials to fewer lanes where a smaller rung holds them."""
        live = chunk.live(self.records)
        devices = chunk.program.mesh.size
        rows, lanes = arrange(live, chunk.group.plan, devices)
        if lanes >= chunk.lanes or len({spec.id for spec in rows}) < len(live):
            return chunk
        smaller = Chunk(self._program(chunk.group, lanes, devices), chunk.group, rows, lanes)
        smaller.take_rows(chunk)
        self._finish(chunk, [spec for spec in chunk.specs if spec not in live])
        self.store.save_records(self.specs, self.records)
        self._save(smaller)
        return smaller

    def _save_now_and_then(self, chunk: Chunk) -> None:
        """Checkpoint when asked to stop, or when enough time has passed for its cost not to matter."""
        if self.should_stop():
            self._save(chunk)
            self.store.save_records(self.specs, self.records)
            raise Stopped
        if time.monotonic() - self.saved_at > max(1.0, self.save_seconds / SAVE_SHARE):
            self._save(chunk)
            self.store.save_records(self.specs, self.records)

    def _save(self, chunk: Chunk) -> None:
        begin = time.monotonic()
        self.store.save_chunk(*chunk.to_checkpoint(self.records))
        self.saved_at = time.monotonic()
        self.save_seconds = self.saved_at - begin

    def _finish(self, chunk: Chunk, specs: Sequence[TrialSpec]) -> None:
        """Evaluate ended trials at their final and best weights, and keep those weights."""
        state = chunk.state
        assert state is not None
        diverged = np.asarray(state.bad_step) > 0
        final = jax.tree.map(lambda a, b: np.where(_like(diverged, a), b, a), state.params, state.best_params)
        best = jax.tree.map(np.asarray, state.best_params)
        data = self._data(chunk)
        values = {name: np.asarray(v) for name, v in _final_values(chunk.program, data, final, best).items()}
        best_epoch = np.asarray(state.best_epoch)
        for spec in specs:
            row, record = chunk.row_of[spec.id], self.records[spec.id]
            last = {name: float(curve[-1]) for name, curve in record.curves.items() if len(curve)}
            own = {name: float(v[row]) for name, v in values.items()}
            record.values |= {"train_loss": last.get("train_loss", float("nan"))} | own
            record.values["best_epoch"] = float(best_epoch[row])
            arrays = checkpoints.flatten(jax.tree.map(lambda a, row=row: a[row], {"final": final, "best": best}))
            self.store.save_weights(spec.id, arrays)

    def describe(self) -> dict[str, Any]:
        """Describe the plan of every group and what each trial cost, for the run folder."""
        plans = [
            {"trials": [spec.id for spec in group.specs], **dataclasses.asdict(group.plan)} for group in self.groups
        ]
        seconds = [round(record.seconds, 4) for record in self.records]
        return {"plan": plans, "trial_seconds": seconds, "programs": len(self.programs)}

    def _report(self, chunk: Chunk) -> None:
        share = chunk.step / max(chunk.total_steps, 1)
        ended = np.array([record.status in (DONE, DIVERGED) for record in self.records])
        under_way = np.zeros(len(self.records))
        under_way[[spec.id for spec in chunk.specs]] = share
        done = float(np.sum(self.work * np.maximum(ended, under_way)) / max(float(self.work.sum()), 1.0))
        running = [spec.id for spec in chunk.live(self.records)] or [spec.id for spec in chunk.specs]
        self.observe(Progress(self.specs, self.records, running, done))


def _final_values(program: Program, data: DeviceData, final: Params, best: Params) -> dict[str, Any]:
    """Evaluate all parts at the final weights, and validation and test at the best ones."""
    values: dict[str, Any] = {}
    parts = {"train_{}_eval": data.train_eval, "val_{}": data.validation, "test_{}": data.test}
    for pattern, part in parts.items():
        if part.index.shape[0]:
            values |= {pattern.format(name): v for name, v in program.evaluate(data, part, final).items()}
            if not pattern.startswith("train"):
                found = program.evaluate(data, part, best)
                values |= {f"best_{pattern.format(name)}": v for name, v in found.items()}
    return values


def _like(mask: np.ndarray, leaf: Any) -> np.ndarray:
    """Shape a mask [m] so that it selects rows of leaf [m, ...]."""
    return mask.reshape(mask.shape + (1,) * (leaf.ndim - 1))


def _next_steps(steps: int, seconds: float) -> int:
    """Aim the next segment at SEGMENT_SECONDS, growing at most eightfold at a time."""
    return max(1, min(8 * steps, int(steps * SEGMENT_SECONDS / max(seconds, 1e-4))))
