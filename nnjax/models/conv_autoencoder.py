"""The convolutional autoencoder of the Keras blog ("Building Autoencoders in Keras", Chollet 2016) for 28 x 28 images.

Encoder: three 3 x 3 convolutions with a margin, each followed by pooling to half the size: 28, 14, 7, 4; the code is
the 4 x 4 maps of the last. Decoder: three convolutions, each followed by upsampling: 4, 8, 16; the third has no margin,
so 14, 28; then one convolution to the image. 4,385 parameters with 16, 8 and 8 maps.
"""

from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import ModelConfig
from nnjax.core.types import Array, Key, Params, Scalar
from nnjax.models.convolution import Images, Phases, flatten, images, join, max_pool
from nnjax.models.convolution_layers import Convolution
from nnjax.models.dense import apply_dropout, dtypes, scale_kernels
from nnjax.models.model import Hyper, Model, Variables
from nnjax.nn.activations import ACTIVATIONS, Activation
from nnjax.nn.initializers import KERNEL_INITS, Initializer

SIDE, CODE_SIDE = 28, 4


class ConvAutoencoder(nn.Module):
    """Encoder and decoder of images [1, 28, 28, b]; the last layer gives the pre-activation of the output."""

    maps: tuple[int, ...]  # of the three convolutions of the encoder; the decoder has them in reverse
    activation: Activation  # of the hidden layers
    kernel_init: Initializer  # draws the kernels; biases are zero
    param_dtype: jnp.dtype  # of the weights

    def setup(self) -> None:
        """Make the layers layer_0 ... layer_6."""
        every = (*self.maps, *reversed(self.maps), 1)
        self.layer = [Convolution(maps, 3, self.kernel_init, self.param_dtype) for maps in every]

    def encode(self, x: Images, dropout: Scalar | None, key: Key | None) -> Images:
        """Encode: [1, 28, 28, b] -> [maps, 4, 4, b]."""
        for index in range(3):
            side = x.shape[1]
            x = max_pool(mask_outside(self.hidden(index, x, dropout, key, margin=1), side))
        return x

    def decode(self, x: Images, dropout: Scalar | None, key: Key | None) -> Images:
        """Decode: [maps, 4, 4, b] -> [1, 28, 28, b]."""
        x = join(self.hidden(3, x, dropout, key, margin=1), 4)
        x = join(self.hidden(4, x, dropout, key, margin=1, factor=2), 8)
        x = join(self.hidden(5, x, dropout, key, factor=2), 14)
        return join(self.layer[6](x, margin=1, factor=2, tile=4), SIDE)  # of a single map: larger tiles

    def hidden(self, index: int, x: Images, dropout: Scalar | None, key: Key | None, **form: int) -> Phases:
        """Apply one hidden layer with activation and dropout; `form` is of `Convolution`, phases are returned."""
        x = self.activation(self.layer[index](x, **form))
        if dropout is not None and key is not None:
            x = apply_dropout(x, dropout, jax.random.fold_in(key, index))
        return x


def mask_outside(y: Phases, side: int) -> Phases:
    """Set phases [t, t, maps, n, n, b] to -∞ beyond side x side pixels, so that no maximum is taken there."""
    tile, _, _, n, _, _ = y.shape
    if tile * n == side:
        return y
    inside = tile * np.arange(n)[None] + np.arange(tile)[:, None] < side  # [t, n]
    both = inside[:, None, None, :, None, None] & inside[None, :, None, None, :, None]
    return jnp.where(both, y, -jnp.inf)


def make_conv_autoencoder(config: ModelConfig, num_inputs: int, num_outputs: int) -> Model:
    """Build the autoencoder for d = k = 784; errors as in `registry.make_model`."""
    if num_inputs != SIDE * SIDE:
        raise UserError(f"The data have {num_inputs} inputs, but {config.kind} reads images of 28 x 28 pixels.")
    dtype, param_dtype = dtypes(config)
    maps = config.widths
    module = ConvAutoencoder(maps, ACTIVATIONS[config.activation], KERNEL_INITS[config.kernel_init], param_dtype)

    def run(params: Params, x: Array, side: int, method: str, *noise: Array | None) -> Array:
        examples = images(x.reshape(-1, x.shape[-1]), side).astype(dtype)
        y = flatten(cast(Array, module.apply({"params": params}, examples, *(noise or (None, None)), method=method)))
        return y.reshape(*x.shape[:-1], -1).astype(param_dtype)

    def encode(variables: Variables, x: Array, *noise: Array | None) -> Array:
        return run(variables.params, x, SIDE, "encode", *noise)

    def decode(variables: Variables, code: Array, *noise: Array | None) -> Array:
        return run(variables.params, code, CODE_SIDE, "decode", *noise)

    def init(key: Key, example: Array, hyper: Hyper) -> Variables:
        def both(module: ConvAutoencoder, x: Array) -> Array:
            return module.decode(module.encode(x, None, None), None, None)

        blank = jnp.zeros((1, SIDE, SIDE, 1), param_dtype)
        return Variables(scale_kernels(module.init(key, blank, method=both)["params"], hyper.get("init_scale")))

    def apply(variables: Variables, x: Array, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        noise = (hyper.get("dropout"), key) if train else (None, None)
        return decode(variables, encode(variables, x, *noise), *noise), {}

    return Model(init, apply, encode, decode, len(maps))
