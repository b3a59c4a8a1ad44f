"""LeNet-5 as it was published (LeCun, Bottou, Bengio & Haffner 1998, section II.B) and as it is taught today.

Both read 32 x 32 images; 28 x 28 ones get a margin of two pixels. Layers bear the paper's names: C convolutions, S
subsampling, F fully connected.
"""

import math
from collections.abc import Iterable
from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import ModelConfig
from nnjax.core.types import Array, Float, Key, Params, Scalar
from nnjax.models.convolution import Images, Phases, average_pool, convolve, flatten, images
from nnjax.models.convolution_layers import Convolution, bias
from nnjax.models.dense import Units, apply_dropout, dtypes, scale_kernels
from nnjax.models.lenet_tables import C3_INPUTS, bitmaps
from nnjax.models.model import Hyper, Model, Variables
from nnjax.models.registry import traits_of
from nnjax.nn.activations import ACTIVATIONS, Activation
from nnjax.nn.initializers import KERNEL_INITS, Initializer

SIDE = 32
BACKGROUND, INK = -0.1, 1.175  # the input's levels, of mean about 0 and variance about 1 (section II.B)


class Subsampling(nn.Module):
    """S2, S4: the sum of 2 x 2 pixels times a trainable coefficient plus a trainable bias, a pair for each map."""

    maps: int  # of the input and of the output
    # draws the coefficients [4 inputs of a unit, maps], of which the units share the first row
    kernel_init: Initializer
    param_dtype: jnp.dtype  # of the weights

    @nn.compact
    def __call__(self, x: Phases) -> Images:
        """Subsample: phases [2, 2, maps, h, w, b] -> [maps, h, w, b]."""

        def draw(key: Key, shape: tuple[int, ...], dtype: jnp.dtype) -> Array:
            return self.kernel_init(key, (4, *shape), dtype)[0]

        kernel = self.param("kernel", draw, (self.maps,), self.param_dtype).astype(x.dtype)
        return 4 * average_pool(x) * kernel[:, None, None, None] + bias(self, self.maps, x.dtype, self.param_dtype)


class SparseConvolution(nn.Module):
    """C3: a 5 x 5 convolution in which each map is connected to the maps of S2 that table I lists."""

    # draws the kernel [5, 5, 60], of the 60 pairs of maps; the fan-in is that of the map it belongs to
    kernel_init: Initializer
    param_dtype: jnp.dtype  # of the weights

    @nn.compact
    def __call__(self, x: Images) -> Phases:
        """Convolve: [6, h, w, b] -> phases [2, 2, 16, (h - 4) / 2, (w - 4) / 2, b]."""

        def draw(key: Key, shape: tuple[int, ...], dtype: jnp.dtype) -> Array:
            keys = jax.random.split(key, len(C3_INPUTS))
            parts = [self.kernel_init(k, (5, 5, len(seen), 1), dtype) for k, seen in zip(keys, C3_INPUTS, strict=True)]
            return jnp.concatenate(parts, axis=2).reshape(shape)

        places = connection_table()
        kernel = self.param("kernel", draw, (5, 5, len(places)), self.param_dtype).astype(x.dtype)
        kernel = jnp.einsum("hwp,pio->hwio", kernel, jnp.asarray(places, x.dtype))
        return convolve(x, kernel) + bias(self, len(C3_INPUTS), x.dtype, self.param_dtype)[None, None]


def connection_table() -> Float[np.ndarray, "pairs inputs maps"]:
    """Lay out table I, which map of S2 and which of C3 each pair connects: 0 or 1, float32 [60, 6, 16]."""
    found = [(seen, own) for own, inputs in enumerate(C3_INPUTS) for seen in inputs]
    places = np.zeros((len(found), 6, len(C3_INPUTS)), np.float32)
    for number, pair in enumerate(found):
        places[(number, *pair)] = 1
    return places


class LeNet5(nn.Module):
    """The published network: 60,000 trainable parameters, 340,908 connections."""

    activation: Activation  # of all hidden layers, subsampling too
    kernel_init: Initializer  # draws the kernels; biases are zero
    dtype: jnp.dtype  # of the computation
    param_dtype: jnp.dtype  # of the weights

    def setup(self) -> None:
        """Make the layers."""
        options: dict[str, Any] = {"kernel_init": self.kernel_init, "param_dtype": self.param_dtype}
        self.C1, self.S2 = Convolution(6, 5, **options), Subsampling(6, **options)
        self.C3, self.S4 = SparseConvolution(**options), Subsampling(16, **options)
        self.C5, self.F6 = (nn.Dense(width, dtype=self.dtype, **options) for width in (120, 84))

    def features(self, x: Images, dropout: Scalar | None, key: Key | None) -> Units:
        """Compute F6 of images [1, 32, 32, b] with values in [0, 1]: [b, 84]."""
        x = (INK - BACKGROUND) * x + BACKGROUND
        for layer in (self.C1, self.S2, self.C3, self.S4):
            x = self.activation(layer(x))
        return apply_hidden(
            (self.C5, self.F6), flatten(x), self.activation, dropout, key
        )  # C5's kernel covers all of S4

    def scores(self, code: Units) -> Float[Array, "b k"]:
        """Compute the negative squared distances of F6 [b, 84] to the ten bitmaps: [b, 10] (eq. 7, with a minus)."""
        return -jnp.sum(jnp.square(code[:, None] - jnp.asarray(bitmaps(), code.dtype)[None]), axis=-1)


