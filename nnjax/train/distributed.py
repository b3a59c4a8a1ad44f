"""Train one population in several processes: each holds some of the devices, all take the same decisions.

Every process runs the same host loop over the same programs; what lies on other processes' devices is gathered before
use, and what only one of them can know (the clock, a signal, the free memory) is exchanged. With one process none of
this does anything. The processes find each other by `jax.distributed` (see `nnjax.cli.distributed`).
"""

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.stages import Wrapped

from nnjax.core.errors import UserError

Tree = TypeVar("Tree")
Result = TypeVar("Result")


def is_distributed() -> bool:
    """Whether there is more than one process."""
    return bool(jax.process_count() > 1)


def is_main_process() -> bool:
    """Whether this is the process that writes the run folder and logs; a single process is."""
    return bool(jax.process_index() == 0)


def fetch(tree: Tree) -> Tree:
    """Return the arrays of a tree as writable NumPy arrays of their own, whole, in every process."""
    leaves, structure = jax.tree.flatten(tree)
    apart = {i: leaf for i, leaf in enumerate(leaves) if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable}
    if apart:
        layout: Any = next(iter(apart.values())).sharding
        for i, whole in zip(apart, _gather(layout.mesh)(tuple(apart.values())), strict=True):
            leaves[i] = whole.addressable_data(0)
    return cast(Tree, jax.tree.unflatten(structure, [np.array(leaf) for leaf in leaves]))


@functools.lru_cache(maxsize=64)
def _gather(mesh: Mesh) -> Wrapped:
    """Copy arrays to every device of a mesh."""
    return jax.jit(lambda leaves: leaves, out_shardings=NamedSharding(mesh, PartitionSpec()))


def put(tree: Tree, sharding: NamedSharding, may_alias: bool | None = None) -> Tree:
    """Put a tree of host arrays, equal in every process, on the devices of all: each process copies its own parts.

    Args:
      tree, sharding: what, and where.
      may_alias: False for arrays that a program will take over: on a CPU, NumPy's memory may be shared otherwise.
    """
    if not is_distributed():
        return cast(Tree, jax.device_put(tree, sharding, may_alias=may_alias))

    def place(leaf: Any) -> jax.Array:
        host = np.asarray(leaf)
        return jax.make_array_from_callback(host.shape, sharding, lambda index: np.array(host[index]))

    return cast(Tree, jax.tree.map(place, tree))


def from_main_process(number: float) -> float:
    """Return the first process's number."""
    return _allgather(number)[0] if is_distributed() else float(number)


def min_over_processes(number: int) -> int:
    """Return the least of the processes' numbers."""
    return int(min(_allgather(number))) if is_distributed() else number


def in_any_process(flag: bool) -> bool:
    """Whether a flag is set in any process."""
    return any(_allgather(flag)) if is_distributed() else flag


def _allgather(number: float) -> list[float]:
    """Gather every process's number, in the order of the processes."""
    from jax.experimental import multihost_utils

    with jax.enable_x64(True):
        return cast(list[float], np.asarray(multihost_utils.process_allgather(np.float64(number))).tolist())


def barrier() -> None:
    """Wait until every process has come here: what one wrote before, the others find after."""
    if is_distributed():
        _allgather(0.0)


def main_process_first(act: Callable[[], Result], follow: Callable[[], Result]) -> Result:
    """Let the first process act and then the others follow; where it fails, all fail, with its sentence."""
    if not is_distributed():
        return act()
    result, mistake = None, ""
    if is_main_process():
        try:
            result = act()
        except UserError as error:
            mistake = str(error)
        except BaseException as error:
            _broadcast_text(f"{type(error).__name__}: {error}")
            raise
    mistake = _broadcast_text(mistake)
    if mistake:
        raise UserError(mistake)
    return result if is_main_process() else follow()  # type: ignore[return-value]


def _broadcast_text(text: str) -> str:
    """Return the first process's text."""
    from jax.experimental import multihost_utils

    coded = np.frombuffer(json.dumps(text).encode(), np.uint8)
    size = int(from_main_process(len(coded)))
    page = np.zeros(size, np.uint8)
    if is_main_process():
        page[:] = coded
    return str(json.loads(np.asarray(multihost_utils.broadcast_one_to_all(page), np.uint8).tobytes()))
