"""Linen layers of the convolutional networks, named and initialized like `dense.Dense`: kernel and bias."""

import flax.linen as nn
import jax.numpy as jnp

from nnjax.core.types import Array, Float
from nnjax.models.convolution import Images, Phases, convolve
from nnjax.nn.initializers import Initializer


class Convolution(nn.Module):
    """A convolution wherever the kernel fits: [channels, h, w, b] -> phases [t, t, maps, n, m, b], see `convolve`."""

    maps: int  # feature maps to make
    size: int  # height and width of the kernel [size, size, channels, maps]
    kernel_init: Initializer  # draws it; biases [maps] are zero
    param_dtype: jnp.dtype  # of the weights; the computation is in the type of x

    @nn.compact
    def __call__(self, x: Images, margin: int = 0, factor: int = 1, tile: int = 2) -> Phases:
        """Convolve x, after repeating each pixel and padding."""
        shape = (self.size, self.size, x.shape[0], self.maps)
        kernel = self.param("kernel", self.kernel_init, shape, self.param_dtype).astype(x.dtype)
        return convolve(x, kernel, margin, factor, tile) + bias(self, self.maps, x.dtype, self.param_dtype)[None, None]


def bias(module: nn.Module, maps: int, dtype: jnp.dtype, param_dtype: jnp.dtype) -> Float[Array, "maps 1 1 1"]:
    """Make a layer's bias: [maps, 1, 1, 1] zeros, to be added to [maps, h, w, b]."""
    value = module.param("bias", nn.initializers.zeros, (maps,), param_dtype)
    return value.astype(dtype)[:, None, None, None]
