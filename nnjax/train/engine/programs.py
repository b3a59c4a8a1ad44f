"""Compile a block's functions over the devices of a mesh: one program for any number of trials of a group."""

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, cast

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from nnjax.core.experiment import Experiment
from nnjax.core.jax_setup import num_cores
from nnjax.core.types import Array, Float, TrialState
from nnjax.models.model import Variables
from nnjax.train import distributed
from nnjax.train.engine.block import Block
from nnjax.train.engine.device_data import DeviceData, Shapes
from nnjax.train.engine.stored_functions import StoredFunction, key_of
from nnjax.train.engine.trial import Trial

TRIALS, BATCH = "trials", "batch"


class Program(NamedTuple):
    """A block's functions over all devices of a mesh; leading axes are devices × lanes."""

    trial: Trial  # the functions of one trial, for what happens outside the program
    # init, start, train_segment, evaluate: as in `Block`, compiled; train_segment takes its state's memory over
    init: StoredFunction
    start: StoredFunction
    train_segment: StoredFunction
    evaluate: StoredFunction
    # puts a state of NumPy arrays on the devices, as train_segment expects it
    place: Callable[[TrialState], TrialState]
    mesh: Mesh  # the devices
    size: int  # devices × lanes


def make_mesh(num_devices: int, batch_devices: int = 1, devices: Sequence[jax.Device] | None = None) -> Mesh:
    """Lay devices out as a mesh (trials, batch).

    Args:
      num_devices: all devices to use; the first ones are taken.
      batch_devices: how many share each batch.
      devices: those that there are; by default this machine's and those of its other processes.
    """
    used = (jax.devices() if devices is None else devices)[:num_devices]
    return Mesh(np.array(used).reshape(-1, batch_devices), (TRIALS, BATCH))


def place_data(data: DeviceData, mesh: Mesh) -> DeviceData:
    """Copy a data set to every device of the mesh."""
    return distributed.put(data, NamedSharding(mesh, PartitionSpec()))


def data_shapes(data: DeviceData, mesh: Mesh) -> DeviceData:
    """Return the shapes of what `place_data` gives."""
    everywhere = NamedSharding(mesh, PartitionSpec())

    def placed(leaf: np.ndarray) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(np.shape(leaf), jax.dtypes.canonicalize_dtype(leaf.dtype), sharding=everywhere)

    return cast(DeviceData, jax.tree.map(placed, data))


def state_layout(mesh: Mesh) -> NamedSharding:
    """Lay a state out as compiled functions return it, so that nothing is compiled again for one that comes from NumPy.

    An axis of one device counts as none.
    """
    return NamedSharding(mesh, PartitionSpec(TRIALS) if mesh.shape[TRIALS] > 1 else PartitionSpec())


@functools.lru_cache(maxsize=64)
def make_program(experiment: Experiment, shapes: Shapes, lanes: int, shared: bool, mesh: Mesh) -> Program:
    """Compile-ready functions for devices × lanes trials; equal arguments give the same ones, compiled once a process.

    Args:
      experiment: its static part is used (see `Experiment.program_key`).
      shapes: static facts about the data.
      lanes: trials on one device (or on one row of devices that share batches).
      shared: the lanes of a device have one seed.
      mesh: from `make_mesh`.
    """
    trial = Trial(experiment, shapes, BATCH if mesh.shape[BATCH] > 1 else None)
    block = Block(trial, lanes, shared)
    lane, everywhere = PartitionSpec(TRIALS), PartitionSpec()
    specs: dict[str, Any] = dict.fromkeys(DeviceData._fields, everywhere) | {"window": lane}
    streamed = DeviceData(**specs)

    def spread(f: Callable[..., Any], *in_specs: PartitionSpec | DeviceData, **options: Any) -> StoredFunction:
        # The body says itself what is summed over devices (Trial.total), so the checker of replication is not needed.
        spread_out = jax.shard_map(f, mesh=mesh, in_specs=in_specs, out_specs=lane, check_vma=False)
        return StoredFunction(jax.jit(spread_out, **options))

    cpu = mesh.devices.flat[0].platform == "cpu"
    # Drawing weights takes milliseconds once, but seconds to compile well.
    quick = {"compiler_options": {"xla_backend_optimization_level": 0}} if cpu else {}

    # Devices that are cores: a product that borrows the other core's thread only disturbs the trial there.
    own_core = {"compiler_options": {"xla_cpu_multi_thread_eigen": False}} if cpu and mesh.size > 1 else {}

    return Program(
        trial=trial,
        init=spread(block.init, lane, lane, **quick),
        start=spread(block.start, lane, lane, lane, **quick),
        train_segment=spread(block.train_segment, streamed, lane, lane, lane, lane, donate_argnums=(2,), **own_core),
        evaluate=spread(block.evaluate, everywhere, everywhere, lane, lane, **own_core),
        place=lambda state: distributed.put(state, state_layout(mesh), may_alias=False),
        mesh=mesh,
        size=mesh.shape[TRIALS] * lanes,
    )


