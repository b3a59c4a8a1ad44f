"""The plan of a group: devices, lanes, and whether lanes share the order of examples; rules that choose it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax

from nnjax.core.coercion import coerce_own_fields
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.messages import remedy
from nnjax.core.text import represent
from nnjax.models.envelope import Envelope
from nnjax.models.envelope_json import envelope_from_json
from nnjax.models.registry import sees_batch
from nnjax.models.summary import summarize_model
from nnjax.nn.losses import loss_of
from nnjax.train.distributed import is_distributed
from nnjax.train.engine.device_data import Shapes
from nnjax.train.scheduler import ALL_SURVIVE, Survival

ORDERS = ("auto", "shared", "own")
LADDER = (1, 4, 8, 16, 32, 64, 128, 256)
FAR = 4  # times as many lanes, or as few, are another layout worth trying
STEP_LANES = 4  # a step costs about as much beside its lanes as this many of them, where that is not measured
MOVE_FLOPS = 5e11  # arithmetic that takes about as long as compiling another program
CACHE_BYTES = 2**20  # weights with their optimizer state above this fill a CPU core's cache: one lane a device
ASKED = ("devices", "batch_devices", "lanes", "order")  # what can be given by hand


@dataclasses.dataclass(frozen=True)
class Plan:
    """A layout.

    Attributes:
      devices: how many to use; None for all.
      batch_devices: how many devices share each batch.
      lanes: the most trials on one device at a time; None to choose.
      order: "shared" (lanes of a device have one seed and see the same batches), "own", or "auto".
      fixed: use exactly these devices and lanes throughout, also where fewer would do, so that a trial meets the same
        program as among others.
      measured: (lanes, seconds of a step) as measured with these devices and this order; empty where nothing was.
      envelope: that the trials share whose architectures differ; None where they are alike. Asked for: trials that fit
        are put into it.
      merge: whether trials may be put into an envelope.
    """

    devices: int | None = None
    batch_devices: int = 1
    lanes: int | None = None
    order: str = "auto"
    fixed: bool = False
    measured: tuple[tuple[int, float], ...] = ()
    envelope: Envelope | None = None
    merge: bool = True

    def __post_init__(self) -> None:
        """Refuse values of other types."""
        coerce_own_fields(self, ["devices", "batch_devices", "lanes", "order", "fixed", "merge"])
        if not isinstance(self.envelope, Envelope | None):
            raise UserError(f"Plan.envelope is {represent(self.envelope)}, but an Envelope or None was expected.")
        _refuse_impossible(self)

    def cost(self, lanes: int) -> float:
        """Estimate the time of a step on one device, in units of a lane's: as measured, or by rule."""
        if not self.measured:
            return lanes + STEP_LANES
        table, (first, seconds) = dict(self.measured), self.measured[0]
        near = min(table, key=lambda known: (max(lanes / known, known / lanes), known))
        return (first + STEP_LANES) * table[near] / seconds * (lanes + STEP_LANES) / (near + STEP_LANES)

    def seconds(self, lanes: int) -> float | None:
        """Predict the seconds of a step on one device; None where nothing was measured."""
        if not self.measured:
            return None
        first, seconds = self.measured[0]
        return self.cost(lanes) * seconds / (first + STEP_LANES)


def from_json(values: Mapping[str, Any]) -> Plan:
    """Read a plan back from what JSON made of its fields; others are passed over."""
    names = [field.name for field in dataclasses.fields(Plan)]
    own = {name: values[name] for name in names if name in values}
    own["measured"] = tuple((int(lanes), float(s)) for lanes, s in own.get("measured", ()))
    return Plan(**own | {"envelope": envelope_from_json(own.get("envelope"))})


def satisfies(plan: Plan, asked: Plan) -> bool:
    """Whether a resolved plan is as it was asked for, in all that was not left open, on the devices that are there."""
    free = Plan()
    same = all(getattr(asked, name) in (getattr(free, name), getattr(plan, name)) for name in ASKED)
    return same and not asked.fixed and usable(plan.devices or 0, len(jax.devices()))


def usable(devices: int, there: int) -> bool:
    """Whether a program may use so many of the devices that are there: several processes use all of theirs."""
    return devices == there if is_distributed() else 0 < devices <= there


def resolve_plan(plan: Plan, key: Experiment, specs: Sequence[TrialSpec], shapes: Shapes, most_lanes: int) -> Plan:
    """Fill in what a plan leaves open, for one group of trials.

    Args:
      plan: what is asked for.
      key, specs, shapes: of the group.
      most_lanes: that fit the memory of one device; a number given by hand may be larger.

    Raises:
      UserError: a number below 1, an unknown order, more devices than there are, a number of devices that
        batch_devices does not divide, or batches to be divided that a model or an objective sees as a whole.
    """
    if plan.batch_devices > 1:
        _refuse_whole_batches(specs[0].experiment, shapes, plan.batch_devices)
    there = len(jax.devices())
    devices = plan.devices or there
    if devices > there:
        raise UserError(
            f"The plan asks for {devices} devices, but {there} are available: use "
            f"{remedy(f'nnjax.Plan(devices={there})', f'--devices={there}')} or fewer."
        )
    if devices % plan.batch_devices:
        raise UserError(f"batch_devices={plan.batch_devices} does not divide the {devices} devices of the plan.")
    if is_distributed() and devices < there:
        raise UserError(
            f"The plan asks for {devices} of {there} devices, but several processes use all of theirs; "
            f"leave {remedy('devices', '--devices')} out, or start fewer processes."
        )
    devices = devices if plan.fixed or is_distributed() else min(devices, len(specs) * plan.batch_devices)
    lanes = plan.lanes or min(_usual_lanes(key, shapes), most_lanes)
    order = plan.order if plan.order != "auto" else ("shared" if _settings_per_seed(specs) >= 2 else "own")
    return Plan(devices, plan.batch_devices, lanes, order, plan.fixed, envelope=shapes.envelope, merge=plan.merge)


