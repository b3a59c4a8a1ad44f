"""Flax Linen modules: "params" are the weights, all other collections the state.

A module is told its mode by train, training, is_training (true in training), deterministic or use_running_average
(false in training), as a parameter of its call or as one of its fields; one with a parameter `hyper` gets the traced
hyperparameters. `encode` and `decode` are taken over where it has them.
"""

import inspect
from typing import Any

import flax.linen as nn
import jax

from nnjax.core.types import Array, Key
from nnjax.models.adapters import modes
from nnjax.models.model import Hyper, Model, Variables


def adapt(module: nn.Module) -> Model:
    """Make a model of a module."""
    takes = inspect.signature(type(module).__call__).parameters
    fields = [name for name in modes.mode(vars(module), train=False) if isinstance(getattr(module, name), bool | None)]
    merged = [name for name in fields if name in takes and takes[name].default is None]  # `nn.merge_param` takes one
    fields = [name for name in fields if name not in merged or getattr(module, name) is not None]

    def prepared(train: bool, hyper: Hyper) -> tuple[nn.Module, dict[str, Any]]:
        found = module.clone(**dict[str, Any](modes.mode(fields, train))) if fields else module
        more = modes.arguments(type(module).__call__, train, hyper)
        return found, {name: value for name, value in more.items() if name not in merged or name not in fields}

    def init(key: Key, example: Any, hyper: Hyper) -> Variables:
        own, more = prepared(False, hyper)
        drawn = dict(own.init(_streams(key), example, **more))
        return Variables(drawn.pop("params", {}), drawn)

    def apply(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        """Apply the module; all collections but the weights are its state."""
        own, more = prepared(train, hyper)
        given, rngs = {"params": variables.params, **variables.state}, None if key is None else _streams(key)
        if not train or not variables.state:
            z: Any = own.apply(given, x, rngs=rngs, **more)
            return z, variables.state
        z, changed = own.apply(given, x, rngs=rngs, mutable=list(variables.state), **more)
        return z, dict(changed)

    def method(name: str) -> Any:
        if not callable(getattr(module, name, None)):
            return None
        own, more = prepared(False, {})[0], modes.arguments(getattr(type(module), name), False, {})
        return lambda variables, x: own.apply({"params": variables.params, **variables.state}, x, method=name, **more)

    return Model(init, apply, method("encode"), method("decode"))


def _streams(key: Key) -> dict[str, Key]:
    """Name the streams of random numbers; Linen takes that of "params" for all that are not named."""
    return {"params": key, "dropout": jax.random.fold_in(key, 1)}
