"""A chunk: the trials that one program call advances (devices × lanes), all at the same step."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.config import Experiment, TrialSpec
from nnjax.models.census import census
from nnjax.train import checkpoints
from nnjax.train.batches import DeviceData, Shapes
from nnjax.train.plan import Plan, rung
from nnjax.train.programs import Program
from nnjax.train.records import DIVERGED, DONE, RUNNING, Record
from nnjax.types import TrialState


class Group(NamedTuple):
    """Trials with an equal static part and an equal number of epochs, their data and their plan."""

    key: Experiment
    epochs: int
    specs: list[TrialSpec]
    shapes: Shapes
    plan: Plan
    data: DeviceData

    def steps_per_epoch(self) -> int:
        """Count the batches of an epoch."""
        return -(-int(self.data.train.count) // self.key.batch_size)

    def flops(self, spec: TrialSpec) -> float:
        """Count the floating-point operations of one trial's training: three times those of its forward passes."""
        forward = census(spec.experiment, self.shapes.num_inputs, self.shapes.num_outputs).flops
        return 3.0 * forward * self.epochs * int(self.data.train.count)


def arrange(specs: Sequence[TrialSpec], plan: Plan, devices: int) -> tuple[list[TrialSpec], int]:
    """Lay the first of some trials out over devices × lanes.

    Args:
      specs: what waits, at least one.
      plan: settled, with lanes and order.
      devices: how many of the plan's devices to use.

    Returns:
      One trial for each row (a row that nothing waits for repeats a trial of its device and is ignored), and the lanes.
    """
    assert plan.lanes is not None
    devices //= plan.batch_devices
    lanes = rung(plan.lanes, -(-len(specs) // devices))
    if plan.order == "own":
        blocks = [list(specs[i : i + lanes]) for i in range(0, len(specs), lanes)]
    else:
        seeds = dict.fromkeys(spec.experiment.seed for spec in specs)
        same = [[spec for spec in specs if spec.experiment.seed == seed] for seed in seeds]
        blocks = [some[i : i + lanes] for some in same for i in range(0, len(some), lanes)]
    blocks = blocks[:devices]
    blocks += [blocks[-1]] * (devices - len(blocks))
    return [block[min(i, len(block) - 1)] for block in blocks for i in range(lanes)], lanes


class Chunk:
    """The trials under way.

    Args:
      program: compiled for this many rows.
      group: what they have in common.
      rows: one trial for each row; repeated ones are padding.
      lanes: rows on one device.
    """

    def __init__(self, program: Program, group: Group, rows: Sequence[TrialSpec], lanes: int):
        self.program, self.group, self.rows, self.lanes = program, group, list(rows), lanes
        self.row_of = {spec.id: row for row, spec in reversed(list(enumerate(rows)))}
        self.specs = [rows[row] for row in sorted(self.row_of.values())]
        self.dtype = np.dtype(program.trial.dtype)
        self.state: TrialState | None = None
        self.step = 0
        self.total_steps = group.epochs * group.steps_per_epoch()

    def hyper(self) -> dict[str, np.ndarray]:
        """Stack the traced hyperparameters: {name: [rows]}."""
        values = [spec.experiment.hyperparameters.present() for spec in self.rows]
        return {name: np.array([v[name] for v in values], self.dtype) for name in values[0]}

    def seeds(self) -> np.ndarray:
        """Stack the seeds, uint32 [rows]."""
        return np.array([spec.experiment.seed for spec in self.rows], np.uint32)

    def set_state(self, state: TrialState) -> None:
        """Put in a state; the rows' common step is read off it."""
        self.state, self.step = state, int(np.asarray(state.step)[0])

    def advance(self, data: DeviceData, num_steps: int, records: Sequence[Record]) -> None:
        """Run one segment and write its epochs into the trials' records."""
        before = self.step
        state, metrics = self.program.train_segment(
            data, self.hyper(), self.state, jnp.int32(num_steps), jnp.int32(self.total_steps)
        )
        self.set_state(state)
        per_epoch = self.group.steps_per_epoch()
        ended = self.step // per_epoch - before // per_epoch
        curves = {name: np.asarray(value)[:, :ended] for name, value in metrics.items()}
        bad = np.asarray(state.bad_step)
        for spec in self.specs:
            row = self.row_of[spec.id]
            self._record(records[spec.id], {n: c[row] for n, c in curves.items()}, int(bad[row]))

    def _record(self, record: Record, points: dict[str, np.ndarray], bad_step: int) -> None:
        if record.status == DIVERGED:
            return
        per_epoch = self.group.steps_per_epoch()
        for name, values in points.items():
            record.curves[name] = np.concatenate([record.curves.get(name, np.zeros(0)), values])
        record.epochs = self.step // per_epoch
        if bad_step:
            record.status = DIVERGED
            record.epochs = (bad_step - 1) // per_epoch
            record.curves = {name: curve[: record.epochs] for name, curve in record.curves.items()}
            record.values["diverged_at_step"] = float(bad_step)
        elif self.step >= self.total_steps:
            record.status = DONE

    def live(self, records: Sequence[Record]) -> list[TrialSpec]:
        """List the trials that have neither ended nor diverged."""
        return [spec for spec in self.specs if records[spec.id].status == RUNNING]

    def take_rows(self, other: Chunk) -> None:
        """Copy the states of this chunk's trials from a chunk that holds them."""
        index = np.array([other.row_of[spec.id] for spec in self.rows])
        self.set_state(self.program.place(jax.tree.map(lambda leaf: np.asarray(leaf)[index], other.state)))

    def to_checkpoint(self, records: Sequence[Record]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Name the arrays, and describe the rows, from which `from_checkpoint` goes on."""
        arrays = checkpoints.flatten(self.state, "state/")
        for spec in self.specs:
            curves = records[spec.id].curves
            arrays |= {f"curves/{spec.id}/{name}": curve for name, curve in curves.items()}
        kept = {str(spec.id): _note(records[spec.id]) for spec in self.specs}
        layout = {"rows": [spec.id for spec in self.rows], "lanes": self.lanes, "devices": self.program.mesh.size}
        return arrays, {**layout, "plan": dataclasses.asdict(self.group.plan), "trials": kept}

    def restore(self, arrays: dict[str, np.ndarray], note: dict[str, Any], records: Sequence[Record]) -> None:
        """Take the state and the records of a checkpoint."""
        blank = jax.eval_shape(self.program.init, self.hyper(), self.seeds())
        self.set_state(self.program.place(checkpoints.unflatten(blank, arrays, "state/")))
        for spec in self.specs:
            record, prefix = records[spec.id], f"curves/{spec.id}/"
            for name, value in note["trials"][str(spec.id)].items():
                setattr(record, name, value)
            record.curves = {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}


def _note(record: Record) -> dict[str, Any]:
    """What a checkpoint keeps of a record beside its curves."""
    return {name: getattr(record, name) for name in ("status", "epochs", "values", "seconds")}
