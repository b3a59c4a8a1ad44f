"""A pair of functions (init, apply): in the contract's own form, or the short ones that are usual.

init(key, example[, hyper]) gives the parameters, or (parameters, state); apply(parameters, x), or with a state
apply((parameters, state), x), gives the outputs, or with a state (outputs, state), and takes those of train, key and
hyper that it has as parameters.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nnjax.core.types import Array, Key
from nnjax.models.adapters import modes
from nnjax.models.model import Hyper, Model, Variables


def adapt(pair: tuple[Callable[..., Any], Callable[..., Any]]) -> Model:
    """Make a model of two functions."""
    first, second = pair
    init_takes = inspect.signature(first).parameters
    apply_takes = inspect.signature(second).parameters

    def init(key: Key, example: Any, hyper: Hyper) -> Variables:
        drawn = first(key, example, hyper) if len(init_takes) > 2 else first(key, example)
        if isinstance(drawn, Variables):
            return drawn
        stateful = isinstance(drawn, tuple) and len(drawn) == 2 and not hasattr(drawn, "_fields")
        return Variables(*drawn) if stateful else Variables(drawn)

    def apply(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        more = modes.arguments(second, train, hyper) | ({"key": key} if "key" in apply_takes else {})
        given = variables if variables.state else variables.params
        found = second(given, x, **more)
        return found if isinstance(found, tuple) else (found, variables.state)

    return Model(init, apply)
