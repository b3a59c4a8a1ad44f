"""Export a network as a program of `jax.export`: StableHLO with its weights, for any batch size.

from jax import export
network = export.deserialize(bytearray(open("network.jaxexport", "rb").read()))
outputs = network.call(x)  # x float32 [b, d], raw
"""

import contextlib
import math
import re
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
from jax import export

from nnjax.core.archives import describe
from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.exchange.network import Network, traced_outputs

PLATFORMS = ("cpu", "cuda", "tpu")
LARGEST = 10**9  # numbers in one value of a program, for one example
# What a network has no use for: foreign code, the outside world, loops without end.
FORBIDDEN = re.compile(r"\b(custom_call(?! @shape_assertion\()|infeed|outfeed|send|recv|while)\b")
SHAPE = re.compile(r"tensor<((?:[0-9?]+x)+)")


def to_bytes(network: Network) -> bytes:
    """Lower a network for cpu, cuda and tpu, with a symbolic batch size, and serialize the program."""
    return function_to_bytes(traced_outputs(network), network.facts.num_inputs)


def function_to_bytes(function: Callable[[Array], Array], num_inputs: int) -> bytes:
    """Lower a function of float32 [b, num_inputs] in the same way."""
    [batch] = export.symbolic_shape("b")
    shape = jax.ShapeDtypeStruct((batch, num_inputs), jnp.float32)
    with _without_locations():
        return bytes(export.export(jax.jit(function), platforms=PLATFORMS)(shape).serialize())


@contextlib.contextmanager
def _without_locations() -> Iterator[None]:
    """Omit the source locations of operations (files and lines of this machine) from programs."""
    name = "jax_traceback_in_locations_limit"
    before = getattr(jax.config, name)
    jax.config.update(name, 0)
    try:
        yield
    finally:
        jax.config.update(name, before)


def from_bytes(data: bytes, num_inputs: int, num_outputs: int, path: str) -> Callable[[Array], Array]:
    """Read a program back: a function from raw inputs [b, d] to outputs [b, k], compiled for each new b.

    Args:
      data: of the file.
      num_inputs, num_outputs: d and k, as they were written down beside it.
      path: what the file is called in sentences.

    Raises:
      UserError: it is damaged, of a later JAX, of another signature or platform, or does more than compute.
    """
    try:
        program = export.deserialize(bytearray(data))
        text = program.mlir_module()
        signature = [(str(a.dtype), a.ndim, a.shape[-1:]) for a in (*program.in_avals, *program.out_avals)]
    except Exception as error:  # whatever its readers stumble over: flatbuffers checks nothing
        raise UserError(f"{path} is not a program that this version of JAX reads ({describe(error)}).") from None
    if signature != [("float32", 2, (num_inputs,)), ("float32", 2, (num_outputs,))] or program.nr_devices != 1:
        raise UserError(f"{path} is not a program from float32 [b, {num_inputs}] to float32 [b, {num_outputs}].")
    if jax.default_backend() not in [{"gpu": "cuda"}.get(name, name) for name in (*program.platforms, "gpu")]:
        known = ", ".join(program.platforms)
        raise UserError(f"{path} is a program for {known}, but this machine has {jax.default_backend()}.")
    refuse_more_than_arithmetic(text, path)
    call = jax.jit(program.call)

    def function(x: Array) -> Array:
        try:
            return jax.block_until_ready(call(x))
        except Exception as error:  # XLA's, and whatever a forged module makes of its readers
            raise UserError(f"The program in {path} cannot be run ({describe(error)}).") from None

    return function


def refuse_more_than_arithmetic(text: str, path: str) -> None:
    """Refuse a module that calls foreign code, talks to the outside, may not end, or needs absurd memory."""
    foreign = FORBIDDEN.search(text)
    if foreign:
        raise UserError(f"{path} does more than compute: its program has the operation {foreign[1]!r}.")
    for shape in set(SHAPE.findall(text)):
        size = math.prod(int(side) for side in shape.split("x") if side.isdecimal())
        if size > LARGEST:
            raise UserError(f"{path} has values of {size:,} numbers, more than {LARGEST:,}.")
