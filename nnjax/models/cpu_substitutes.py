"""Substitute operations of a user's model by equal ones that a CPU computes faster: see `cpu_convolution`.

What a model does is traced, and slow operations in its jaxpr, at any depth, are replaced. So every library's layers and
a user's own calls of `jax.lax` are reached, whatever they were bound to. Rules of `jax.custom_jvp` and `custom_vjp` are
left as they are.
"""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core as jex

from nnjax.models import cpu_convolution

FORMS: dict[str, Callable[..., Callable[..., Any] | None]] = {
    "conv_general_dilated": cpu_convolution.convolution,
    "reduce_window_max": cpu_convolution.largest,
}
_native = contextvars.ContextVar("native", default=False)


@contextlib.contextmanager
def native_operations() -> Iterator[None]:
    """Leave models as they are inside the block, to count or compare what their authors wrote."""
    token = _native.set(True)
    try:
        yield
    finally:
        _native.reset(token)


def with_substitutes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a traced function of pytrees of arrays (and of keyword arguments) compute by substitutes on a CPU.

    Without any operation to replace, the function itself is called.
    """
    without: set[Any] = set()  # shapes for which nothing was found

    @functools.wraps(function)
    def applied(*args: Any, **kwargs: Any) -> Any:
        """Trace the function for new shapes, and compute by substitutes where there are any."""
        leaves, structure = jax.tree.flatten(args)
        shapes = (str(structure), kwargs.get("train"), *((jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves))
        if _native.get() or jax.default_backend() != "cpu" or shapes in without:
            return function(*args, **kwargs)
        traced, found = jax.make_jaxpr(lambda *given: function(*given, **kwargs), return_shape=True)(*args)
        jaxpr = _substituted(traced.jaxpr)
        if jaxpr is traced.jaxpr:
            without.add(shapes)
            return function(*args, **kwargs)
        return jax.tree.unflatten(jax.tree.structure(found), jax.core.eval_jaxpr(jaxpr, traced.consts, *leaves))

    return applied


def _substituted(jaxpr: Any) -> Any:
    """Replace slow operations in a jaxpr and those inside it; the same object where there are none."""
    equations = [_substitute(equation) for equation in jaxpr.eqns]
    same = all(new is old for new, old in zip(equations, jaxpr.eqns, strict=True))
    return jaxpr if same else jaxpr.replace(eqns=equations)


def _substitute(equation: Any) -> Any:
    """Replace an operation by a call of its form, or what is inside of it."""
    if equation.primitive.name in FORMS:
        given = [value.aval for value in equation.invars]
        form = FORMS[equation.primitive.name](*given, equation.outvars[0].aval, equation.params)
        if form is None:
            return equation
        [call] = jax.make_jaxpr(jax.jit(form))(*given).eqns
        return call.replace(invars=equation.invars, outvars=equation.outvars, source_info=equation.source_info)
    if equation.primitive.name.startswith("custom_"):
        return equation
    inside = {name: _inside(value) for name, value in equation.params.items()}
    same = all(inside[name] is value for name, value in equation.params.items())
    return equation if same else equation.replace(params=inside)


def _inside(value: Any) -> Any:
    """Replace in a parameter of an operation: a jaxpr, or a tuple of them."""
    if isinstance(value, jex.ClosedJaxpr):
        jaxpr = _substituted(value.jaxpr)
        return value if jaxpr is value.jaxpr else value.replace(jaxpr=jaxpr)
    if isinstance(value, jex.Jaxpr):
        return _substituted(value)
    if isinstance(value, tuple) and any(isinstance(one, jex.ClosedJaxpr) for one in value):
        found = tuple(map(_inside, value))
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    return value
