"""Convert pytrees to named arrays, and back."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Arrays, Shaped

FINAL = "final/"  # prefix of a trial's last weights; its best ones are below "best/"


def flatten(tree: Any, prefix: str = "") -> dict[str, Shaped[np.ndarray, "..."]]:
    """Name the leaves of a pytree by their paths."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {prefix + jax.tree_util.keystr(path, simple=True, separator="/"): np.asarray(leaf) for path, leaf in leaves}


def unflatten(template: Any, arrays: Arrays, prefix: str = "") -> Any:
    """Build a pytree like `template` from named arrays.

    Raises:
      UserError: a leaf is missing, or has another shape than the template's.
    """
    names = list(flatten_names(template, prefix))
    leaves, structure = jax.tree.flatten(template)
    for name, leaf in zip(names, leaves, strict=True):
        if name not in arrays:
            raise UserError(f"The weights have no array {name!r}; they belong to another model.")
        if arrays[name].shape != leaf.shape:
            raise UserError(f"The array {name!r} has shape {arrays[name].shape}, but {leaf.shape} was expected.")
    return jax.tree.unflatten(structure, [arrays[name] for name in names])


def flatten_names(tree: Any, prefix: str = "") -> list[str]:
    """Name the leaves of a pytree without reading them."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [prefix + jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in leaves]
