"""Lay groups out on devices and lanes: compile their programs, change their plans, count the costs."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax

from nnjax.core.class_weight import BALANCED, ClassWeight
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.core.object_refs import ObjectRef
from nnjax.train import distributed
from nnjax.train.engine.fingerprint import model_fingerprint
from nnjax.train.engine.programs import Program, ToCompile, compile_together, make_mesh, make_program, usual_calls
from nnjax.train.engine.state_shapes import blank_state, traced_names
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.data_cache import DataCache
from nnjax.train.layout.costs import Costs
from nnjax.train.layout.lane_batch import Group, LaneBatch, group_sizes, sizes_of
from nnjax.train.layout.plan import Plan, better_layout, choose_lanes, devices_for, usable
from nnjax.train.layout.planner import Planner, SegmentTime
from nnjax.train.scheduler import ALL_SURVIVE, Survival
from nnjax.train.storage.records import Record

STATIC = 3  # the first parts of a program's key, whatever its layout


class Layouts:
    """Lays groups out.

    Args:
      groups: with their plans.
      asked: what is asked of the layout.
      log: called with sentences: the plan of each group, and of another one.
      on_change: called when a plan has changed.

    Attributes:
      group_of: trial -> its group.
      data: on the devices.
      programs: compiled, by static part, shapes and layout.
      costs: of training so far.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        asked: Plan,
        log: Callable[[str], None],
        on_change: Callable[[], None],
    ):
        self.groups, self._log, self._on_change = list(groups), log, on_change
        self.group_of = {spec.id: group for group in groups for spec in group.specs}
        self.data, self.costs = DataCache(), Costs()
        self.programs: dict[Any, Program] = {}
        self._compile_seconds: dict[Any, float] = {}  # by static part: what its last program took
        self._planner = Planner(asked, log, self.program, self.data.with_first_window, self.compile_seconds)
        self._in_use: tuple[Group, int, int] | None = None  # the group, lanes and devices of the active lane batches

    def program(self, group: Group, lanes: int, devices: int, first: int = 0) -> Program:
        """Build and compile a program once for each static part, layout, lanes and first device."""
        self.compile([(group, lanes, devices, first)])
        return self.programs[_key(group, lanes, devices, first)]

    def compile(self, layouts: Sequence[tuple[Group, int, int, int]]) -> None:
        """Build and compile the programs of layouts (group, lanes, devices, first device) side by side."""
        begin, new = time.monotonic(), [one for one in layouts if _key(*one) not in self.programs]
        compile_together(self._made(*one) for one in new)
        seconds = time.monotonic() - begin
        self.costs.compile_seconds += seconds
        self._compile_seconds |= {_key(*one)[:STATIC]: seconds for one in new}

    def compile_seconds(self, group: Group) -> float:
        """Expect what another program of a group takes to compile: as long as the last one."""
        return self._compile_seconds.get(_key(group, 0, 0, 0)[:STATIC], 0.0)

    def is_compiled(self, group: Group) -> bool:
        """Whether there is a program of a group, in some layout."""
        return any(key[:STATIC] == _key(group, 0, 0, 0)[:STATIC] for key in self.programs)

    def _made(self, group: Group, lanes: int, devices: int, first: int) -> ToCompile:
        """Make a program, for which nothing is compiled yet."""
        key = _key(group, lanes, devices, first)
        mesh = make_mesh(devices, group.plan.batch_devices, jax.devices()[first:])
        program = make_program(key[0], group.shapes, lanes, group.plan.order == "shared", mesh)
        names, data = traced_names(group.key, group.shapes), self.data.shapes(group, mesh)
        calls = usual_calls(program, data, blank_state(group.key, group.shapes), names)
        self.programs[key] = program
        return ToCompile(program, calls, None if group.shapes.fingerprint else key)

    def active(self, group: Group, lanes: int, devices: int, first: int = 0) -> ActiveBatches:
        """Make a layout for active batches, without trials yet."""
        self._in_use = group, lanes, devices
        return ActiveBatches(self.program(group, lanes, devices, first), group, lanes)

    def layout_of(
        self, group: Group, batches: Sequence[LaneBatch], records: Sequence[Record], survival: Survival
    ) -> tuple[int, int]:
        """Return the lanes and devices that suit some lane batches: those of before unless others pay.

        Before: in which some of them began, or which all trials of the group together would begin in. So a session that
        goes on after a kill does not lay out what is left in another way than one that nothing happened to.
        """
        plan, sizes = group.plan, sizes_of(batches, group.plan.order)
        left = [group.flops_left(batch) for batch in batches for _ in batch.specs]
        begun = [records[spec.id] for batch in batches if batch.state is not None for spec in batch.specs]
        known = {
            (r.lanes, r.devices) for r in begun if r.lanes <= (plan.lanes or 1) and usable(r.devices, plan.devices or 1)
        }
        assert plan.devices is not None
        usual = choose_lanes(plan, group_sizes(group)[plan.order], survival), plan.devices
        return next(
            (layout for layout in [*sorted(known), usual] if better_layout(plan, *layout, sizes, left) is None),
            (choose_lanes(plan, sizes, ALL_SURVIVE if begun else survival), devices_for(plan, left)),
        )

    def smaller_active(self, active: ActiveBatches, live: Sequence[LaneBatch]) -> ActiveBatches | None:
        """Make a smaller layout for what still runs, without trials yet, where that repays compiling; else None."""
        group, plan = active.group, active.group.plan
        left = [group.flops_left(batch) for batch in live for _ in batch.specs]
        layout = better_layout(plan, active.lanes, active.program.mesh.size, sizes_of(live, plan.order), left)
        return None if layout is None else ActiveBatches(self.program(group, *layout), group, layout[0])

    def note_segment(
        self, active: ActiveBatches, seconds: float, steps: int, fresh: bool, survival: Survival, beside: int = 1
    ) -> Plan | None:
        """Count a segment's time, unless its program was compiled in it; give a better plan if one was found.

        Args:
          active, seconds, steps: what was trained.
          fresh: whether all its trials have just begun, and may begin again.
          survival: of the group's trials.
          beside: active batches that share the time.
        """
        taken = sum(steps / active.group.batches(spec) for spec in active.specs())
        if not self.costs.note(active.program, seconds / beside, round(taken)):
            return None
        segment = SegmentTime(seconds, steps, int(max(active.steps)) % active.group.steps_per_epoch < steps)
        may_change = fresh and not active.group.plan.fixed and not active.queued  # what is queued would be lost
        layout = active.lanes, active.program.mesh.size
        return self._planner.watch(active.group, *layout, segment, may_change, survival, beside)

    def change_plan(self, group: Group, plan: Plan) -> None:
        """Lay a group out differently from now on."""
        changed = dataclasses.replace(group, plan=plan)
        self.groups = [changed if other is group else other for other in self.groups]
        self.group_of |= {spec.id: changed for spec in group.specs}
        self._on_change()

    def shrink(self, error: jax.errors.JaxRuntimeError) -> None:
        """Return a group whose trials did not fit a device half the lanes, or where there is one lane half the devices.

        Raises:
          JaxRuntimeError: it was another error.
          UserError: one trial alone does not fit.
        """
        if "RESOURCE_EXHAUSTED" not in str(error) or self._in_use is None or distributed.is_distributed():
            raise error
        group, lanes, devices = self._in_use
        plan = dataclasses.replace(group.plan, lanes=max(1, lanes // 2))
        if lanes == 1:
            plan = dataclasses.replace(plan, devices=max(plan.batch_devices, devices // 2))
        if (plan.lanes, plan.devices) == (lanes, devices):
            raise UserError(
                "The device ran out of memory with a single trial: take smaller widths or batches, or a larger device."
            ) from error
        self._log(
            f"warning: The memory of a device did not suffice for {lanes} lanes on {devices} devices; trying "
            f"{plan.lanes} on {plan.devices}. The trials under way go on from their last checkpoint."
        )
        self.data.clear()
        self.change_plan(group, plan)

    def describe(self) -> dict[str, Any]:
        """Describe the plan of every group and what was compiled, for the run folder."""
        plans = [
            {
                "trials": [spec.id for spec in group.specs],
                **dataclasses.asdict(group.plan),
                **({"price": list(group.price)} if group.price else {}),
                **({"fingerprint": group.shapes.fingerprint} if group.shapes.fingerprint else {}),
                **_of_model(group),
            }
            for group in self.groups
        ]
        return {"plan": plans, **self.costs.describe(len(self.programs), self._planner.total())}

    def cost(self) -> str:
        """Describe in a sentence what was compiled, and what a step cost after that; "" where nothing was trained."""
        prices = [group.price for group in self.groups if group.price]
        return self.costs.sentence(len(self.programs), self._planner.total(), prices)


def _key(group: Group, lanes: int, devices: int, first: int) -> tuple[Any, ...]:
    """Return the static part of a program, in which folds are alike, and its layout."""
    weighted = group.key.class_weight and ClassWeight(BALANCED)  # whatever the weights, which come with the data
    static = dataclasses.replace(group.key, data=DataConfig(), class_weight=weighted)
    return static, group.shapes, group.plan.order, group.plan.batch_devices, lanes, devices, first


def _of_model(group: Group) -> dict[str, str]:
    """Return the fingerprint of a user's model, by which `nnjax.load` knows it again."""
    model = group.specs[0].experiment.model
    return {"model": model_fingerprint(model, group.shapes.shape)} if isinstance(model.kind, ObjectRef) else {}
