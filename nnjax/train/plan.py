"""How a group of trials is laid over the machine: devices, lanes, and whether lanes share the order of examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax

from nnjax.config import TrialSpec
from nnjax.models.census import census
from nnjax.train.batches import Shapes
from nnjax.types import UserError

ORDERS = ("auto", "shared", "own")
LADDER = (1, 4, 8, 16, 32, 64, 128, 256)
STEP_LANES = 4  # a step costs about as much beside its lanes as this many of them
MOVE_FLOPS = 5e11  # arithmetic that takes about as long as compiling another program
WHOLE = ((1.0, 1),)  # the course of trials that all train to their ends
CACHE_BYTES = 2**20  # weights with their optimizer state above this fill a CPU core's cache: one lane a device


@dataclasses.dataclass(frozen=True)
class Plan:
    """A layout.

    Attributes:
      devices: how many to use; None for all.
      batch_devices: how many devices share each batch.
      lanes: the most trials on one device at a time; None to choose by the size of the weights.
      order: "shared" (lanes of a device have one seed and see the same batches), "own", or "auto".
      fixed: use exactly these devices and lanes throughout, also where fewer would do, so that a trial meets the same
        program as among others.
    """

    devices: int | None = None
    batch_devices: int = 1
    lanes: int | None = None
    order: str = "auto"
    fixed: bool = False


def settle(plan: Plan, specs: Sequence[TrialSpec], shapes: Shapes) -> Plan:
    """Fill in what a plan leaves open, for one group of trials.

    Raises:
      UserError: a number below 1, an unknown order, more devices than there are, or a number of devices that
        batch_devices does not divide.
    """
    _refuse_impossible(plan)
    there = len(jax.devices())
    devices = plan.devices or there
    if devices > there:
        raise UserError(f"The plan asks for {devices} devices, but {there} are there; use --devices={there} or fewer.")
    if devices % plan.batch_devices:
        raise UserError(f"batch_devices={plan.batch_devices} does not divide the {devices} devices of the plan.")
    devices = devices if plan.fixed else min(devices, len(specs) * plan.batch_devices)
    lanes = plan.lanes or _usual_lanes(specs[0], shapes)
    order = plan.order if plan.order != "auto" else ("shared" if _settings_per_seed(specs) >= 2 else "own")
    return Plan(devices, plan.batch_devices, lanes, order, plan.fixed)


def _refuse_impossible(plan: Plan) -> None:
    for name in ("devices", "batch_devices", "lanes"):
        value = getattr(plan, name)
        if value is not None and value < 1:
            raise UserError(f"The plan has {name}={value}, but 1 or more was expected.")
    if plan.order not in ORDERS:
        raise UserError(f"The plan has order={plan.order!r}, but one of {', '.join(ORDERS)} was expected.")


def choose_lanes(plan: Plan, sizes: Sequence[int], course: Sequence[tuple[float, int]] = WHOLE) -> int:
    """Choose the rung of the ladder on which trials take the least time.

    Args:
      plan: settled.
      sizes: how many trials there are of each kind; trials of different kinds cannot be in step.
      course: the stages of their training, (share of the trials that are left, length): later fewer may be left.
    """
    assert plan.lanes is not None
    rungs = [rung for rung in LADDER if rung < plan.lanes and not plan.fixed] + [plan.lanes]
    stages = [(length, [max(1, round(share * size)) for size in sizes]) for share, length in course]
    return min(rungs, key=lambda rung: sum(length * cost_of(plan, left, rung) for length, left in stages))


def cost_of(plan: Plan, sizes: Sequence[int], lanes: int) -> int:
    """Estimate the time of one step of all trials, in units of a lane's: turns × (lanes + what a step costs anyway)."""
    assert plan.devices is not None
    crews = sum(-(-size // lanes) for size in sizes)
    return -(-crews // (plan.devices // plan.batch_devices)) * (lanes + STEP_LANES)


def devices_for(plan: Plan, flops: Sequence[float]) -> int:
    """Choose how many devices of a settled plan are used: all, or for a long last trial as many as it needs.

    CPU devices are cores, and a trial alone on one device uses the threads of all of them.

    Args:
      plan: of the group.
      flops: what is left to compute of each trial.
    """
    assert plan.devices is not None
    alone = len(flops) == 1 and flops[0] > MOVE_FLOPS and jax.default_backend() == "cpu" and not plan.fixed
    return plan.batch_devices if alone else plan.devices


def better_layout(
    plan: Plan, lanes: int, devices: int, sizes: Sequence[int], flops: Sequence[float]
) -> tuple[int, int] | None:
    """Find the lanes and devices on which the last trials of a group end sooner, compiling included; None to stay.

    Args:
      plan, lanes, devices: of now.
      sizes, flops: as for `choose_lanes` and `devices_for`.
    """
    fewer, used = choose_lanes(plan, sizes), devices_for(plan, flops)
    saved = (cost_of(plan, sizes, lanes) - cost_of(plan, sizes, fewer)) * max(flops)
    return (fewer, used) if used < devices or saved > MOVE_FLOPS else None


def _usual_lanes(spec: TrialSpec, shapes: Shapes) -> int:
    weights = 4 * 3 * census(spec.experiment, shapes.num_inputs, shapes.num_outputs).parameters
    if jax.default_backend() == "cpu":
        return 1 if weights > CACHE_BYTES else 16
    return 64


def _settings_per_seed(specs: Sequence[TrialSpec]) -> float:
    return len(specs) / len({spec.experiment.seed for spec in specs})
