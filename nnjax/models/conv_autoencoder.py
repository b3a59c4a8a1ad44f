"""The convolutional autoencoder of the Keras blog ("Building Autoencoders in Keras", Chollet 2016) for 28 x 28 images.

Encoder: three 3 x 3 convolutions with a margin, each followed by pooling to half the size: 28, 14, 7, 4; the code is
the 4 x 4 maps of the last. Decoder: three convolutions, each followed by upsampling: 4, 8, 16; the third has no margin,
so 14, 28; then one convolution to the image. 4,385 parameters with 16, 8 and 8 maps.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from nnjax.config import ModelConfig
from nnjax.models.convolution import max_pool, pad, upsample
from nnjax.models.dense import ACTIVATIONS, KERNEL_INITS, Activation, Model, drop, dtypes, scale_kernels
from nnjax.models.layers import Convolution, Init
from nnjax.types import Array, Key, Params, UserError

SIDE, CODE_SIDE = 28, 4


class ConvAutoencoder(nn.Module):
    """Encoder and decoder of images [b, 28, 28, 1]; the last layer gives the pre-activation of the output.

    Attributes:
      maps: of the three convolutions of the encoder; the decoder has them in reverse.
      activation: of the hidden layers.
      kernel_init: draws the kernels; biases are zero.
      param_dtype: of the weights.
    """

    maps: tuple[int, ...]
    activation: Activation
    kernel_init: Init
    param_dtype: jnp.dtype

    def setup(self) -> None:
        """Make the layers layer_0 ... layer_6."""
        every = (*self.maps, *reversed(self.maps), 1)
        self.layer = [Convolution(maps, 3, self.kernel_init, self.param_dtype) for maps in every]

    def encode(self, x: Array, dropout: Array | None, key: Key | None) -> Array:
        """Encode: [b, 28, 28, 1] -> [b, 4, 4, maps]."""
        for index in range(3):
            x = max_pool(even(self.hidden(index, pad(x, 1), dropout, key)))
        return x

    def decode(self, x: Array, dropout: Array | None, key: Key | None) -> Array:
        """Decode: [b, 4, 4, maps] -> [b, 28, 28, 1]."""
        for index in range(3, 6):
            x = upsample(self.hidden(index, pad(x, 1 if index < 5 else 0), dropout, key))
        return self.layer[6](pad(x, 1))

    def hidden(self, index: int, x: Array, dropout: Array | None, key: Key | None) -> Array:
        """Apply one hidden layer with activation and dropout."""
        x = self.activation(self.layer[index](x))
        if dropout is not None and key is not None:
            x = drop(x, dropout, jax.random.fold_in(key, index))
        return x


def even(x: Array) -> Array:
    """Add to maps [b, h, w, maps] of odd size a row and a column that no maximum is taken from."""
    _, h, w, _ = x.shape
    return jnp.pad(x, ((0, 0), (0, h % 2), (0, w % 2), (0, 0)), constant_values=-jnp.inf)


def make_conv_autoencoder(config: ModelConfig, num_inputs: int, num_outputs: int) -> Model:
    """Build the autoencoder for d = k = 784; errors as in `kinds.make_model`."""
    if num_inputs != SIDE * SIDE:
        raise UserError(f"The data have {num_inputs} inputs, but {config.kind} reads images of 28 x 28 pixels.")
    dtype, param_dtype = dtypes(config)
    output, maps = ACTIVATIONS[config.output_activation], config.widths
    module = ConvAutoencoder(maps, ACTIVATIONS[config.activation], KERNEL_INITS[config.kernel_init], param_dtype)

    def run(params: Params, x: Array, shape: tuple[int, ...], method: str, *noise: Array | None) -> Array:
        y = module.apply(
            {"params": params}, x.reshape(-1, *shape).astype(dtype), *(noise or (None, None)), method=method
        )
        return y.reshape(*x.shape[:-1], -1).astype(param_dtype)

    def encode(params: Params, x: Array, *noise: Array | None) -> Array:
        return run(params, x, (SIDE, SIDE, 1), "encode", *noise)

    def decode(params: Params, code: Array, *noise: Array | None) -> Array:
        return run(params, code, (CODE_SIDE, CODE_SIDE, maps[-1]), "decode", *noise)

    def init(key: Key, init_scale: Array | None = None) -> Params:
        def both(module: nn.Module, x: Array) -> Array:
            return module.decode(module.encode(x, None, None), None, None)

        images = jnp.zeros((1, SIDE, SIDE, 1), param_dtype)
        return scale_kernels(module.init(key, images, method=both)["params"], init_scale)

    def logits(params: Params, x: Array, dropout: Array | None = None, key: Key | None = None) -> Array:
        return decode(params, encode(params, x, dropout, key), dropout, key)

    return Model(
        init=init,
        logits=logits,
        apply=lambda params, x: output(logits(params, x)),
        encode=encode,
        decode=lambda params, code: output(decode(params, code)),
        code_layer=len(maps),
    )
