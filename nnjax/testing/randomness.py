"""Which random numbers a traced program draws, at any depth of calls; draws inside of loops are not looked at."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.nn.user_functions import standard_rules

LOOPS = ("scan", "while", "cond", "shard_map", "pmap")


class Draw(NamedTuple):
    """The bytes of the key of a draw, and those of the numbers drawn."""

    key: bytes
    bits: bytes


def draws(function: Callable[..., Any], *arguments: Any) -> list[Draw]:
    """Return what a function of arrays draws, in its order."""
    with standard_rules():
        traced = jax.make_jaxpr(lambda *given: function(*given))(*arguments)

        @jax.jit
        def drawn(leaves: list[Any]) -> list[Any]:
            found: list[Any] = []
            _evaluate(traced.jaxpr, traced.consts, leaves, found)
            return found

        return [Draw(*(np.asarray(part).tobytes() for part in one)) for one in drawn(jax.tree.leaves(arguments))]


def _evaluate(jaxpr: Any, consts: Sequence[Any], values: Sequence[Any], found: list[Any]) -> list[Any]:
    """Evaluate a jaxpr, and note the key and the numbers of each draw."""
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *values], strict=True))

    def read(variable: Any) -> Any:
        return variable.val if hasattr(variable, "val") else known[variable]

    for equation in jaxpr.eqns:
        given = [read(variable) for variable in equation.invars]
        inner = _inside(equation)
        if inner is not None:
            out = _evaluate(getattr(inner, "jaxpr", inner), getattr(inner, "consts", ()), given, found)
        else:
            bound = equation.primitive.get_bind_params(equation.params)
            functions, params = bound if isinstance(bound, tuple) else ((), bound)
            out = equation.primitive.bind(*functions, *given, **params)
            out = out if equation.primitive.multiple_results else [out]
        if equation.primitive.name == "random_bits":
            found.append((jax.random.key_data(given[0]), jnp.asarray(out[0])))
        known.update(zip(equation.outvars, out, strict=True))
    return [read(variable) for variable in jaxpr.outvars]


def _inside(equation: Any) -> Any:
    """Return what an operation calls once on its own arguments; None where it is no such call."""
    if equation.primitive.name in LOOPS:
        return None
    for name in ("jaxpr", "call_jaxpr"):
        inner = equation.params.get(name)
        if len(getattr(getattr(inner, "jaxpr", inner), "invars", ())) == len(equation.invars) and inner is not None:
            return inner
    return None
