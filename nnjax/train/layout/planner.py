"""Estimate a group's training time from its first segments, and try other layouts where that pays.

The first segments of a group are the measurement, so short runs pay nothing for it. Where what is left is long, the
layouts one change away are tried for a moment each, and the best one is taken. What was measured is kept beside the
compiled programs, by machine and program, so that the next run knows it from the start.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nnjax.train.distributed import is_distributed
from nnjax.train.engine.device_data import DeviceData
from nnjax.train.engine.programs import Program
from nnjax.train.layout.lane_batch import Group, group_sizes
from nnjax.train.layout.memory_estimate import device_bytes
from nnjax.train.layout.memory_limits import free_bytes, most_lanes, size_text
from nnjax.train.layout.plan import Plan, alternatives, satisfies, surviving_sizes
from nnjax.train.layout.step_times import GAIN, StepTimes, Table, evaluating, plan_of, seconds_of, time_step
from nnjax.train.scheduler import ALL_SURVIVE, Survival

WATCH_SECONDS = 0.3  # seconds of a group's segments, compiling aside, from which the rest is predicted
MIN_SECONDS_LEFT = 30.0  # seconds of training that repay trying other layouts
TRY_SHARE = 0.2  # of these may go into trying


class SegmentTime(NamedTuple):
    """Segments that compiled nothing: their seconds and steps, and whether an epoch ended in them."""

    seconds: float = 0.0
    steps: int = 0
    evaluated: bool = False


class TimeEstimate(NamedTuple):
    """What a group's training was predicted to take and took: seconds, compiling aside."""

    predicted: float
    took: float = 0.0


class Planner:
    """Measures groups when they begin, and plans them.

    Args:
      asked: what was asked of the layout.
      log: called with each group's plan in a sentence.
      program: gives the program of a group with a plan for (lanes, devices).
      data: gives a group's data on a program's devices, with the first window where there are windows.
      compile_seconds: expects what another program of a group takes to compile.
    """

    def __init__(
        self,
        asked: Plan,
        log: Callable[[str], None],
        program: Callable[[Group, int, int], Program],
        data: Callable[[Group, Program], DeviceData],
        compile_seconds: Callable[[Group], float] = lambda group: 0.0,
    ):
        self.asked, self.log, self.program, self.data = asked, log, program, data
        self.compile_seconds = compile_seconds
        self.step_times = StepTimes()
        self.segments: dict[tuple[int, ...], SegmentTime] = {}
        self.estimates: dict[tuple[int, ...], TimeEstimate] = {}

    def watch(
        self,
        group: Group,
        lanes: int,
        devices: int,
        segment: SegmentTime,
        may_change: bool,
        survival: Survival = ALL_SURVIVE,
        beside: int = 1,
    ) -> Plan | None:
        """Take note of a segment that compiled nothing; give a better plan if there is one and it pays to change.

        Args:
          group: of the trials under way.
          lanes, devices: their layout.
          segment: what it took.
          may_change: whether they have just begun and may begin again.
          survival: of the group's trials, as for `choose_lanes`.
          beside: groups that train side by side, so that each takes a part of the time.
        """
        name = tuple(spec.id for spec in group.specs)
        if name in self.estimates:
            known = self.estimates[name]
            self.estimates[name] = known._replace(took=known.took + segment.seconds / beside)
            return None
        last = self.segments.get(name, SegmentTime())
        now = SegmentTime(
            last.seconds + segment.seconds, last.steps + segment.steps, last.evaluated or segment.evaluated
        )
        self.segments[name] = now
        if now.seconds < WATCH_SECONDS:
            return None
        step = now.seconds / now.steps / (evaluating(group) if now.evaluated else 1.0)
        layout = (devices, lanes, group.plan.order)
        table = self.step_times.table(group) | {layout: step}
        plan, better = plan_of(group.plan, layout, table), None
        if may_change and not is_distributed() and self._left(group, plan, survival) > MIN_SECONDS_LEFT:
            table, best = self._tried(group, plan, table, TRY_SHARE * self._left(group, plan, survival))
            if self._left(group, best, survival) < GAIN * self._left(group, plan, survival):
                plan = better = best
        self.step_times.add(group, table)
        took = 0.0 if better else now.seconds
        left = self._left(group, plan, survival)
        self.estimates[name] = TimeEstimate(left / beside, took / beside)
        arms = ", ".join(dict.fromkeys(spec.arm for spec in group.specs if spec.arm))
        self.log(f"plan{f' ({arms})' if arms else ''}: {describe(group, plan, left)}")
        return better

    def total(self) -> TimeEstimate:
        """Sum up the groups that were watched."""
        seen = self.estimates.values()
        return TimeEstimate(sum(one.predicted for one in seen), sum(one.took for one in seen))

    def _left(self, group: Group, plan: Plan, survival: Survival) -> float:
        """Predict the seconds of a group's training."""
        steps = float(np.mean([group.total_steps(spec) for spec in group.specs]))
        parts = surviving_sizes(group_sizes(group)[plan.order], survival)
        share = sum(length * seconds_of(plan, sizes) for length, sizes in parts) / sum(length for length, _ in parts)
        return share * steps * evaluating(group)

    def _tried(self, group: Group, plan: Plan, table: Table, seconds: float) -> tuple[Table, Plan]:
        """Measure the layouts one change away that are not known yet; give all that is known, and the best plan.

        None is begun that would end after so many seconds, if it takes as long to compile as the last one: that of a
        convolutional network takes a minute, each on a busy machine.
        """
        sizes, best, begin = group_sizes(group), plan, time.monotonic()
        others = alternatives(plan, sizes, most_lanes(group.key, group.shapes, group.data))
        for other in (one for one in others if satisfies(one, self.asked)):
            assert other.lanes is not None
            assert other.devices is not None
            layout = (other.devices, other.lanes, other.order)
            if layout not in table and time.monotonic() - begin + self.compile_seconds(group) > seconds:
                break
            if layout not in table:
                changed = dataclasses.replace(group, plan=other)
                program = self.program(changed, other.lanes, other.devices)
                table = table | {layout: time_step(program, changed, self.data(changed, program))}
            found = plan_of(plan, layout, table)
            if seconds_of(found, sizes[found.order]) < seconds_of(best, sizes[best.order]):
                best = found
        return table, best


def merger(group: Group) -> str:
    """Say what a group's envelope holds, and what it saves."""
    envelope, price = group.shapes.envelope, group.price
    assert envelope is not None
    assert price is not None
    optimizers = " or ".join(dict.fromkeys(name for name, _ in envelope.optimizers))
    sizes = f"; batches of {' or '.join(map(str, envelope.batch_sizes))}" if envelope.batch_sizes else ""
    widths, activations = "-".join(map(str, envelope.widths)), " or ".join(envelope.activations)
    return (
        f"plan: {price.kinds} kinds of networks share one program, in layers of {widths} ({activations}; {optimizers}"
        f"{sizes}); predicted with compiling: {price.together:.3g} s, apart {price.apart:.3g} s."
    )


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
