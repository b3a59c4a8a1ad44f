"""Bind the axes that a model names, as that of the devices on which its author trained it."""

import re
from collections.abc import Callable
from typing import Any

import jax

UNBOUND = re.compile(r"unbound axis name: (\w+)")


def with_axes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Call a function; where it names an axis that is not there, as one device of an axis of size 1.

    `nn.BatchNorm(axis_name="batch")` is written for `jax.pmap`; on one device its statistics are those of the batch.
    """

    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except NameError as error:
            if not (found := UNBOUND.search(str(error))):
                raise
            name = found[1]

        def on_one(*given: Any) -> Any:
            return with_axes(function)(*given, **kwargs)

        held = jax.vmap(on_one, in_axes=None, axis_name=name, axis_size=1)(*args)
        return jax.tree.map(lambda leaf: leaf[0], held)

    return called
