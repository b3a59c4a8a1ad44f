"""Networks imported from Keras: chains of layers of `nnjax.models.imported_layers`, applied but not trained."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Float
from nnjax.models.imported_layers import Layer, Shape, Weights

LARGEST = 10**8  # numbers that a layer may make of one example
MOST_LAYERS = 1000


@dataclass(frozen=True)
class Stack:
    """A chain of layers."""

    input_shape: Shape  # of one example
    layers: tuple[Layer, ...]  # in order; the arrays of layers[i] are params["layer_i"]

    def weights(self) -> dict[str, dict[str, Shape]]:
        """Name all arrays and their shapes: {"layer_i": {"kernel": …}}, without layers that have none.

        Raises:
          UserError: a layer cannot read what the one before it makes.
        """
        if len(self.layers) > MOST_LAYERS:
            raise UserError(f"The network has {len(self.layers):,} layers; at most {MOST_LAYERS:,} are read.")
        found, shape = {}, self.input_shape
        for index, layer in enumerate(self.layers):
            after = layer.output(shape)
            if math.prod(after) > LARGEST:
                raise UserError(
                    f"Layer {index} makes {math.prod(after):,} numbers of an example, more than {LARGEST:,}."
                )
            found[f"layer_{index}"], shape = layer.weights(shape), after
        return {name: arrays for name, arrays in found.items() if arrays}

    def output_shape(self) -> Shape:
        """Return the shape of its output for one example."""
        shape = self.input_shape
        for layer in self.layers:
            shape = layer.output(shape)
        return shape

    def apply(self, params: Mapping[str, Weights], x: Float[Array, "b d"]) -> Float[Array, "b k"]:
        """Apply it to flat examples x [b, d], in evaluation mode: [b, k]."""
        x = x.reshape(-1, *self.input_shape)
        for index, layer in enumerate(self.layers):
            x = layer.apply(params.get(f"layer_{index}", {}), x)
        return x.reshape(-1, math.prod(self.output_shape()))
