"""Adapters: models of other libraries behind the contract of `nnjax.models.model`, recognized by their type."""

import importlib
import inspect
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.text import represent
from nnjax.models.adapters.initialized import Given, library_of
from nnjax.models.model import Model

KINDS = "a Flax Linen module, a function rngs -> nnx.Module or key -> equinox.Module, a keras.Model or (init, apply)"


def adapt(thing: Any) -> Model:
    """Make a model of an object, without importing a library that it does not come from.

    Raises:
      UserError: it is of no kind that is known, or a module that is already drawn where a factory was expected.
    """
    if isinstance(thing, Model):
        return thing
    library = library_of(thing)
    origins = _origins(thing)
    if isinstance(thing, tuple) and 2 <= len(thing) <= 4 and all(map(callable, thing)):
        name = "functions"
    elif "flax.linen.module:Module" in origins:
        name = "linen"
    elif any(origin.startswith("keras.") and origin.endswith(":Model") for origin in origins):
        name = "keras"
    elif isinstance(thing, Given):
        name = "initialized"
    elif library is not None:
        raise UserError(_drawn(thing, {"nnx": "lambda rngs: ", "equinox": "lambda key: "}[library]))
    else:
        name = _factory(thing)
    adapter: Model = importlib.import_module(f"nnjax.models.adapters.{name}").adapt(thing)
    return adapter


def output_activation_of(thing: Any) -> str | None:
    """Name the output activation that belongs to a model, where it says so itself (Keras's last layer); None elsewhere.

    A name of `ModelConfig.output_activation`: that which the adapter leaves out, or "linear".
    """
    if not any(origin.startswith("keras.") and origin.endswith(":Model") for origin in _origins(thing)):
        return None
    found: str | None = importlib.import_module("nnjax.models.adapters.keras").output_activation(thing)
    return found


def _origins(thing: Any) -> set[str]:
    return {f"{base.__module__}:{base.__name__}" for base in type(thing).__mro__}


def _drawn(thing: Any, function: str) -> str:
    return (
        f"The model is a {type(thing).__name__} whose weights are drawn already, so that every seed would train the "
        f"same ones: pass a function that draws it, such as {function}{type(thing).__name__}(…), or "
        "nnjax.given(module) where all trials are to begin with these weights."
    )


def _factory(thing: Any) -> str:
    """Name the adapter of a function or class that makes a module, by what its parameter is called."""
    if inspect.isclass(thing):
        bases = {f"{base.__module__}:{base.__name__}" for base in thing.__mro__}
        if "flax.linen.module:Module" in bases:
            raise UserError(f"The model is the class {thing.__name__}: pass a module of it, {thing.__name__}(…).")
        for library in ("nnx", "equinox"):
            if any(f"{library}." in base and base.endswith(":Module") for base in bases):
                return library
    try:
        names = list(inspect.signature(thing).parameters) if callable(thing) else []
    except (TypeError, ValueError):
        names = []
    for name, adapter in (("rngs", "nnx"), ("key", "equinox")):
        if name in names:
            return adapter
    if getattr(thing, "__module__", "").startswith("equinox.") and callable(thing):
        return "equinox"  # what equinox.nn.make_with_state makes
    found = f"{type(thing).__name__} {represent(thing)}"
    takes = f", whose parameters are ({', '.join(names)})" if names else ""
    raise UserError(f"The model is a {found}{takes}, but {KINDS} was expected.")
