"""Name the weights of a model, and hold some of them fixed."""

import difflib
import fnmatch
from collections.abc import Sequence
from typing import Any

import jax

from nnjax.core.errors import UserError
from nnjax.core.types import Params
from nnjax.models.model import Model


def leaf_names(model: Model, params: Params) -> Any:
    """Name each weight: its path in the tree, "layer_0/kernel", or what the model calls it; the same tree of texts."""
    if model.names is not None:
        return model.names(params)
    return jax.tree_util.tree_map_with_path(
        lambda path, leaf: jax.tree_util.keystr(path, simple=True, separator="/"), params
    )


def layer_names(model: Model, params: Params) -> Any:
    """Name the layer of each weight: its name without the last part."""
    return jax.tree.map(lambda name: name.rpartition("/")[0] or name, leaf_names(model, params))


def freeze(model: Model, patterns: Sequence[str]) -> Model:
    """Return the model with all weights fixed but those whose names, or the layers around them, fit a pattern.

    Args:
      model: whose own mask stays in force.
      patterns: as in a shell, "head/*", where * goes across strokes too; "head" stands for all below it.
    """

    def trainable(params: Params) -> Any:
        chosen = jax.tree.map(lambda name: any(_fits(name, one) for one in patterns), leaf_names(model, params))
        own = model.trainable
        return chosen if own is None else jax.tree.map(lambda a, b: bool(a and b), chosen, own(params))

    return model._replace(trainable=trainable)


def refuse_unmatched(model: Model, params: Params, patterns: Sequence[str]) -> None:
    """Refuse patterns that no weight fits, and name what is close."""
    names = jax.tree.leaves(leaf_names(model, params))
    for pattern in patterns:
        if any(_fits(name, pattern) for name in names):
            continue
        parts = ["/".join(name.split("/")[: end + 1]) for name in names for end in range(name.count("/") + 1)]
        close = difflib.get_close_matches(pattern.rstrip("/*"), list(dict.fromkeys(parts)), n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(close)}?" if close else f"the weights are {', '.join(names[:20])}."
        raise UserError(f"model.trainable is {pattern!r}, but no weight of the model has such a name: {meant}")


def _fits(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, f"{pattern}/*")
