"""Flax NNX: a function rngs -> nnx.Module, so that every seed draws its own weights.

`nnx.Param`s are the weights; streams of random numbers begin anew at every step, from the step's key; all other
variables (`nnx.BatchStat`) are the state. The mode is set by `train()` and `eval()`.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from flax import nnx

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key
from nnjax.models.adapters import modes
from nnjax.models.model import Hyper, Model, Variables


def adapt(factory: Callable[..., nnx.Module]) -> Model:
    """Make a model of a function rngs -> nnx.Module (or of such a class); UserError if it makes another."""

    def make(key: Key) -> nnx.Module:
        return factory(rngs=nnx.Rngs(params=key, default=jax.random.fold_in(key, 1)))

    try:
        abstract = nnx.eval_shape(lambda: make(jax.random.key(0)))
    except ValueError as error:
        if not (found := re.match(r"Found data .*?<class '(\w+)'>.* static attribute '(\w+)'", str(error))):
            raise
        kind, name = found.groups()
        raise UserError(
            f"The model keeps modules in a plain {kind}, {name}, in which Flax does not find their weights: write "
            f"self.{name} = nnx.{kind.capitalize()}(…)."
        ) from None
    if not isinstance(abstract, nnx.Module):
        found = "an array" if isinstance(abstract, jax.ShapeDtypeStruct) else f"a {type(abstract).__name__}"
        raise UserError(f"The model's function of rngs makes {found}, but an nnx.Module was expected.")
    graph, params, streams, rest = _split(_with_its_arrays(abstract, make))
    takes = inspect.signature(type(abstract).__call__).parameters

    def init(key: Key, example: Any, hyper: Hyper) -> Variables:
        _, drawn, _, others = _split(make(key))
        return Variables(nnx.to_pure_dict(drawn), nnx.to_pure_dict(others))

    def module_of(variables: Variables, train: bool, key: Key | None) -> Any:
        states = [_filled(params, variables.params), _seeded(streams, key), _filled(rest, variables.state)]
        module = nnx.merge(graph, *states, copy=True)
        module.train() if train else module.eval()
        return module

    def apply(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        """Apply the module, and refuse one that changes its attributes."""
        module = module_of(variables, train, key)
        given = modes.arguments(type(module).__call__, train, hyper)
        if "rngs" in takes:  # dropout that is given its streams when it is called
            given["rngs"] = nnx.Rngs(jax.random.key(0) if key is None else key)
        before = _numbers_of(module)
        z = module(x, **given)
        changed = [name for name, value in _numbers_of(module).items() if before.get(name, value) != value]
        if changed:
            raise UserError(
                f"The model {type(module).__name__} changes its {changed[0]} in its call, which is lost after it: "
                "keep it in an nnx.Variable."
            )
        return z, _known(nnx.to_pure_dict(_split(module)[3]), variables.state) if train else variables.state

    def method(name: str) -> Any:
        if not callable(getattr(abstract, name, None)):
            return None
        return lambda variables, x: getattr(module_of(variables, False, None), name)(x)

    return Model(init, apply, method("encode"), method("decode"))


def _with_its_arrays(abstract: nnx.Module, make: Callable[[Key], nnx.Module]) -> nnx.Module:
    """Return a module that is drawn where it keeps arrays in objects which are no part of Flax, such as a grid.

    Raises:
      UserError: such an array is drawn from rngs, and all seeds would share one.
    """
    if not any(isinstance(array, jax.core.Tracer) for array in _plain_arrays(abstract).values()):
        return abstract
    one, other = make(jax.random.key(0)), make(jax.random.key(1))
    found, elsewhere = _plain_arrays(one), _plain_arrays(other)
    for name, array in found.items():
        if not np.array_equal(array, elsewhere[name]):
            raise UserError(
                f"The model draws its {name} from rngs and keeps it in a plain object, in which Flax does not find it, "
                "so that all seeds would share one: keep it in an nnx.Variable."
            )
    return one


def _plain_arrays(module: nnx.Module) -> dict[str, Any]:
    """Collect the arrays of JAX that a module's parts keep in objects of other classes: path -> array."""
    found: dict[str, Any] = {}

    def visit(path: str, value: Any, depth: int) -> None:
        if isinstance(value, jax.Array):
            found[path] = value
        elif depth and not isinstance(value, nnx.Module | nnx.Variable | type) and not callable(value):
            parts = value if isinstance(value, dict) else getattr(value, "__dict__", {})
            parts = dict(enumerate(value)) if isinstance(value, list | tuple) else parts
            for name, part in parts.items():
                visit(f"{path}.{name}", part, depth - 1)

    for path, part in nnx.iter_modules(module):
        for name, value in vars(part).items():
            if not isinstance(value, jax.Array):
                visit(".".join((*map(str, path), name)), value, 3)
    return found


def _split(module: nnx.Module) -> tuple[Any, Any, Any, Any]:
    """Split a module into its graph, weights, streams of random numbers, and the rest."""
    parts: Any = nnx.split(module, _is_weight, nnx.RngState, ...)
    graph, params, streams, rest = parts
    return graph, params, streams, rest


def _is_weight(path: Any, value: Any) -> bool:
    """Whether a variable is trained; a mask of truth values or whole numbers in an `nnx.Param` belongs to the state."""
    kept = (jax.numpy.integer, jax.numpy.bool_)
    return isinstance(value, nnx.Param) and not any(jax.numpy.issubdtype(value.dtype, kind) for kind in kept)


def _numbers_of(module: nnx.Module) -> dict[str, Any]:
    """Collect the plain numbers and texts that a module and its parts have as attributes."""
    return {
        ".".join((*map(str, path), name)): value
        for path, part in nnx.iter_modules(module)
        for name, value in vars(part).items()
        if isinstance(value, int | float | str)
    }


def _known(after: Any, before: Any) -> Any:
    """Leave out of a state what a call has added (`sow`)."""
    return {name: _known(after[name], value) for name, value in before.items()} if isinstance(before, dict) else after


def _filled(abstract: Any, values: Any) -> Any:
    state = jax.tree.map(lambda leaf: leaf, abstract)
    nnx.replace_by_pure_dict(state, values)
    return state


def _seeded(streams: Any, key: Key | None) -> Any:
    """Begin all streams anew, each with a key of its own and at count 0."""
    key = jax.random.key(0) if key is None else key
    leaves, structure = jax.tree.flatten(streams)
    fresh = [
        _keys(jax.random.fold_in(key, number), leaf.shape)
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        else _zeros(leaf)
        for number, leaf in enumerate(leaves)
    ]
    return jax.tree.unflatten(structure, fresh)


def _keys(key: Key, shape: tuple[int, ...]) -> Key:
    """Return the key of a stream, or those of layers that are vectorized (`nnx.split_rngs`)."""
    return jax.random.split(key, shape) if shape else key


def _zeros(leaf: Any) -> Array:
    return jax.numpy.zeros(leaf.shape, leaf.dtype)
