"""Fully connected networks: the multilayer perceptron and the autoencoder (lecture slides, sections 3 and 7).

Each layer is f(Wx + b) (slides: w "sets the sensitivity", b "up-down weights", f "turns neurons on-off").
"""

import itertools
from collections.abc import Sequence
from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp

from nnjax.core.experiment import ModelConfig
from nnjax.core.types import Array, Count, Float, Key, Params, Scalar
from nnjax.models.model import Hyper, Model, Variables
from nnjax.models.registry import traits_of
from nnjax.nn.activations import ACTIVATIONS, Activation
from nnjax.nn.initializers import KERNEL_INITS, KernelInit, draw_bias

Units = Float[Array, "... units"]  # of a layer
OUTPUT = 2**31 - 1  # what the key of the output layer is folded with


class Dense(nn.Module):
    """A stack of dense layers; the last one gives the pre-activation of the output."""

    widths: tuple[int, ...]  # of the hidden layers
    num_outputs: int  # k
    activation: Activation  # of the hidden layers
    dtype: jnp.dtype  # of the computation
    param_dtype: jnp.dtype  # of the weights

    def setup(self) -> None:
        """Make the layers layer_0 … layer_h."""
        self.layer = [
            nn.Dense(width, dtype=self.dtype, param_dtype=self.param_dtype)
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
                    x = drop_by_example(x, dropout, jax.random.fold_in(key, index))
        return x.astype(self.param_dtype)


def apply_dropout(x: Float[Array, "..."], rate: Scalar, key: Key) -> Float[Array, "..."]:
    """Set a share `rate` of x to zero and scale the rest by 1 / (1 - rate); the rate may be traced (Linen's may not).

    Source: Srivastava et al. 2014, inverted as in Keras and Flax.
    """
    keep = 1 - rate
    mask = jax.random.uniform(key, x.shape, dtype=keep.dtype) < keep
    return jnp.where(mask, x / keep.astype(x.dtype), jnp.zeros_like(x))


def drop_by_example(
    x: Float[Array, "b units"], rate: Scalar, key: Key, first: Count | int = 0
) -> Float[Array, "b units"]:
    """Apply dropout whose mask depends on an example's place in the batch and a unit's in the layer, not on x's shape.

    Args: as of `apply_dropout`; and the place of the first example, where x is a part of the batch.
    """
    keys = jax.vmap(lambda example: jax.random.fold_in(key, example))(first + jnp.arange(len(x)))
    keep = 1 - rate
    mask = jax.vmap(lambda own: jax.random.uniform(own, x.shape[1:], dtype=keep.dtype))(keys) < keep
    return jnp.where(mask, x / keep.astype(x.dtype), jnp.zeros_like(x))


def draw_layers(key: Key, sizes: Sequence[int], init: KernelInit, dtype: jnp.dtype, bias_init: str = "zeros") -> Params:
    """Draw the weights of dense layers by place: kernels [sizes[i], sizes[i + 1]], and biases.

    A hidden layer has the key folded with its number, the output layer with `OUTPUT`, whatever the depth.
    """
    params = {}
    for index, (rows, units) in enumerate(itertools.pairwise(sizes)):
        own = jax.random.fold_in(key, OUTPUT if index == len(sizes) - 2 else index)
        fans = jnp.asarray(rows, dtype), jnp.asarray(units, dtype)
        kernel = init.by_place(own, rows, units, dtype) * init.width(*fans)
        params[f"layer_{index}"] = {"kernel": kernel, "bias": draw_bias(bias_init, own, fans, units, dtype)}
    return params


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
        dtype=dtype,
        param_dtype=param_dtype,
    )
    middle, sizes = code_layer(config), (num_inputs, *config.widths, num_outputs)
    drawn = KERNEL_INITS[config.kernel_init]

    def init(key: Key, example: Array, hyper: Hyper) -> Variables:
        params = draw_layers(key, sizes, drawn, param_dtype, config.bias_init)
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
