"""Fully connected networks: the multilayer perceptron and the autoencoder (lecture slides, sections 3 and 7).

Each layer is f(Wx + b) (slides: w "sets the sensitivity", b "up-down weights", f "turns neurons on-off").
"""

from __future__ import annotations

from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp

from nnjax.core.experiment import ModelConfig
from nnjax.core.types import Array, Float, Key, Params, Scalar
from nnjax.models.model import Hyper, Model, Variables
from nnjax.models.registry import traits_of
from nnjax.nn.activations import ACTIVATIONS, Activation
from nnjax.nn.initializers import KERNEL_INITS, Initializer

Units = Float[Array, "... units"]  # of a layer


class Dense(nn.Module):
    """A stack of dense layers; the last one gives the pre-activation of the output.

    Attributes:
      widths: of the hidden layers.
      num_outputs: k.
      activation: of the hidden layers.
      kernel_init: draws the kernels; biases are zero.
      dtype: of the computation.
      param_dtype: of the weights.
    """

    widths: tuple[int, ...]
    num_outputs: int
    activation: Activation
    kernel_init: Initializer
    dtype: jnp.dtype
    param_dtype: jnp.dtype

    def setup(self) -> None:
        """Make the layers layer_0 … layer_h."""
        self.layer = [
            nn.Dense(width, kernel_init=self.kernel_init, dtype=self.dtype, param_dtype=self.param_dtype)
            for width in (*self.widths, self.num_outputs)
        ]

    def __call__(
        self, x: Units, start: int = 0, stop: int | None = None, dropout: Scalar | None = None, key: Key | None = None
    ) -> Units:
        """Apply layers start … stop - 1 to x [..., d]; hidden ones with activation and dropout, the last one bare."""
        x = x.astype(self.dtype)
        stop = len(self.layer) if stop is None else stop
        for index in range(start, stop):
            x = self.layer[index](x)
            if index < len(self.widths):
                x = self.activation(x)
                if dropout is not None and key is not None:
                    x = apply_dropout(x, dropout, jax.random.fold_in(key, index))
        return x.astype(self.param_dtype)


def apply_dropout(x: Float[Array, "..."], rate: Scalar, key: Key) -> Float[Array, "..."]:
    """Set a share `rate` of x to zero and scale the rest by 1 / (1 - rate); the rate may be traced (Linen's may not).

    Source: Srivastava et al. 2014, inverted as in Keras and Flax.
    """
    keep = 1 - rate
    mask = jax.random.uniform(key, x.shape, dtype=keep.dtype) < keep
    return jnp.where(mask, x / keep.astype(x.dtype), jnp.zeros_like(x))


def code_layer(config: ModelConfig) -> int:
    """How many hidden layers the encoder has: up to the narrowest of an autoencoder, all of an MLP."""
    if traits_of(config).reconstructs and config.widths:
        return config.widths.index(min(config.widths)) + 1
    return len(config.widths)


def make_dense(config: ModelConfig, num_inputs: int, num_outputs: int) -> Model:
    """Build the network for d inputs and k outputs; errors as in `registry.make_model`."""
    dtype, param_dtype = dtypes(config)
    module = Dense(
        widths=config.widths,
        num_outputs=num_outputs,
        activation=ACTIVATIONS[config.activation],
        kernel_init=KERNEL_INITS[config.kernel_init],
        dtype=dtype,
        param_dtype=param_dtype,
    )
    middle = code_layer(config)

    def init(key: Key, example: Array, hyper: Hyper) -> Variables:
        params = module.init(key, jnp.zeros((1, num_inputs), module.param_dtype))["params"]
        return Variables(scale_kernels(params, hyper.get("init_scale")))

    def apply(variables: Variables, x: Array, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        dropout = hyper.get("dropout") if train else None
        return cast(Array, module.apply({"params": variables.params}, x, dropout=dropout, key=key)), {}

    def encode(variables: Variables, x: Array) -> Array:
        return cast(Array, module.apply({"params": variables.params}, x, stop=middle))

    def decode(variables: Variables, code: Array) -> Array:
        return cast(Array, module.apply({"params": variables.params}, code, start=middle))

    return Model(init, apply, encode, decode, middle)


def dtypes(config: ModelConfig) -> tuple[jnp.dtype, jnp.dtype]:
    """Return the types of the computation and of the weights, which are float32 at least."""
    dtype = jnp.dtype(config.dtype)
    return dtype, dtype if dtype == jnp.float64 else jnp.dtype(jnp.float32)


def scale_kernels(params: Params, factor: Scalar | None) -> Params:
    """Multiply all kernels by a factor [], or by nothing."""

    if factor is None:
        return params

    def scale(path: tuple[Any, ...], leaf: Array) -> Array:
        return leaf * factor.astype(leaf.dtype) if path[-1].key == "kernel" else leaf

    return jax.tree_util.tree_map_with_path(scale, params)
