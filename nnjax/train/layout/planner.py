"""Finds out what a group's training will take, and whether another layout would take less.

The first segments of a group are the measurement, so short runs pay nothing for it. Where what is left is long, the
layouts one change away are tried for a moment each, and the best one is taken. What was measured is kept beside the
compiled programs, by machine and program, so that the next run knows it from the start.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from nnjax.core.experiment import DataConfig
from nnjax.core.files import write_atomically
from nnjax.core.machine import processor
from nnjax.train.distributed import several
from nnjax.train.engine.batches import DeviceData
from nnjax.train.engine.programs import Program
from nnjax.train.layout.footprint import device_bytes
from nnjax.train.layout.lane_batch import Crew, Group, sizes_of
from nnjax.train.layout.memory import free_bytes, most_lanes, size_text
from nnjax.train.layout.plan import Plan, alternatives, answers, stages, turns
from nnjax.train.storage.records import WHOLE

WATCHED = 0.3  # seconds of a group's segments, compiling aside, from which the rest is predicted
WORTH = 30.0  # seconds of training that repay trying other layouts
BRIEF = 0.2  # seconds that a try of a compiled program lasts
GAIN = 0.9  # another layout is taken where it needs less than this share of the time
FILE = "nnjax_steps.json"  # in the folder of compiled programs

Course = Sequence[tuple[float, int]]  # as for `choose_lanes`
Table = dict[tuple[int, int, str], float]  # (devices, lanes, order) -> seconds of a step


class Measured:
    """What steps cost on this machine, by program and layout; kept in the folder of compiled programs, if any.

    Several processes, which must all plan alike, know nothing of earlier runs.
    """

    def __init__(self) -> None:
        folder = jax.config.values["jax_compilation_cache_dir"]
        self.path = None if folder is None or several() else pathlib.Path(folder) / FILE

    def table(self, group: Group) -> Table:
        """Give what is known of a group's program: seconds of a step by (devices, lanes, order)."""
        rows = self._read().get(_name(group), [])
        return {(int(devices), int(lanes), str(order)): float(seconds) for devices, lanes, order, seconds in rows}

    def add(self, group: Group, table: Table) -> None:
        """Keep more of it; where the folder cannot be written, nothing is kept."""
        known = self._read()
        known[_name(group)] = [[*layout, seconds] for layout, seconds in sorted({**self.table(group), **table}.items())]
        if self.path is not None:
            try:
                write_atomically(self.path, json.dumps(known) + "\n")
            except OSError:
                self.path = None

    def _read(self) -> dict[str, list[list]]:
        try:
            return {} if self.path is None else dict(json.loads(self.path.read_text()))
        except (OSError, ValueError, TypeError):
            return {}


def _name(group: Group) -> str:
    """Identify a program and the machine that it runs on."""
    static = dataclasses.replace(group.key, data=DataConfig())
    devices = [device.device_kind for device in jax.devices()]
    text = repr((static, group.shapes, group.plan.batch_devices, devices, processor(), jax.__version__))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def recalled(asked: Plan, plan: Plan, sizes: Mapping[str, Sequence[int]], table: Table) -> Plan:
    """Choose the best layout that is known, if the usual one is known too, among those that were left open.

    Args:
      asked, plan: before and after `settle`.
      sizes: by order, as for `choose_lanes`.
      table: of the program.
    """
    found = [one for one in (plan_of(plan, layout, table) for layout in table) if answers(one, asked)]
    usual = [one for one in found if (one.devices, one.lanes, one.order) == (plan.devices, plan.lanes, plan.order)]
    if not usual:
        return plan
    best = min(found, key=lambda one: seconds_of(one, sizes[one.order]))
    pays = seconds_of(best, sizes[best.order]) < GAIN * seconds_of(usual[0], sizes[plan.order])
    return best if pays else usual[0]


def plan_of(plan: Plan, layout: tuple[int, int, str], table: Table) -> Plan:
    """Give the plan with a layout of a table, and with what the table has of its devices and order."""
    devices, lanes, order = layout
    own = sorted((n, seconds) for (d, n, o), seconds in table.items() if (d, o) == (devices, order))
    return dataclasses.replace(plan, devices=devices, lanes=lanes, order=order, measured=tuple(own))


def seconds_of(plan: Plan, sizes: Sequence[int]) -> float:
    """Predict the seconds of one step of all trials under a measured plan."""
    assert plan.lanes is not None
    seconds = plan.seconds(plan.lanes)
    assert seconds is not None
    return turns(plan, sizes, plan.lanes) * seconds


class Watch(NamedTuple):
    """Segments that compiled nothing: their seconds and steps, and whether an epoch ended in them."""

    seconds: float = 0.0
    steps: int = 0
    evaluated: bool = False


class Outlook(NamedTuple):
    """What a group's training was predicted to take and took: seconds, compiling aside."""

    predicted: float
    took: float = 0.0


