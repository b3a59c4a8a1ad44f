"""Several processes that train one population: each holds some of the mesh's devices, all take the same decisions.

Every process runs the same host loop over the same programs; what lies on other processes' devices is gathered before
it is looked at, and what only one of them can know (the clock, a signal, the free memory) is agreed upon. With one
process all of this is nothing. The processes find each other by `jax.distributed` (see `nnjax.cli.distributed`).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from nnjax.core.errors import UserError

Tree = TypeVar("Tree")
Result = TypeVar("Result")


def several() -> bool:
    """Whether there is more than one process."""
    return jax.process_count() > 1


def first() -> bool:
    """Whether this is the process that writes the run folder and speaks; alone, it is."""
    return jax.process_index() == 0


def fetch(tree: Tree) -> Tree:
    """Give the arrays of a tree as writable NumPy arrays of their own, whole, in every process."""
    leaves, structure = jax.tree.flatten(tree)
    apart = {i: leaf for i, leaf in enumerate(leaves) if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable}
    if apart:
        layout: Any = next(iter(apart.values())).sharding
        for i, whole in zip(apart, _gather(layout.mesh)(tuple(apart.values())), strict=True):
            leaves[i] = whole.addressable_data(0)
    return jax.tree.unflatten(structure, [np.array(leaf) for leaf in leaves])


@functools.lru_cache(maxsize=64)
def _gather(mesh: Mesh) -> Callable:
    """Copy arrays to every device of a mesh."""
    return jax.jit(lambda leaves: leaves, out_shardings=NamedSharding(mesh, PartitionSpec()))


def spread(tree: Tree, sharding: NamedSharding, may_alias: bool | None = None) -> Tree:
    """Put a tree of host arrays, equal in every process, on the devices of all: each process copies its own parts.

    Args:
      tree, sharding: what, and where.
      may_alias: False for arrays that a program will take over: on a CPU, NumPy's memory may be shared otherwise.
    """
    if not several():
        return jax.device_put(tree, sharding, may_alias=may_alias)

    def put(leaf: Any) -> jax.Array:
        host = np.asarray(leaf)
        return jax.make_array_from_callback(host.shape, sharding, lambda index: np.array(host[index]))

    return jax.tree.map(put, tree)


def agree(number: float) -> float:
    """Give the first process's number."""
    return _shared(number)[0] if several() else float(number)


def least(number: int) -> int:
    """Give the least of the processes' numbers."""
    return int(min(_shared(number))) if several() else number


def anywhere(flag: bool) -> bool:
    """Whether a flag is set in any process."""
    return any(_shared(flag)) if several() else flag


def _shared(number: float) -> list[float]:
    """Gather every process's number, in the order of the processes."""
    from jax.experimental import multihost_utils

    with jax.enable_x64(True):
        return np.asarray(multihost_utils.process_allgather(np.float64(number))).tolist()


def wait() -> None:
    """Wait until every process has come here: what one wrote before, the others find after."""
    if several():
        _shared(0.0)


def lead(act: Callable[[], Result], follow: Callable[[], Result]) -> Result:
    """Let the first process act and then the others follow; where it fails, all fail, with its sentence.

    Raises:
      UserError: the first process did.
    """
    if not several():
        return act()
    result, mistake = None, ""
    if first():
        try:
            result = act()
        except UserError as error:
            mistake = str(error)
        except BaseException as error:
            _say(f"{type(error).__name__}: {error}")
            raise
    mistake = _say(mistake)
    if mistake:
        raise UserError(mistake)
    return result if first() else follow()  # type: ignore[return-value]


def _say(text: str) -> str:
    """Give the first process's text."""
    from jax.experimental import multihost_utils

    coded = np.frombuffer(json.dumps(text).encode(), np.uint8)
    size = int(agree(len(coded)))
    page = np.zeros(size, np.uint8)
    if first():
        page[:] = coded
    return json.loads(np.asarray(multihost_utils.broadcast_one_to_all(page), np.uint8).tobytes())
