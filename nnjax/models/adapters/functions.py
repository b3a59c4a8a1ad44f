"""A pair of functions (init, apply): in the contract's own form, or the short ones that are usual.

init(key, example[, hyper]) gives the parameters, or (parameters, state) where the state is a dictionary.
apply(parameters, x), or with a state apply((parameters, state), x), gives the outputs, or (outputs, state),
and takes those of train, key and hyper that it has as parameters; one that takes all three gets `Variables`.
encode(parameters, x) -> code and decode(parameters, code) -> z may follow, and get their parameters in the same form.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nnjax.core.types import Array, Key
from nnjax.models.adapters import modes
from nnjax.models.model import Hyper, Model, Variables


def adapt(some: tuple[Callable[..., Any], ...]) -> Model:
    """Make a model of two functions, and of encode and decode where they are given."""
    first, second, *further = some
    takes, init_takes = inspect.signature(second).parameters, inspect.signature(first).parameters
    whole = {"train", "key", "hyper"} <= set(takes)

    def init(key: Key, example: Any, hyper: Hyper) -> Variables:
        drawn = first(key, example, **({"hyper": hyper} if "hyper" in init_takes else {}))
        if isinstance(drawn, Variables):
            return drawn
        stateful = isinstance(drawn, tuple) and len(drawn) == 2 and isinstance(drawn[1], Mapping)
        return Variables(*drawn) if stateful else Variables(drawn)

    def apply(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        more = modes.arguments(second, train, hyper) | ({"key": key} if "key" in takes else {})
        found = second(variables if whole or variables.state else variables.params, x, **more)
        z, state = found if isinstance(found, tuple) else (found, variables.state)
        return z, state if train else variables.state

    def method(function: Callable[..., Any]) -> Any:
        return lambda variables, x: function(variables if whole or variables.state else variables.params, x)

    return Model(init, apply, *map(method, further))
