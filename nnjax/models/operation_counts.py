"""Count the operations of traced functions, and tell which layer of a model makes what shape."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
from jax.extend import core as jex

from nnjax.models.cpu_substitutes import native_operations


class Traced(NamedTuple):
    """What a function was found to do."""

    # multiplications and additions of its matrix products and convolutions; a `while_loop` counts as one turn
    flops: int
    shapes: Mapping[str, tuple[int, ...]]  # {layer: the shape of the last array that its weights went into}


def trace(function: Callable[..., Any], *args: Any, tags: Any = None) -> Traced:
    """Trace a function on arrays or their shapes, without computing it, with the operations that its author wrote.

    Args:
      function: any that JAX traces.
      args: of the function.
      tags: a tree of texts like the first argument, naming the layer of each leaf; None for no layers.
    """
    with native_operations():
        closed = jax.make_jaxpr(function)(*args)
    named = [] if tags is None else jax.tree.leaves(tags)
    given: list[str | None] = [*named, *[None] * (len(closed.jaxpr.invars) - len(named))]
    shapes: dict[str, tuple[int, ...]] = {}
    return Traced(_walk(closed.jaxpr, given, shapes)[0], shapes)


def _walk(jaxpr: Any, given: Sequence[str | None], shapes: dict[str, tuple[int, ...]]) -> tuple[int, list[str | None]]:
    """Count, and note the layers' shapes; an array is a layer's as long as nothing but its weights went into it."""
    owner: dict[Any, str | None] = dict(zip(jaxpr.invars, given, strict=True))
    total = 0

    def owner_of(value: Any) -> str | None:
        return None if isinstance(value, jex.Literal) else owner.get(value)

    for equation in jaxpr.eqns:
        arrays = [value for value in equation.invars if not isinstance(value, jex.Literal)]
        owners = [owner_of(value) for value in equation.invars]
        inner = _inner(equation)
        if inner is not None and len(inner.invars) == len(equation.invars):
            flops, found = _walk(inner, owners, shapes)
        else:
            flops = sum(_walk(one, [None] * len(one.invars), shapes)[0] for one in _all_inner(equation))
            flops = flops or _flops(equation)
            whose = {owner_of(value) for value in arrays}
            found = [whose.copy().pop() if len(whose) == 1 else None] * len(equation.outvars)
            for layer in whose - {None} if None in whose else ():
                shapes[str(layer)] = tuple(equation.outvars[0].aval.shape)
        total += flops * int(equation.params.get("length", 1))  # of a scan
        owner.update(zip(equation.outvars, found, strict=True))
    return total, [owner_of(value) for value in jaxpr.outvars]


def _inner(equation: Any) -> Any:
    """The one function that an equation calls on its own inputs (jit, custom derivatives, checkpoints); else None."""
    some = list(_all_inner(equation))
    return some[0] if len(some) == 1 and equation.primitive.name not in ("while", "cond") else None


def _all_inner(equation: Any) -> Iterable[Any]:
    for value in equation.params.values():
        for one in value if isinstance(value, tuple | list) else (value,):
            inner = getattr(one, "jaxpr", one)
            if hasattr(inner, "eqns"):
                yield inner


def _flops(equation: Any) -> int:
    """Two for each product that is added up."""
    out = int(math.prod(equation.outvars[0].aval.shape))
    if equation.primitive.name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        return 2 * out * int(math.prod(equation.invars[0].aval.shape[axis] for axis in contracted))
    if equation.primitive.name == "conv_general_dilated":
        kernel = equation.invars[1].aval.shape
        return 2 * out * int(math.prod(kernel)) // int(kernel[equation.params["dimension_numbers"].rhs_spec[0]])
    return 0
