"""Keep step times measured on this machine, and choose plans by them."""

import dataclasses
import hashlib
import json
import pathlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core.experiment import DataConfig
from nnjax.core.files import write_atomically
from nnjax.core.machine import processor
from nnjax.train.distributed import is_distributed
from nnjax.train.engine.device_data import DeviceData
from nnjax.train.engine.programs import Program, place_numbers
from nnjax.train.layout.lane_batch import Group
from nnjax.train.layout.plan import Plan, satisfies, turns

MEASURE_SECONDS = 0.2  # that the measurement of a step lasts
GAIN = 0.9  # another layout is taken where it needs less than this share of the time
FILE = "nnjax_steps.json"  # in the folder of compiled programs

Table = dict[tuple[int, int, str], float]  # (devices, lanes, order) -> seconds of a step


class StepTimes:
    """Seconds of a step on this machine, by program and layout; kept in the folder of compiled programs, if any.

    Several processes, which must all plan alike, know nothing of earlier runs.
    """

    def __init__(self) -> None:
        folder = jax.config.values["jax_compilation_cache_dir"]
        self.path = None if folder is None or is_distributed() else pathlib.Path(folder) / FILE

    def table(self, group: Group) -> Table:
        """Return what is known of a group's program: seconds of a step by (devices, lanes, order)."""
        rows = self._read().get(_name(group), [])
        try:
            return {(int(devices), int(lanes), str(order)): float(seconds) for devices, lanes, order, seconds in rows}
        except (ValueError, TypeError):  # it is damaged
            return {}

    def add(self, group: Group, table: Table) -> None:
        """Keep more of it; where the folder cannot be written, nothing is kept."""
        known = self._read()
        known[_name(group)] = [[*layout, seconds] for layout, seconds in sorted({**self.table(group), **table}.items())]
        if self.path is not None:
            try:
                write_atomically(self.path, json.dumps(known) + "\n")
            except OSError:
                self.path = None

    def _read(self) -> dict[str, list[list[Any]]]:
        try:
            return {} if self.path is None else dict(json.loads(self.path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return {}


def _name(group: Group) -> str:
    """Identify a program and the machine that it runs on."""
    static = dataclasses.replace(group.key, data=DataConfig())
    devices = [device.device_kind for device in jax.devices()]
    text = repr((static, group.shapes, group.plan.batch_devices, devices, processor(), jax.__version__))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cached_plan(asked: Plan, plan: Plan, sizes: Mapping[str, Sequence[int]], table: Table) -> Plan:
    """Choose the best layout that is known, if the usual one is known too, among those that were left open.

    Args:
      asked, plan: before and after `resolve_plan`.
      sizes: by order, as for `choose_lanes`.
      table: of the program.
    """
    found = [one for one in (plan_of(plan, layout, table) for layout in table) if satisfies(one, asked)]
    usual = [one for one in found if (one.devices, one.lanes, one.order) == (plan.devices, plan.lanes, plan.order)]
    if not usual:
        return plan
    best = min(found, key=lambda one: seconds_of(one, sizes[one.order]))
    pays = seconds_of(best, sizes[best.order]) < GAIN * seconds_of(usual[0], sizes[plan.order])
    return best if pays else usual[0]


def plan_of(plan: Plan, layout: tuple[int, int, str], table: Table) -> Plan:
    """Return the plan with a layout of a table, and with what the table has of its devices and order."""
    devices, lanes, order = layout
    own = sorted((n, seconds) for (d, n, o), seconds in table.items() if (d, o) == (devices, order))
    return dataclasses.replace(plan, devices=devices, lanes=lanes, order=order, measured=tuple(own))


def seconds_of(plan: Plan, sizes: Sequence[int]) -> float:
    """Predict the seconds of one step of all trials under a measured plan."""
    assert plan.lanes is not None
    seconds = plan.seconds(plan.lanes)
    assert seconds is not None
    return turns(plan, sizes, plan.lanes) * seconds


def evaluating(group: Group) -> float:
    """Estimate the time of an epoch over that of its steps, by arithmetic: an evaluation is a third of a step."""
    data = group.data
    evaluated = int(data.train_eval.count) + int(data.validation.count)
    return 1 + evaluated / (3 * int(data.train.count))


def time_step(program: Program, group: Group, data: DeviceData) -> float:
    """Measure the seconds of a step of a program with all rows at work, on trials of a group that begin anew."""
    rows = [group.specs[row % len(group.specs)] for row in range(program.size)]
    hyper = place_numbers(program, group.traced(rows, program.trial.dtype))
    seeds = np.array([row.experiment.seed for row in rows], np.uint32)
    lane_batches = program.mesh.shape["trials"]
    per_epoch = group.steps_per_epoch
    most = per_epoch if group.stream is None else min(per_epoch, group.stream.steps)
    total = np.full(lane_batches, max(group.total_steps(spec) for spec in group.specs), np.int32)

    def run(steps: int) -> float:
        state = jax.block_until_ready(program.init(hyper, seeds))
        begin = time.perf_counter()
        jax.block_until_ready(program.train_segment(data, hyper, state, np.full(lane_batches, steps, np.int32), total))
        return time.perf_counter() - begin

    run(1)
    steps, seconds = 1, run(1)
    while seconds < MEASURE_SECONDS and steps < most:
        steps = min(most, max(2 * steps, int(steps * MEASURE_SECONDS / max(seconds, 1e-4))))
        seconds = run(steps)
    return seconds / steps / (evaluating(group) if steps == per_epoch else 1.0)
