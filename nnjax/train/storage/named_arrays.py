"""Convert pytrees to named arrays, and back."""

from typing import Any

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Arrays, Shaped
from nnjax.models.model import Variables

FINAL, BEST = "final/", "best/"  # prefixes of a trial's last weights and of its best ones
FINAL_STATE = "final_state/"


def flatten(tree: Any, prefix: str = "") -> dict[str, Shaped[np.ndarray, "..."]]:
    """Name the leaves of a pytree by their paths."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {prefix + jax.tree_util.keystr(path, simple=True, separator="/"): np.asarray(leaf) for path, leaf in leaves}


def unflatten(template: Any, arrays: Arrays, prefix: str = "") -> Any:
    """Build a pytree like `template` from named arrays; UserError if one is missing or of another shape."""
    names = list(flatten_names(template, prefix))
    leaves, structure = jax.tree.flatten(template)
    for name, leaf in zip(names, leaves, strict=True):
        if name not in arrays:
            raise UserError(f"The weights have no array {name!r}; they belong to another model.")
        if arrays[name].shape != leaf.shape:
            raise UserError(f"The array {name!r} has shape {arrays[name].shape}, but {leaf.shape} was expected.")
    return jax.tree.unflatten(structure, [arrays[name] for name in names])


def flatten_variables(variables: Variables, prefix: str = "") -> dict[str, Shaped[np.ndarray, "..."]]:
    """Name a network's arrays: "final/layer_0/kernel", and of its state, where it has one, "final_state/..."."""
    return flatten(variables.params, prefix) | flatten(variables.state, _state(prefix))


def unflatten_variables(template: Variables, arrays: Arrays, prefix: str = "") -> Variables:
    """Build a network's variables like `template` from named arrays; errors as in `unflatten`.

    Arrays without any state (weights from elsewhere) leave the state as the template has it, if it holds values.
    """
    params = unflatten(template.params, arrays, prefix)
    held = all(hasattr(leaf, "__array__") for leaf in jax.tree.leaves(template.state))
    if held and not any(name.startswith(_state(prefix)) for name in arrays):
        return Variables(params, template.state)
    return Variables(params, unflatten(template.state, arrays, _state(prefix)))


def _state(prefix: str) -> str:
    return f"{prefix.removesuffix('/')}_state/"


def flatten_names(tree: Any, prefix: str = "") -> list[str]:
    """Name the leaves of a pytree without reading them."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [prefix + jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in leaves]
