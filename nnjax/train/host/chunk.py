"""A chunk: the trials that one program call advances, a crew on each device; devices may be at different steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.core.types import LAYER_STATISTICS, Params, TrialState
from nnjax.train.distributed import fetch
from nnjax.train.engine.batches import DeviceData
from nnjax.train.engine.programs import Program
from nnjax.train.layout.lane_batch import Crew, Group, next_mark
from nnjax.train.storage import checkpoints
from nnjax.train.storage.records import DIVERGED, DONE, RUNNING, STOPPED, Packed, Record, stop_epoch

Arrays = Mapping[str, np.ndarray]
_NOTED = ("status", "epochs", "values", "seconds", "lanes", "devices", "moved")  # of a record, in a checkpoint


class Chunk:
    """The trials under way.

    Args:
      program: compiled for devices × lanes rows.
      group: what the trials have in common.
      lanes: rows on one device.

    Attributes:
      crews: by device (by row of devices that share batches); a device without one takes no steps.
      steps: [devices] int32; those that each device's crew has taken.
      paused: crews that have begun and wait for a device.
      state: of all rows; on the devices.
    """

    def __init__(self, program: Program, group: Group, lanes: int):
        self.program, self.group, self.lanes = program, group, lanes
        self.dtype = np.dtype(program.trial.dtype)
        self.crews: dict[int, Crew] = {}
        self.steps = np.zeros(program.size // lanes, np.int32)
        self.paused: list[Crew] = []
        self.state: TrialState | None = None

    def free(self) -> list[int]:
        """List the devices without a crew."""
        return [device for device in range(len(self.steps)) if device not in self.crews]

    def rows(self) -> list[TrialSpec]:
        """One trial for each row of the program; rows that no trial needs repeat one, and are ignored."""
        spare = self.group.specs[0]
        out = []
        for device in range(len(self.steps)):
            specs = self.crews[device].specs if device in self.crews else (spare,)
            out += [specs[min(lane, len(specs) - 1)] for lane in range(self.lanes)]
        return out

    def place(self, crews: Mapping[int, Crew], parent: Callable[[TrialSpec], Arrays | None]) -> None:
        """Put crews on devices: with fresh weights, those of their parents, or the state in which they were paused.

        Args:
          crews: by device.
          parent: gives the arrays of the trial that a trial starts from.

        Raises:
          UserError: a parent's weights belong to another architecture.
        """
        self.crews |= crews
        rows = self.rows()
        self.hyper = self._hyper(rows)
        seeds = np.array([spec.experiment.seed for spec in rows], np.uint32)
        state = self.program.init(self.hyper, seeds)
        places = {
            device * self.lanes + lane: (crew, lane) for device, crew in crews.items() for lane in range(self.lanes)
        }
        params = _with_parents(state.params, {row: parent(rows[row]) for row in places})
        if params is not None:
            state = self.program.start(self.hyper, seeds, params)
        if any(crew.state is not None for crew in crews.values()):
            state = self.program.place(_with_paused(state, places))
        self.state = state if self.state is None else self._merged(state, set(crews))
        for device, crew in crews.items():
            self.steps[device] = crew.step
            self.crews[device] = crew._replace(state=None)

    def _hyper(self, rows: Sequence[TrialSpec]) -> dict[str, np.ndarray]:
        """Stack the traced hyperparameters: {name: [rows]}."""
        values = [spec.experiment.hyperparameters.present() for spec in rows]
        return {name: np.array([v[name] for v in values], self.dtype) for name in values[0]}

    def _merged(self, fresh: TrialState, devices: set[int]) -> TrialState:
        """Take some devices' shards of a fresh state and the others' of the present one."""

        def merge(new: jax.Array, old: jax.Array) -> jax.Array:
            both = zip(new.addressable_shards, old.addressable_shards, strict=True)
            shards = [(a if self._device(a) in devices else b).data for a, b in both]
            return jax.make_array_from_single_device_arrays(old.shape, old.sharding, shards)

        return jax.tree.map(merge, fresh, self.state)

    def _device(self, shard: Any) -> int:
        return (shard.index[0].start or 0) // self.lanes

    def totals(self) -> np.ndarray:
        """How many steps each device's crew takes in all, int32 [devices]; 0 where there is none."""
        totals = np.zeros_like(self.steps)
        for device, crew in self.crews.items():
            totals[device] = self.group.total_steps(crew.specs[0])
        return totals

    def until_mark(self) -> int:
        """Count the steps to the next mark of any crew, where trials may leave and others begin."""
        per_epoch, totals = self.group.steps_per_epoch(), self.totals()
        marks = {d: next_mark(int(self.steps[d]), int(totals[d]), per_epoch) for d in self.crews}
        return min(min(mark, self.crews[d].until) - int(self.steps[d]) for d, mark in marks.items())

    def until_window(self) -> int:
        """Count the steps to the end of any crew's window, or where there are none, of training."""
        stream, totals = self.group.stream, self.totals()
        left = (
            int(totals[d] - self.steps[d]) if stream is None else stream.left(int(self.steps[d])) for d in self.crews
        )
        return min(left)

    def advance(self, data: DeviceData, num_steps: int, records: Sequence[Record], spared: Container[int] = ()) -> None:
        """Run one segment and write its epochs into the trials' records; trials that are spared do not diverge."""
        before, per_epoch = self.steps.copy(), self.group.steps_per_epoch()
        num = np.where(np.isin(np.arange(len(before)), list(self.crews)), num_steps, 0).astype(np.int32)
        self.state, metrics = self.program.train_segment(data, self.hyper, self.state, num, self.totals())
        steps, bad, curves = fetch((self.state.step, self.state.bad_step, metrics))
        self.steps = steps[:: self.lanes]
        for device, crew in self.crews.items():
            ended = self.steps[device] // per_epoch - before[device] // per_epoch
            for lane, spec in enumerate(crew.specs):
                row = device * self.lanes + lane
                points = {name: curve[row, :ended] for name, curve in curves.items()}
                bad_step = 0 if spec.id in spared else int(bad[row])
                self._record(records[spec.id], points, int(self.steps[device]), spec, bad_step)

    def _record(self, record: Record, points: Arrays, step: int, spec: TrialSpec, bad_step: int) -> None:
        if record.status != RUNNING:
            return
        per_epoch = self.group.steps_per_epoch()
        before = record.epochs
        for name, values in points.items():
            own = record.signals if name in LAYER_STATISTICS else record.curves
            own[name] = _grown(own.get(name, values[:0]), before, values)
        record.epochs = (bad_step - 1 if bad_step else step) // per_epoch
        watched = record.curves[self.program.trial.watched()][: record.epochs]
        stop = stop_epoch(watched, spec.experiment.hyperparameters.patience)
        if stop is not None and stop < spec.experiment.epochs:
            record.status, record.epochs = STOPPED, stop
        elif bad_step:
            record.status = DIVERGED
            record.values["diverged_at_step"] = float(bad_step)
        elif step >= self.group.total_steps(spec):
            record.status = DONE
        record.curves = {name: curve[: record.epochs] for name, curve in record.curves.items()}
        record.signals = {name: values[: record.epochs] for name, values in record.signals.items()}

    def live(self, records: Sequence[Record]) -> list[TrialSpec]:
        """List the trials that have neither ended nor diverged."""
        return [s for _, crew in sorted(self.crews.items()) for s in crew.specs if records[s.id].status == RUNNING]

    def row_of(self) -> dict[int, int]:
        """The row of each trial, by its id."""
        return {s.id: d * self.lanes + lane for d, crew in self.crews.items() for lane, s in enumerate(crew.specs)}

    def is_here(self, row: int) -> bool:
        """Whether a row is on this process's devices; rows that several share are the first one's."""
        return self.program.mesh.devices[row // self.lanes].flat[0].process_index == jax.process_index()

    def take(self, keep: Callable[[TrialSpec], bool] = lambda spec: True) -> list[Crew]:
        """Give the crews of the trials to keep that are on devices; states as NumPy arrays."""
        host, row_of, crews = fetch(self.state), self.row_of(), []
        for device, crew in sorted(self.crews.items()):
            specs = tuple(filter(keep, crew.specs))
            if specs:
                index = np.array([row_of[spec.id] for spec in specs])
                own = jax.tree.map(lambda leaf, index=index: leaf[index], host)
                crews.append(crew._replace(specs=specs, step=int(self.steps[device]), state=own))
        return crews

    def to_checkpoint(self, records: Sequence[Record]) -> Packed:
        """Name the arrays and describe the crews from which `crews_of` goes on."""
        crews = self.take() + self.paused  # with those that have diverged, whose weights are still to be written
        arrays, note = pack(crews, records)
        layout = {"lanes": self.lanes, "devices": self.program.mesh.size, "plan": dataclasses.asdict(self.group.plan)}
        return arrays, note | {"placed": len(self.crews)} | layout


def pack(crews: Sequence[Crew], records: Sequence[Record]) -> Packed:
    """Name the arrays of crews that have begun, and describe them and their trials, for `crews_of` and `restore`."""
    states = jax.tree.map(lambda *leaves: np.concatenate(leaves), *(crew.state for crew in crews))
    arrays, trials = checkpoints.flatten(states, "state/"), {}
    for spec in (spec for crew in crews for spec in crew.specs):
        record = records[spec.id]
        arrays |= {f"curves/{spec.id}/{name}": curve for name, curve in record.curves.items()}
        arrays |= {f"signals/{spec.id}/{name}": values for name, values in record.signals.items()}
        trials[str(spec.id)] = {name: getattr(record, name) for name in _NOTED}
    described = [{"trials": [s.id for s in crew.specs], "step": crew.step, "until": crew.until} for crew in crews]
    return arrays, {"crews": described, "trials": trials}


def restore(arrays: Arrays, note: Mapping[str, Any], records: Sequence[Record], trials: Collection[int]) -> None:
    """Fill in the records of some trials, as they were when `pack` gave the arrays and the note."""
    for trial in trials:
        record = records[trial]
        for name, value in note["trials"][str(trial)].items():
            setattr(record, name, value)
        record.curves = _below(arrays, f"curves/{trial}/")
        record.signals = _below(arrays, f"signals/{trial}/")


def _below(arrays: Arrays, prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _grown(known: np.ndarray, epochs: int, values: np.ndarray) -> np.ndarray:
    """Append the values of further epochs to those of `epochs` epochs, NaN where none were known."""
    gap = np.full((epochs - len(known), *known.shape[1:]), np.nan)
    return np.concatenate([known, gap, values])


def crews_of(arrays: Arrays, note: Mapping[str, Any], blank: TrialState, specs: Sequence[TrialSpec]) -> list[Crew]:
    """Read crews back with their states.

    Args:
      arrays, note: from `pack`.
      blank: one trial's state, or its shapes.
      specs: of all trials.

    Raises:
      UserError: the arrays are those of other trials.
    """
    crews, begin = [], 0
    for crew in note["crews"]:
        size = len(crew["trials"])
        own = {name: a[begin : begin + size] for name, a in arrays.items() if name.startswith("state/")}
        rows = jax.tree.map(lambda leaf, size=size: jax.ShapeDtypeStruct((size, *leaf.shape), leaf.dtype), blank)
        state = checkpoints.unflatten(rows, own, "state/")
        crews.append(Crew(tuple(specs[i] for i in crew["trials"]), crew["until"], crew["step"], state))
        begin += size
    return crews


def _with_parents(params: Params, parents: Mapping[int, Arrays | None]) -> Params | None:
    """Put parents' final weights over the rows of their children; None where no row has a parent."""
    if all(arrays is None for arrays in parents.values()):
        return None
    params = fetch(params)
    for row, arrays in parents.items():
        if arrays is not None:
            own = jax.tree.map(lambda leaf, row=row: leaf[row], params)
            for old, new in zip(
                jax.tree.leaves(params),
                jax.tree.leaves(checkpoints.unflatten(own, arrays, checkpoints.FINAL)),
                strict=True,
            ):
                old[row] = new
    return params


def _with_paused(state: TrialState, places: Mapping[int, tuple[Crew, int]]) -> TrialState:
    """Put the states of crews that were paused over the rows where they go on."""
    host = fetch(state)
    for row, (crew, lane) in places.items():
        if crew.state is not None:
            own = min(lane, len(crew.specs) - 1)
            for old, new in zip(jax.tree.leaves(host), jax.tree.leaves(crew.state), strict=True):
                old[row] = new[own]
    return host
