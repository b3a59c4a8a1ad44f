"""Capture the outputs of a network's layers while it is applied."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import flax.linen as nn
from flax.linen.module import InterceptorContext

from nnjax.core.types import Array, Float
from nnjax.models.convolution import join
from nnjax.models.convolution_layers import Convolution

Args = tuple[Any, ...]


@contextlib.contextmanager
def capture_layer_outputs(layers: Collection[str]) -> Iterator[dict[str, Float[Array, "b ..."]]]:
    """Capture the outputs of layers, before their activation, while networks are applied inside the block.

    Args:
      layers: names of layers with weights, as in the parameters (see `summary.trained_layers`).

    Yields:
      {layer: [b, units], or of a convolution [b, h, w, maps]}, filled as layers are applied; traced where they are.
    """
    outputs: dict[str, Float[Array, "b ..."]] = {}

    def note(call: Callable[..., Any], args: Args, kwargs: Mapping[str, Any], context: InterceptorContext) -> Any:
        value = call(*args, **kwargs)
        name = context.module.name or ""
        if name in layers and context.method_name == "__call__":
            outputs[name] = value if value.ndim == 2 else _images(context.module, value, args, kwargs)
        return value

    with nn.intercept_methods(note):
        yield outputs


def _images(layer: nn.Module, value: Array, args: Args, kwargs: Mapping[str, Any]) -> Array:
    """Lay out the output of a convolutional layer as [b, h, w, maps], cropped to the images."""
    if value.ndim == 6:
        side = value.shape[0] * value.shape[3]
        if isinstance(layer, Convolution):
            side = kwargs.get("factor", 1) * args[0].shape[1] + 2 * kwargs.get("margin", 0) - layer.size + 1
        value = join(value, side)
    return value.transpose(3, 1, 2, 0)
