"""Equinox: a function key -> equinox.Module, so that every seed draws its own weights.

Modules are written for one example and are vectorized over the batch with axis_name="batch". Floating-point arrays are
the weights; other arrays, and what `equinox.nn.State` holds, are the state. Arrays are kept under their paths, because
two calls of the function make modules of different tree structures where they have a state.
"""

import inspect
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key
from nnjax.models.adapters import modes
from nnjax.models.model import Hyper, Model, Variables

HELD = "nn.State"  # prefix of the arrays of `equinox.nn.State`


def adapt(factory: Callable[..., eqx.Module]) -> Model:
    """Make a model of a function key -> equinox.Module (or of such a class); UserError if it makes another."""
    made_with_state = getattr(factory, "__module__", "").startswith("equinox.")
    make: Any = factory if made_with_state else eqx.nn.make_with_state(factory)
    module, state = eqx.filter_eval_shape(make, key=jax.random.key(0))
    if not isinstance(module, eqx.Module) or not callable(module):
        raise UserError(f"The model's function of key makes a {type(module).__name__}, but a module was expected.")
    takes = inspect.signature(type(module).__call__).parameters
    usual_key = takes["key"].default if "key" in takes else None
    needs_key = usual_key is inspect.Parameter.empty
    paths, leaves, structure = _flatten(module)
    is_array = [isinstance(leaf, jax.ShapeDtypeStruct) for leaf in leaves]
    state_structure: Any = jax.tree.structure(state)

    def init(key: Key, example: Any, hyper: Hyper) -> Variables:
        drawn, held = make(key=key)
        arrays = {p: leaf for p, leaf, a in zip(paths, jax.tree.leaves(drawn), is_array, strict=True) if a}
        params = {path: leaf for path, leaf in arrays.items() if eqx.is_inexact_array(leaf)}
        others = {path: leaf for path, leaf in arrays.items() if path not in params}
        return Variables(params, others | {f"{HELD}/{i}": leaf for i, leaf in enumerate(jax.tree.leaves(held))})

    def module_of(variables: Variables, train: bool) -> tuple[Any, Any]:
        known = {**variables.params, **variables.state}
        own = jax.tree.unflatten(structure, [known.get(p, leaf) for p, leaf in zip(paths, leaves, strict=True)])
        held = jax.tree.unflatten(state_structure, [known[f"{HELD}/{i}"] for i in range(state_structure.num_leaves)])
        return eqx.nn.inference_mode(own, not train), held

    def apply(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        """Apply the module to each example, with its own key."""
        size = jax.tree.leaves(x)[0].shape[0]
        if key is None and needs_key:
            key = jax.random.key(0)  # in inference mode nothing is drawn from it
        keys = None if key is None else jax.random.split(key, size)
        more = modes.arguments(type(module).__call__, train, hyper)

        def of_batch(variables: Variables, x: Any, keys: Key | None) -> tuple[Array, list[Array]]:
            """Apply one module to a batch; the state follows the batch axis."""
            own, held = module_of(variables, train)

            def one(x: Any, key: Key | None) -> Any:
                given = {**more, **({"key": key} if "key" in takes and (key is not None or usual_key is None) else {})}
                found = own(x, state=held, **given) if "state" in takes else (own(x, **given), held)
                if not isinstance(found, tuple) and not state_structure.num_leaves:
                    return found, held  # a parameter `state` that the module has no use for
                if not isinstance(found, tuple) or len(found) != 2:
                    kinds = [type(some).__name__ for some in found] if isinstance(found, tuple) else ["z"]
                    raise UserError(
                        f"The model takes a state and returns ({', '.join(kinds)}), but (z, state) was expected."
                    )
                return found

            axes = 0, None if keys is None else 0
            z, changed = jax.vmap(one, in_axes=axes, out_axes=(0, None), axis_name="batch")(x, keys)
            return z, jax.tree.leaves(changed)

        z, changed = (_without_mesh(of_batch) if "state" in takes else of_batch)(variables, x, keys)
        new = {f"{HELD}/{i}": leaf for i, leaf in enumerate(changed)}
        return z, variables.state | (new if train else {})

    def method(name: str) -> Any:
        if not callable(getattr(module, name, None)):
            return None
        stateful = "state" in inspect.signature(getattr(type(module), name)).parameters

        def of_batch(variables: Variables, x: Any) -> Any:
            own, held = module_of(variables, False)
            found = jax.vmap(lambda x: getattr(own, name)(x, *([held] if stateful else [])), axis_name="batch")(x)
            return found[0] if stateful and isinstance(found, tuple) else found

        return of_batch

    return Model(init, apply, method("encode"), method("decode"))


def _without_mesh(function: Callable[..., Any]) -> Callable[..., Any]:
    """Trace a function as if there were no mesh, and apply what was traced.

    `equinox.nn.State.set` compares the types of the old and the new value, and inside `jax.shard_map` those of its
    arguments name a mesh while those of constants do not.
    """

    def applied(*arguments: Any) -> Any:
        blank = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), arguments)
        with jax.sharding.use_abstract_mesh(jax.sharding.AbstractMesh((), ())):
            traced, shape = jax.make_jaxpr(function, return_shape=True)(*blank)
        found = jax.core.eval_jaxpr(traced.jaxpr, traced.consts, *jax.tree.leaves(arguments))
        return jax.tree.unflatten(jax.tree.structure(shape), [jnp.asarray(leaf) for leaf in found])

    return applied


def _flatten(module: eqx.Module) -> tuple[list[str], list[Any], Any]:
    """List the leaves of a module with their paths."""
    found, structure = jax.tree_util.tree_flatten_with_path(module)
    paths = [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in found]
    return paths, [leaf for _, leaf in found], structure