class Planner:
    """Watches groups begin.

    Args:
      asked: what was asked of the layout.
      announce: is told each group's plan.
      program: gives the program of a group with a plan for (lanes, devices).
      data: gives a group's data on a program's devices, with the first window where there are windows.
    """

    def __init__(
        self,
        asked: Plan,
        announce: Callable[[str], None],
        program: Callable[[Group, int, int], Program],
        data: Callable[[Group, Program], DeviceData],
    ):
        self.asked, self.announce, self.program, self.data = asked, announce, program, data
        self.measured = Measured()
        self.watches: dict[tuple[int, ...], Watch] = {}
        self.outlooks: dict[tuple[int, ...], Outlook] = {}

    def watch(
        self, group: Group, lanes: int, devices: int, segment: Watch, may_change: bool, course: Course = WHOLE
    ) -> Plan | None:
        """Take note of a segment that compiled nothing; give a better plan if there is one and it pays to change.

        Args:
          group: of the trials under way.
          lanes, devices: their layout.
          segment: what it took.
          may_change: whether they have just begun and may begin again.
          course: of the group's trials, as for `choose_lanes`.
        """
        name = tuple(spec.id for spec in group.specs)
        if name in self.outlooks:
            known = self.outlooks[name]
            self.outlooks[name] = known._replace(took=known.took + segment.seconds)
            return None
        last = self.watches.get(name, Watch())
        now = Watch(last.seconds + segment.seconds, last.steps + segment.steps, last.evaluated or segment.evaluated)
        self.watches[name] = now
        if now.seconds < WATCHED:
            return None
        step = now.seconds / now.steps / (evaluating(group) if now.evaluated else 1.0)
        layout = (devices, lanes, group.plan.order)
        table = self.measured.table(group) | {layout: step}
        plan, better = plan_of(group.plan, layout, table), None
        if may_change and not several() and self._left(group, plan, course) > WORTH:
            table, best = self._tried(group, plan, table)
            if self._left(group, best, course) < GAIN * self._left(group, plan, course):
                plan = better = best
        self.measured.add(group, table)
        took = 0.0 if better else now.seconds
        left = self._left(group, plan, course)
        self.outlooks[name] = Outlook(left, took)
        arms = ", ".join(dict.fromkeys(spec.arm for spec in group.specs if spec.arm))
        self.announce(f"plan{f' ({arms})' if arms else ''}: {describe(group, plan, left)}")
        return better

    def total(self) -> Outlook:
        """Sum up the groups that were watched."""
        seen = self.outlooks.values()
        return Outlook(sum(one.predicted for one in seen), sum(one.took for one in seen))

    def _left(self, group: Group, plan: Plan, course: Course) -> float:
        """Predict the seconds of a group's training."""
        steps = float(np.mean([group.total_steps(spec) for spec in group.specs]))
        parts = stages(group_sizes(group)[plan.order], course)
        share = sum(length * seconds_of(plan, sizes) for length, sizes in parts) / sum(length for length, _ in parts)
        return share * steps * evaluating(group)

    def _tried(self, group: Group, plan: Plan, table: Table) -> tuple[Table, Plan]:
        """Measure the layouts one change away that are not known yet; give all that is known, and the best plan."""
        sizes, best = group_sizes(group), plan
        others = alternatives(plan, sizes, most_lanes(group.key, group.shapes, group.data))
        for other in (one for one in others if answers(one, self.asked)):
            assert other.lanes is not None
            assert other.devices is not None
            layout = (other.devices, other.lanes, other.order)
            if layout not in table:
                changed = group._replace(plan=other)
                program = self.program(changed, other.lanes, other.devices)
                table = table | {layout: time_step(program, changed, self.data(changed, program))}
            found = plan_of(plan, layout, table)
            if seconds_of(found, sizes[found.order]) < seconds_of(best, sizes[best.order]):
                best = found
        return table, best


def describe(group: Group, plan: Plan, seconds: float) -> str:
    """Say a plan with its predicted time and memory."""
    assert plan.devices is not None
    assert plan.lanes is not None
    number, lanes = plan.devices, plan.lanes
    arrays = device_bytes(group.key, group.shapes, group.data, lanes, plan.order == "shared")
    count = len(group.specs)
    layout = f"{number} device{'s' * (number > 1)} × {lanes} lane{'s' * (lanes > 1)}"
    order = f", {plan.order} order" if lanes > 1 else ""
    return (
        f"{layout}{order} for {count} trial{'s' * (count > 1)}; predicted: {seconds:.3g} s of training, "
        f"{size_text(arrays)} a device, which has {size_text(free_bytes())} left."
    )


def group_sizes(group: Group) -> dict[str, list[int]]:
    """Count the trials of a group that could be in one crew if lanes were no limit, by order."""
    crews = [Crew((spec,), group.total_steps(spec)) for spec in group.specs]
    return {order: sizes_of(crews, order) for order in ("shared", "own")}


def evaluating(group: Group) -> float:
    """Estimate the time of an epoch over that of its steps, by arithmetic: an evaluation is a third of a step."""
    data = group.data
    evaluated = int(data.train_eval.count) + int(data.validation.count)
    return 1 + evaluated / (3 * int(data.train.count))


def time_step(program: Program, group: Group, data: DeviceData) -> float:
    """Measure the seconds of a step of a program with all rows at work, on trials of a group that begin anew."""
    rows = [group.specs[row % len(group.specs)].experiment for row in range(program.size)]
    values = [row.hyperparameters.present() for row in rows]
    hyper = {name: np.array([v[name] for v in values], program.trial.dtype) for name in values[0]}
    seeds = np.array([row.seed for row in rows], np.uint32)
    crews = program.mesh.shape["trials"]
    per_epoch = group.steps_per_epoch()
    most = per_epoch if group.stream is None else min(per_epoch, group.stream.steps)
    total = np.full(crews, max(group.total_steps(spec) for spec in group.specs), np.int32)

    def run(steps: int) -> float:
        state = jax.block_until_ready(program.init(hyper, seeds))
        begin = time.perf_counter()
        jax.block_until_ready(program.train_segment(data, hyper, state, np.full(crews, steps, np.int32), total))
        return time.perf_counter() - begin

    run(1)
    steps, seconds = 1, run(1)
    while seconds < BRIEF and steps < most:
        steps = min(most, max(2 * steps, int(steps * BRIEF / max(seconds, 1e-4))))
        seconds = run(steps)
    return seconds / steps / (evaluating(group) if steps == per_epoch else 1.0)