def _refuse_impossible(plan: Plan) -> None:
    for name in ("devices", "batch_devices", "lanes"):
        value = getattr(plan, name)
        if value is not None and value < 1:
            raise UserError(f"The plan has {name}={value}, but 1 or more was expected.")
    if plan.order not in ORDERS:
        raise UserError(f"The plan has order={plan.order!r}, but one of {', '.join(ORDERS)} was expected.")


def _refuse_whole_batches(experiment: Experiment, shapes: Shapes, share: int) -> None:
    """Refuse to divide batches where each device would compute statistics, or a loss, of its own share."""
    what = ""
    if loss_of(experiment.loss).objective is not None:
        what = f"the objective {loss_of(experiment.loss).name} may depend on whole batches"
    elif sees_batch(experiment.model, shapes.shape):
        what = "the model has a state (such as batch statistics) or loss terms of its own, which are of whole batches"
    if what:
        raise UserError(f"The plan divides each batch between {share} devices, but {what}: leave batch_devices out.")


def choose_lanes(plan: Plan, sizes: Sequence[int], survival: Survival = ALL_SURVIVE) -> int:
    """Choose the rung of the ladder on which trials take the least time.

    Args:
      plan: resolved.
      sizes: how many trials there are of each kind; trials of different kinds cannot be in step.
      survival: the stages of their training; later fewer trials may be left.
    """
    assert plan.lanes is not None
    rungs = [rung for rung in LADDER if rung < plan.lanes and not plan.fixed] + [plan.lanes]
    parts = surviving_sizes(sizes, survival)
    return min(rungs, key=lambda rung: sum(length * cost_of(plan, left, rung) for length, left in parts))


def surviving_sizes(sizes: Sequence[int], survival: Survival) -> list[tuple[int, list[int]]]:
    """List the stages of training: (epochs, how many trials of each kind are left)."""
    return [(length, [max(1, round(share * size)) for size in sizes]) for share, length in survival]


def cost_of(plan: Plan, sizes: Sequence[int], lanes: int) -> float:
    """Estimate the time of one step of all trials, in units of a lane's: turns × what a step costs."""
    return turns(plan, sizes, lanes) * plan.cost(lanes)


def turns(plan: Plan, sizes: Sequence[int], lanes: int) -> int:
    """Count how often all devices are filled until every trial has had its turn."""
    assert plan.devices is not None
    lane_batches = sum(-(-size // lanes) for size in sizes)
    return -(-lane_batches // (plan.devices // plan.batch_devices))


def devices_for(plan: Plan, flops: Sequence[float]) -> int:
    """Choose how many devices of a resolved plan are used: all, or for a long last trial as many as it needs.

    CPU devices are cores, and a trial alone on one device uses the threads of all of them.

    Args:
      plan: of the group.
      flops: what is left to compute of each trial.
    """
    assert plan.devices is not None
    alone = len(flops) == 1 and flops[0] > MOVE_FLOPS and jax.default_backend() == "cpu" and not plan.fixed
    alone = alone and not is_distributed()
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


def alternatives(plan: Plan, sizes: Mapping[str, Sequence[int]], most_lanes: int) -> list[Plan]:
    """List the useful layouts one change away from a plan's, of `most_lanes` at most; sizes as for `choose_lanes`."""
    assert plan.lanes is not None
    assert plan.devices is not None
    lanes, own = plan.lanes, sizes[plan.order]
    found: list[dict[str, Any]] = []
    more = next((rung for rung in LADDER if rung >= FAR * lanes), None)
    fewer = max((rung for rung in LADDER if FAR * rung <= lanes), default=None)
    if more and more <= most_lanes and max(own) > lanes and turns(plan, own, lanes) > 1:
        found.append({"lanes": more})
    if fewer:
        found.append({"lanes": fewer})
    other = {"shared": "own", "own": "shared"}[plan.order]
    if lanes > 1 and max(sizes[other]) > 1:
        found.append({"order": other})
    if plan.devices > plan.batch_devices and jax.default_backend() == "cpu":
        found.append({"devices": plan.batch_devices})
    return [dataclasses.replace(plan, measured=(), **changes) for changes in found]


def _usual_lanes(key: Experiment, shapes: Shapes) -> int:
    weights = 4 * 3 * summarize_model(key, shapes.shape, shapes.num_outputs).parameters
    if jax.default_backend() == "cpu":
        return 1 if weights > CACHE_BYTES else 16 if 32 * weights > CACHE_BYTES else 32
    return 64


def _settings_per_seed(specs: Sequence[TrialSpec]) -> float:
    return len(specs) / len({spec.experiment.seed for spec in specs})
