"""What the layers of a network give, caught on its way while the network computes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import flax.linen as nn

from nnjax.types import Array


@contextlib.contextmanager
def caught(layers: Collection[str]) -> Iterator[dict[str, Array]]:
    """Catch what layers give, before their activation, while networks are applied inside the block.

    Args:
      layers: names of layers with weights, as in the parameters (see `census.trained_layers`).

    Yields:
      {layer: [b, ..., units]}, filled as the layers are applied; traced where they are.
    """
    outputs: dict[str, Array] = {}

    def note(call: Callable[..., Any], args: tuple, kwargs: Mapping[str, Any], context: nn.module.InterceptorContext):
        value = call(*args, **kwargs)
        name = context.module.name
        if name in layers and context.method_name == "__call__":
            outputs[name] = value
        return value

    with nn.intercept_methods(note):
        yield outputs
