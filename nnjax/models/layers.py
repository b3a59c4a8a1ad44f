"""Linen layers of the convolutional networks, named and initialised like `dense.Dense`: kernel and bias."""

from __future__ import annotations

from collections.abc import Callable

import flax.linen as nn
import jax.numpy as jnp

from nnjax.models.convolution import convolve
from nnjax.types import Array

Init = Callable[..., Array]


class Convolution(nn.Module):
    """A convolution wherever the kernel fits: [b, h, w, channels] -> [b, h - size + 1, w - size + 1, maps].

    Attributes:
      maps: feature maps to make.
      size: height and width of the kernel [size, size, channels, maps].
      kernel_init: draws it; biases [maps] are zero.
      param_dtype: of the weights; the computation is in the type of x.
    """

    maps: int
    size: int
    kernel_init: Init
    param_dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Convolve x."""
        shape = (self.size, self.size, x.shape[-1], self.maps)
        kernel = self.param("kernel", self.kernel_init, shape, self.param_dtype)
        return convolve(x, kernel.astype(x.dtype)) + bias(self, self.maps, x.dtype, self.param_dtype)


def bias(module: nn.Module, maps: int, dtype: jnp.dtype, param_dtype: jnp.dtype) -> Array:
    """Make a layer's bias: [1, 1, 1, maps] zeros, to be added to [b, h, w, maps]."""
    value = module.param("bias", nn.initializers.zeros, (maps,), param_dtype)
    return value.astype(dtype)[None, None, None]
