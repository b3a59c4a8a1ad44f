"""A pair of functions (init, apply): in the contract's own form, or the short ones that are usual.

init(key, example[, hyper]) gives the parameters, or (parameters, state) where the state is a dictionary; `init(rng,
input_shape)` of `jax.example_libraries.stax` gives (output shape, parameters).
apply(parameters, x), or with a state apply((parameters, state), x), gives the outputs, or (outputs, state), and takes
those of train (by any usual name), key (or rng) and hyper that it has as parameters; one that takes all three gets
`Variables`. Parameters may stand in any order, and the state by itself: apply(params, state, rng, x, is_training) is
what `haiku.transform_with_state` makes.
encode(parameters, x) -> code and decode(parameters, code) -> z may follow, and get their parameters in the same form.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nnjax.core.types import Array, Key
from nnjax.models.adapters import modes
from nnjax.models.model import Hyper, Model, Variables

KEYS = ("key", "rng", "rng_key", "prng_key")


def adapt(some: tuple[Callable[..., Any], ...]) -> Model:
    """Make a model of two functions, and of encode and decode where they are given."""
    first, second, *further = some
    takes, init_takes = inspect.signature(second).parameters, inspect.signature(first).parameters
    whole = {"train", "key", "hyper"} <= set(takes)
    apart = "state" in list(takes)[1:]
    by_shape = "input_shape" in init_takes

    def init(key: Key, example: Any, hyper: Hyper) -> Variables:
        if by_shape:
            return Variables(first(key, example.shape)[1])
        drawn = first(key, example, **modes.arguments(first, True, hyper))
        if isinstance(drawn, Variables):
            return drawn
        stateful = isinstance(drawn, tuple) and len(drawn) == 2 and isinstance(drawn[1], Mapping)
        return Variables(*drawn) if stateful else Variables(drawn)

    def first_of(variables: Variables) -> Any:
        return variables.params if apart or not (whole or variables.state) else variables

    def apply(variables: Variables, x: Any, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        more = modes.arguments(second, train, hyper) | {name: key for name in KEYS if name in takes or by_shape}
        more |= {"state": variables.state} if apart else {}
        found = second(*_in_order(takes, [first_of(variables), x], more), **more)
        z, state = found if isinstance(found, tuple) and len(found) == 2 else (found, variables.state)
        return z, state if train else variables.state

    def method(function: Callable[..., Any]) -> Any:
        return lambda variables, x: function(first_of(variables), x)

    return Model(init, apply, *map(method, further))


def _in_order(takes: Mapping[str, inspect.Parameter], given: list[Any], named: dict[str, Any]) -> list[Any]:
    """List the arguments up to x as a function's parameters stand; those by name are taken out of `named`."""
    left, found = list(given), []
    for name in takes:
        if not left:
            break
        found.append(named.pop(name) if name in named else left.pop(0))
    return found + left