class LeNet5Modern(nn.Module):
    """The network of today's tutorials: 61,706 parameters with widths 6, 16, 120, 84 and ten outputs."""

    widths: tuple[int, ...]  # feature maps of C1 and of C3, then of the dense layers
    num_outputs: int  # k
    activation: Activation  # of all hidden layers but the average pooling
    kernel_init: Initializer  # draws the kernels; biases are zero
    dtype: jnp.dtype  # of the computation
    param_dtype: jnp.dtype  # of the weights

    def setup(self) -> None:
        """Make the layers."""
        options: dict[str, Any] = {"kernel_init": self.kernel_init, "param_dtype": self.param_dtype}
        self.C1, self.C3 = (Convolution(maps, 5, **options) for maps in self.widths[:2])
        self.dense = [nn.Dense(width, dtype=self.dtype, **options) for width in self.widths[2:]]
        self.output = nn.Dense(self.num_outputs, dtype=self.dtype, **options)

    def features(self, x: Images, dropout: Scalar | None, key: Key | None) -> Units:
        """Compute the last hidden layer of images [1, 32, 32, b]: [b, width]."""
        for layer in (self.C1, self.C3):
            x = average_pool(self.activation(layer(x)))
        return apply_hidden(self.dense, flatten(x), self.activation, dropout, key)

    def scores(self, code: Units) -> Float[Array, "b k"]:
        """Compute the pre-activations of the outputs: [b, k]."""
        return self.output(code)


def pad_to_32(x: Images) -> Images:
    """Pad images [1, h, w, b] with zeros: [1, 32, 32, b]."""
    margin = (SIDE - x.shape[1]) // 2
    return jnp.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))


def apply_hidden(
    layers: Iterable[nn.Dense], x: Units, activation: Activation, dropout: Scalar | None, key: Key | None
) -> Units:
    """Apply dense hidden layers to x [b, d], each with activation and dropout."""
    for index, layer in enumerate(layers):
        x = activation(layer(x))
        if dropout is not None and key is not None:
            x = apply_dropout(x, dropout, jax.random.fold_in(key, index))
    return x


def make_lenet5(config: ModelConfig, num_inputs: int, num_outputs: int) -> Model:
    """Build LeNet-5 as published for d = 784 or 1,024 and k = 10 outputs; errors as in `registry.make_model`."""
    return _make_lenet(config, num_inputs, make_lenet5_module(config))


def make_lenet5_module(config: ModelConfig) -> LeNet5:
    """Build the Flax module of LeNet-5 as published."""
    return LeNet5(**_options(config))


def make_lenet5_modern(config: ModelConfig, num_inputs: int, num_outputs: int) -> Model:
    """Build today's LeNet-5 for d = 784 or 1,024 and k outputs; errors as in `registry.make_model`."""
    return _make_lenet(config, num_inputs, LeNet5Modern(config.widths, num_outputs, **_options(config)))


def _options(config: ModelConfig) -> dict[str, Any]:
    dtype, param_dtype = dtypes(config)
    return {
        "activation": ACTIVATIONS[config.activation],
        "kernel_init": KERNEL_INITS[config.kernel_init],
        "dtype": dtype,
        "param_dtype": param_dtype,
    }


def _make_lenet(config: ModelConfig, num_inputs: int, module: LeNet5 | LeNet5Modern) -> Model:
    """Make the pure functions of a LeNet-5."""
    dtype, param_dtype = module.dtype, module.param_dtype
    side = _side(num_inputs, config)

    def run(params: Params, x: Array, method: str, *args: Array | None) -> Array:
        return cast(Array, module.apply({"params": params}, x.astype(dtype), *args, method=method)).astype(param_dtype)

    def encode(variables: Variables, x: Array, dropout: Scalar | None = None, key: Key | None = None) -> Array:
        lead = x.shape[:-1]
        found = run(variables.params, pad_to_32(images(x.reshape(-1, side * side), side)), "features", dropout, key)
        return found.reshape(*lead, -1)

    def decode(variables: Variables, code: Array) -> Array:
        return run(variables.params, code.reshape(-1, code.shape[-1]), "scores").reshape(*code.shape[:-1], -1)

    def init(key: Key, example: Array, hyper: Hyper) -> Variables:
        def both(module: LeNet5 | LeNet5Modern, x: Array) -> Array:
            return module.scores(module.features(x, None, None))

        blank = jnp.zeros((1, SIDE, SIDE, 1), param_dtype)
        return Variables(scale_kernels(module.init(key, blank, method=both)["params"], hyper.get("init_scale")))

    def apply(variables: Variables, x: Array, *, train: bool, key: Key | None, hyper: Hyper) -> tuple[Array, Any]:
        return decode(variables, encode(variables, x, hyper.get("dropout") if train else None, key)), {}

    return Model(init, apply, encode, decode, len(config.widths))


def _side(num_inputs: int, config: ModelConfig) -> int:
    side = math.isqrt(num_inputs)
    if not traits_of(config).reads_images((side, side), num_inputs):
        raise UserError(
            f"The data have {num_inputs} inputs, but {config.kind} reads images of 28 x 28 or 32 x 32 pixels."
        )
    return side
