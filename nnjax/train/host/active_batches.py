"""Advance the trials under way: one lane batch on each device, all by calls of one program."""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, cast

import jax
import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.core.types import Arrays, TrialState
from nnjax.models.model import Variables
from nnjax.train.distributed import fetch
from nnjax.train.engine.device_data import DeviceData
from nnjax.train.engine.programs import Program, place_numbers
from nnjax.train.host.curves import extend_record
from nnjax.train.layout.lane_batch import Group, LaneBatch, next_compaction
from nnjax.train.storage.named_arrays import FINAL, flatten_variables, unflatten_variables
from nnjax.train.storage.records import Record

Outcome = tuple[Any, Any, Mapping[str, Any]]  # of a segment, by row: steps taken, the first bad one, curves


class ActiveBatches:
    """The trials that one program call advances; devices may be at different steps.

    Args:
      program: compiled for devices × lanes rows.
      group: what the trials have in common.
      lanes: rows on one device.

    Attributes:
      placed: lane batches by device (by row of devices that share batches); a device without one takes no steps.
      steps, totals: [devices] int32; those that each device's lane batch has taken, and takes in all.
      queued: lane batches that have begun and wait for a device.
      state: of all rows; on the devices.
    """

    def __init__(self, program: Program, group: Group, lanes: int):
        self.program, self.group, self.lanes = program, group, lanes
        self.dtype = np.dtype(program.trial.dtype)
        self.placed: dict[int, LaneBatch] = {}
        self.steps, self.totals = np.zeros((2, program.size // lanes), np.int32)
        self.queued: list[LaneBatch] = []
        self.state: TrialState | None = None

    def idle_devices(self) -> list[int]:
        """List the devices without a lane batch."""
        return [device for device in range(len(self.steps)) if device not in self.placed]

    def specs(self) -> list[TrialSpec]:
        """List the trials on devices."""
        return [spec for _, batch in sorted(self.placed.items()) for spec in batch.specs]

    def rows(self) -> list[TrialSpec]:
        """Return one trial for each row of the program; rows that no trial needs repeat one, and are ignored."""
        spare = self.group.specs[0]
        out = []
        for device in range(len(self.steps)):
            specs = self.placed[device].specs if device in self.placed else (spare,)
            out += [specs[min(lane, len(specs) - 1)] for lane in range(self.lanes)]
        return out

    def row_of(self) -> dict[int, int]:
        """Return the row of each trial, by its id."""
        return {s.id: d * self.lanes + lane for d, batch in self.placed.items() for lane, s in enumerate(batch.specs)}

    def is_here(self, row: int) -> bool:
        """Whether a row is on this process's devices; rows that several share are the first one's."""
        return bool(self.program.mesh.devices[row // self.lanes].flat[0].process_index == jax.process_index())

    def place(self, batches: Mapping[int, LaneBatch], start_weights: Callable[[TrialSpec], Arrays | None]) -> None:
        """Put lane batches on devices: with fresh weights, given ones, or the state in which they were taken off.

        Args:
          batches: by device.
          start_weights: gives the arrays that a trial starts from; None where it draws its own.

        Raises:
          UserError: weights belong to another architecture.
        """
        self.placed |= batches
        rows = self.rows()
        self.hyper = place_numbers(self.program, self.group.traced(rows, self.dtype))
        seeds = np.array([spec.experiment.seed for spec in rows], np.uint32)
        state = self.program.init(self.hyper, seeds)
        lanes_of = {d * self.lanes + lane: (batch, lane) for d, batch in batches.items() for lane in range(self.lanes)}
        given = {row: self._given(rows[row], start_weights) for row in lanes_of}
        variables = self._with_start_weights(Variables(state.params, state.model_state), rows, given)
        if variables is not None:
            state = self.program.start(self.hyper, seeds, variables)
        if any(batch.state is not None for batch in batches.values()):
            state = self.program.place(_with_states(state, lanes_of))
        self.state = state if self.state is None else self._merged(state, set(batches))
        for device, batch in batches.items():
            self.steps[device], self.totals[device] = batch.step, self.group.total_steps(batch.specs[0])
            self.placed[device] = batch._replace(state=None)

    def _given(self, spec: TrialSpec, start_weights: Callable[[TrialSpec], Arrays | None]) -> Arrays | None:
        """Name the arrays that a trial starts from, also those of a model drawn on the host; None where it draws."""
        arrays, draw = start_weights(spec), self.program.trial.model.draw
        return flatten_variables(draw(spec.experiment.seed), FINAL) if arrays is None and draw else arrays

    def _with_start_weights(
        self, variables: Variables, rows: Sequence[TrialSpec], given: Mapping[int, Arrays | None]
    ) -> Variables | None:
        """Put given final weights over the rows that start from them; None where no row does."""
        if all(arrays is None for arrays in given.values()):
            return None
        variables = fetch(variables)
        for row, arrays in given.items():
            if arrays is not None:
                blank = jax.tree.map(lambda leaf, row=row: leaf[row], variables)
                own = unflatten_variables(self.group.own(rows[row], blank), arrays, FINAL)
                _write_row(variables, row, self.group.enveloped(rows[row], own, blank))
        return variables

    def _merged(self, fresh: TrialState, devices: set[int]) -> TrialState:
        """Take some devices' shards of a fresh state and the others' of the present one."""

        def merge(new: jax.Array, old: jax.Array) -> jax.Array:
            both = zip(new.addressable_shards, old.addressable_shards, strict=True)
            shards = [(a if self._device(a) in devices else b).data for a, b in both]
            return jax.make_array_from_single_device_arrays(old.shape, old.sharding, shards)

        return cast(TrialState, jax.tree.map(merge, fresh, self.state))

    def _device(self, shard: Any) -> int:
        return (shard.index[0].start or 0) // self.lanes

    def take(self, keep: Callable[[TrialSpec], bool] = lambda spec: True) -> list[LaneBatch]:
        """Return the lane batches of the trials to keep that are on devices; states as NumPy arrays."""
        host, row_of, out = fetch(self.state), self.row_of(), []
        for batch in self.remaining(keep):
            index = np.array([row_of[spec.id] for spec in batch.specs])
            out.append(batch._replace(state=jax.tree.map(lambda leaf, index=index: leaf[index], host)))
        return out

    def remaining(self, keep: Callable[[TrialSpec], bool]) -> list[LaneBatch]:
        """Return the lane batches of the trials to keep that are on devices, without their states."""
        rest = (
            batch._replace(specs=tuple(filter(keep, batch.specs)), step=int(self.steps[device]))
            for device, batch in sorted(self.placed.items())
        )
        return [batch for batch in rest if batch.specs]

    def steps_to_compaction(self) -> int:
        """Count the steps until any lane batch ends, waits at a rung or may be compacted."""
        per_epoch = self.group.steps_per_epoch
        ends = {d: next_compaction(int(self.steps[d]), int(self.totals[d]), per_epoch) for d in self.placed}
        return min(min(end, self.placed[d].until) - int(self.steps[d]) for d, end in ends.items())

    def steps_to_window_end(self) -> int:
        """Count the steps to the end of any lane batch's window, or where there are none, of training."""
        stream = self.group.stream
        left = self.totals - self.steps
        return min(int(left[d]) if stream is None else stream.left(int(self.steps[d])) for d in self.placed)

    def dispatch(self, data: DeviceData, num_steps: int) -> Outcome:
        """Let the devices run one segment; give what `note` takes, which is there when they have ended."""
        num = np.where(np.isin(np.arange(len(self.steps)), list(self.placed)), num_steps, 0).astype(np.int32)
        self.state, metrics = self.program.train_segment(data, self.hyper, self.state, num, self.totals)
        return self.state.step, self.state.bad_step, metrics

    def note(self, outcome: Outcome, records: Sequence[Record], replaceable: Container[int] = ()) -> None:
        """Write a segment's epochs, of `dispatch`, into the records; divergence does not end replaceable trials."""
        before, per_epoch = self.steps, self.group.steps_per_epoch
        steps, bad, curves = fetch(outcome)
        self.steps = np.asarray(steps)[:: self.lanes]
        for device, batch in self.placed.items():
            ended = self.steps[device] // per_epoch - before[device] // per_epoch
            for lane, spec in enumerate(batch.specs):
                row = device * self.lanes + lane
                points = {name: curve[row, :ended] for name, curve in curves.items()}
                bad_step = 0 if spec.id in replaceable else int(bad[row])
                extend_record(records[spec.id], points, int(self.steps[device]), spec, self.group, bad_step)


def _with_states(state: TrialState, lanes_of: Mapping[int, tuple[LaneBatch, int]]) -> TrialState:
    """Put the states of lane batches that have begun over the rows where they go on."""
    host = fetch(state)
    for row, (batch, lane) in lanes_of.items():
        if batch.state is not None:
            own = min(lane, len(batch.specs) - 1)
            _write_row(host, row, jax.tree.map(lambda leaf, own=own: leaf[own], batch.state))
    return host


def _write_row(rows: Any, row: int, values: Any) -> None:
    """Write one trial's leaves [...] into a tree of NumPy arrays [rows, ...]."""
    for old, new in zip(jax.tree.leaves(rows), jax.tree.leaves(values), strict=True):
        old[row] = new