def place_numbers(program: Program, numbers: Mapping[str, Float[np.ndarray, " m"]]) -> dict[str, Float[Array, " m"]]:
    """Put the hyperparameters of a program's rows on its devices, as its functions are compiled for them."""
    return distributed.put(dict(numbers), state_layout(program.mesh))


Call = tuple[StoredFunction, tuple[Any, ...]]  # a function and the shapes of its arguments


def usual_calls(program: Program, data: DeviceData, state: TrialState, hyperparameters: Collection[str]) -> list[Call]:
    """Return what all active batches of a program call: train_segment, init, and evaluate for parts of each size.

    Args:
      program: of the calls.
      data: on the program's devices, or its shapes; of windows the shapes.
      state: the shapes of one trial's.
      hyperparameters: names of those that are there.
    """
    layout = state_layout(program.mesh)

    def rows(leaf: jax.ShapeDtypeStruct, sharding: NamedSharding | None = None) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((program.size, *leaf.shape), leaf.dtype, sharding=sharding)

    number = jax.ShapeDtypeStruct((program.size,), program.trial.dtype, sharding=layout)
    hyper = dict.fromkeys(hyperparameters, number)
    seeds = jax.ShapeDtypeStruct((program.size,), np.uint32)
    steps = jax.ShapeDtypeStruct((program.mesh.shape[TRIALS],), np.int32)
    states = jax.tree.map(lambda leaf: rows(leaf, layout), state)
    variables = jax.tree.map(rows, Variables(state.params, state.model_state))
    parts = {part.index.shape: part for part in (data.validation, data.train_eval, data.test) if part.index.shape[0]}
    evaluated = data._replace(window=None)
    return [
        (program.train_segment, (data, hyper, states, steps, steps)),
        (program.init, (hyper, seeds)),
        *((program.evaluate, (evaluated, part, hyper, variables)) for part in parts.values()),
    ]


class ToCompile(NamedTuple):
    """A program that is to be compiled."""

    program: Program  # from `make_program`
    calls: Sequence[Call]  # its usual ones
    static: Any = None  # what is static of it, with a complete `repr`; None where its functions are not to be kept


def compile_together(programs: Iterable[ToCompile]) -> None:
    """Compile the usual calls of programs side by side, or read what an earlier process has kept of them.

    Calling one function after the other takes longer.
    """
    with ThreadPoolExecutor(max(3, num_cores())) as pool:  # tracing is Python's, and stays here; XLA compiles without
        waiting = []
        for program, calls, static in programs:
            key = None if static is None else key_of(static, tuple(program.mesh.devices.flat))
            waiting += [function.prepare(arguments, key, pool.submit) for function, arguments in calls]
        for compiled in waiting:
            if compiled is not None:
                compiled.result()
