"""Modules given with their initial weights (`nnjax.given`): every trial starts from them."""

import dataclasses
import importlib
from typing import Any

from nnjax.core.errors import UserError
from nnjax.models.model import Model


@dataclasses.dataclass(frozen=True, eq=False)
class Given:
    """A module with the weights that all trials begin with; see `given`."""

    module: Any


def given(module: Any) -> Given:
    """Let all trials begin with the weights of a module: seeds then change the order of examples and dropout alone.

    Args:
      module: an `nnx.Module`, of which a copy is kept, or an `equinox.Module` without a state.

    Raises:
      UserError: it is something else.
    """
    library = library_of(module)
    if library == "nnx":
        from flax import nnx

        module = nnx.clone(module)
    elif library is None:
        raise UserError(
            f"given(…) is of the type {type(module).__name__}, but a module of NNX or Equinox with its weights was "
            "expected: of other models, save weights by nnjax.save_weights and name them as start_weights."
        )
    return Given(module)


def library_of(thing: Any) -> str | None:
    """Name the library whose module, with its weights, an object is: "nnx" or "equinox"; None for neither."""
    for base in type(thing).__mro__:
        if base.__name__ == "Module" and base.__module__.startswith(("flax.nnx.", "equinox.")):
            return "nnx" if base.__module__.startswith("flax") else "equinox"
    return None


def adapt(thing: Given) -> Model:
    """Make a model that draws nothing."""
    library, module = library_of(thing.module), thing.module

    def by_rngs(rngs: Any) -> Any:
        from flax import nnx

        return nnx.merge(*split)

    def by_key(key: Any) -> Any:
        return module

    if library == "nnx":
        from flax import nnx

        split: Any = nnx.split(module)
    adapter = importlib.import_module(f"nnjax.models.adapters.{library}")
    found: Model = adapter.adapt(by_rngs if library == "nnx" else by_key)
    return found
