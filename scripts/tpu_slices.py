"""Compile a population's program for a TPU slice that is not there, and count its memory, arithmetic and traffic.

libtpu compiles for a described slice on any machine. Its memory analysis is of the program that training runs; its cost
analysis counts the body of a loop once, so that steps and batches of an evaluation are compiled by themselves. A
roofline (Williams et al. 2009) takes the longer of the time of the arithmetic and the time of the memory's traffic.
"""

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.stages import Compiled

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.types import TrialState
from nnjax.models.model import Variables
from nnjax.train.engine.block import Block
from nnjax.train.engine.device_data import DeviceData, Part, Shapes, even_batches
from nnjax.train.engine.evaluation import evaluate
from nnjax.train.engine.programs import make_mesh, make_program, usual_calls
from nnjax.train.engine.state_shapes import blank_state
from nnjax.train.engine.trial import Trial
from nnjax.train.layout.memory_estimate import device_bytes


class Chip(NamedTuple):
    """Published peaks of one chip: floating-point operations and bytes a second, and bytes of memory."""

    name: str
    flops: float
    bandwidth: float
    memory: float


# cloud.google.com/tpu/docs/v5e: 197 TFLOP/s in bfloat16, 819 GB/s, 16 GB. JAX multiplies float32 matrices on a TPU in
# one pass of bfloat16 by default, so this peak is that of the program.
V5E = Chip("TPU v5e", 197e12, 819e9, 16e9)


ALONE = {  # what libtpu would otherwise ask of a machine that has TPUs
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-4",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
}


class Cost(NamedTuple):
    """What a piece of a program does on one device: floating-point operations, and bytes read and written."""

    flops: float
    bytes: float

    def seconds(self, chip: Chip) -> float:
        """The least time that it can take."""
        return max(self.flops / chip.flops, self.bytes / chip.bandwidth)

    def bound(self, chip: Chip) -> str:
        """What takes that time."""
        return "arithmetic" if self.flops / chip.flops > self.bytes / chip.bandwidth else "memory traffic"


class Memory(NamedTuple):
    """Bytes of one device, as the compiler counts them; results that take over the memory of arguments count once."""

    arguments: int
    results: int
    temporaries: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.arguments + self.results + self.temporaries


class Account(NamedTuple):
    """What is known of a population on a slice, by device.

    Attributes:
      devices, lanes: of the slice, and trials on each.
      memory, estimated: of the training program: the compiler's count, and the bytes of the plan's model.
      step, evaluation: the cost of one step of all lanes, and of one batch of an evaluation.
      steps, evaluations: how many of each an epoch has.
    """

    devices: int
    lanes: int
    memory: Memory
    estimated: int
    step: Cost
    evaluation: Cost
    steps: int
    evaluations: int

    def epoch_seconds(self, chip: Chip) -> float:
        """The least time of an epoch of all trials."""
        return self.steps * self.step.seconds(chip) + self.evaluations * self.evaluation.seconds(chip)


def describe_slice(name: str) -> list[jax.Device]:
    """Give the devices of a slice such as "v5e:2x2", to compile for.

    Raises:
      UserError: libtpu is not installed, or knows no such slice.
    """
    from jax.experimental import topologies

    for variable, value in ALONE.items():
        os.environ.setdefault(variable, value)
    try:
        return list(topologies.get_topology_desc(platform="tpu", topology_name=name).devices)
    except (RuntimeError, ValueError) as error:
        what = str(error).split("\n")[0].rstrip(".")
        raise UserError(
            f"The compiler for the TPU slice {name!r} cannot be had ({what}); pip install 'nnjax[tpu]' brings it, on "
            "Linux, and v5e:2x2 is the name of a slice."
        ) from None


def account(
    experiment: Experiment, shapes: Shapes, data: DeviceData, trials: int, shared: bool, devices: Sequence[jax.Device]
) -> Account:
    """Compile the program of a population for some devices, and count.

    Args:
      experiment, shapes: of its trials.
      data: on the host; only shapes and the parts' counts are used.
      trials: how many, divided evenly over the devices.
      shared: the lanes of a device have one seed.
      devices: this machine's, or of `describe_slice`.

    Raises:
      UserError: the devices do not divide the trials.
    """
    lanes, rest = divmod(trials, len(devices))
    if rest:
        raise UserError(
            f"{trials} trials were given to {len(devices)} devices; a multiple of {len(devices)} was expected."
        )
    shape_of = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf), leaf.dtype), data)
    program = make_program(experiment, shapes, lanes, shared, make_mesh(len(devices), devices=devices))
    state, names = blank_state(experiment, shapes), experiment.hyperparameters.present()
    segment, arguments = usual_calls(program, shape_of, state, names)[0]
    step, evaluation = _pieces(Block(Trial(experiment, shapes), lanes, shared), shape_of, devices[0])
    evaluated = (int(data.train_eval.count), int(data.validation.count))
    return Account(
        len(devices),
        lanes,
        memory_of(segment.lower(*arguments).compile()),
        device_bytes(experiment, shapes, data, lanes, shared, devices[0].platform),
        step,
        evaluation,
        -(-int(data.train.count) // experiment.batch_size),
        sum(even_batches(examples, experiment.eval_batch_size) for examples in evaluated),
    )


def memory_of(compiled: Compiled) -> Memory:
    """Read the memory that a compiled program takes of each device."""
    found: Any = compiled.memory_analysis()
    results = found.output_size_in_bytes - found.alias_size_in_bytes
    return Memory(found.argument_size_in_bytes, results, found.temp_size_in_bytes)


def _pieces(block: Block, data: DeviceData, device: jax.Device) -> tuple[Cost, Cost]:
    """Count one step, and one batch of an evaluation, on one device: what the second of two adds to the first.

    What is done once before and after (arrays laid out anew) is then left out.
    """
    trial, lanes, experiment = block.trial, block.lanes, block.trial.experiment
    there = NamedSharding(Mesh(np.array([device]), ("one",)), PartitionSpec())
    size = min(experiment.eval_batch_size, data.validation.index.shape[0])

    def array(shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(shape, dtype, sharding=there)

    def cost(f: Callable, *arguments: Any, **options: Any) -> Cost:
        placed = jax.tree.map(lambda leaf: array(leaf.shape, leaf.dtype), arguments)
        programs = (jax.jit(functools.partial(f, times), **options).lower(*placed) for times in (1, 2))
        once, twice = (program.compile().cost_analysis() or {} for program in programs)
        return Cost(*(twice[name] - once[name] for name in ("flops", "bytes accessed")))

    def steps(times: int, data: DeviceData, hyper: Any, state: TrialState, index: Any, weight: Any, total: Any) -> Any:
        for row in range(times):
            state = block.step(data, hyper, state, index[row], weight, total)
        return state

    def evaluations(times: int, data: DeviceData, params: Any, index: Any, count: Any) -> Any:
        return [
            block.over(lambda p, part=Part(index[row], count): evaluate(trial, data, part, {}, Variables(p)))(params)
            for row in range(times)
        ]

    hyper = dict.fromkeys(experiment.hyperparameters.present(), array((lanes,), trial.dtype))
    state = jax.tree.map(lambda leaf: array((lanes, *leaf.shape), leaf.dtype), blank_state(experiment, trial.shapes))
    index = array((2, 1 if block.shared else lanes, experiment.batch_size), np.int32)
    weight, count = array(index.shape[2:], np.bool_), array((), np.int32)
    return (
        cost(steps, data, hyper, state, index, weight, count, donate_argnums=2),  # as in the loop
        cost(evaluations, data, state.params, array((2, size), np.int32), count),
    )
