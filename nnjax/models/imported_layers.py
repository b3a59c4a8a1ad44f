"""Layers of Keras 3, for imported networks (`nnjax.models.imported`).

Shapes are those of one example, images [height, width, channels]; x has the examples b as its first axis.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import jax
import jax.numpy as jnp
from jax import lax

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Float
from nnjax.nn.activations import ACTIVATIONS

Shape = tuple[int, ...]
Examples = Float[Array, "b ..."]
Weights = Mapping[str, Float[Array, "..."]]
Function = Callable[[Examples, float], Examples]  # (x, the activation's own number, such as a slope) -> values


def _without_number(function: Callable[[Examples], Examples]) -> Function:
    return lambda x, _: function(x)


FUNCTIONS: dict[str, Function] = {
    **{name: _without_number(activation.function) for name, activation in ACTIVATIONS.items()},
    "leaky_relu": lambda x, slope: jnp.where(x >= 0, x, slope * x),
    "elu": lambda x, alpha: jnp.where(x > 0, x, alpha * jnp.expm1(x)),
    "gelu_erf": lambda x, _: jax.nn.gelu(x, approximate=False),
    "softsign": _without_number(jax.nn.soft_sign),
    "exponential": _without_number(jnp.exp),
} | {
    name: _without_number(getattr(jax.nn, name))
    for name in ("selu", "relu6", "silu", "mish", "hard_sigmoid", "hard_silu", "log_softmax")
}


class Layer:
    """A layer, its fields its options; by default one without arrays that keeps the shape."""

    def weights(self, shape: Shape) -> dict[str, Shape]:
        """Name its arrays and their shapes, for inputs of a shape."""
        return {}

    def output(self, shape: Shape) -> Shape:
        """Return the shape of its outputs for inputs of a shape; UserError where it cannot read them."""
        return shape

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Apply it to x [b, …]."""
        raise NotImplementedError


@dataclass(frozen=True)
class Dense(Layer):
    """x W + b along the last axis; kernel [d, units], bias [units]."""

    units: int
    use_bias: bool = True

    def weights(self, shape: Shape) -> dict[str, Shape]:
        """Name its arrays."""
        return {"kernel": (shape[-1], self.units)} | ({"bias": (self.units,)} if self.use_bias else {})

    def output(self, shape: Shape) -> Shape:
        """Replace the last axis."""
        _require(len(shape) >= 1 and self.units > 0, "Dense", "vectors, and has at least one unit", shape)
        return (*shape[:-1], self.units)

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Multiply."""
        return _add_bias(x @ weights["kernel"], weights)


@dataclass(frozen=True)
class Conv2D(Layer):
    """Correlate images with kernels [*size, channels / groups, filters]; bias [filters]. `padding`: valid or same."""

    filters: int
    size: tuple[int, ...]
    strides: tuple[int, ...] = (1, 1)
    padding: str = "valid"
    dilation: tuple[int, ...] = (1, 1)
    groups: int = 1
    use_bias: bool = True

    def weights(self, shape: Shape) -> dict[str, Shape]:
        """Name its arrays."""
        kernel = (*self.size, shape[-1] // self.groups, self.filters)
        return {"kernel": kernel} | ({"bias": (self.filters,)} if self.use_bias else {})

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the maps."""
        fits = _is_image(shape) and self.filters > 0 and self.groups > 0
        fits = fits and shape[2] % self.groups == 0 and self.filters % self.groups == 0 and _pair(self.dilation)
        _require(fits, "Conv2D", "images whose channels its groups divide", shape)
        extent = tuple((size - 1) * step + 1 for size, step in zip(self.size, self.dilation, strict=False))
        return (*_slide("Conv2D", shape, extent, self.strides, self.padding), self.filters)

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Correlate."""
        maps = lax.conv_general_dilated(
            jnp.asarray(x),
            jnp.asarray(weights["kernel"]),
            self.strides,
            self.padding.upper(),
            rhs_dilation=self.dilation,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=self.groups,
        )
        return _add_bias(maps, weights)


@dataclass(frozen=True)
class Pooling2D(Layer):
    """The maximum or average of windows; what padding adds is not counted. `kind`: max or average."""

    kind: str
    size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str = "valid"

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the pooled maps."""
        _require(_is_image(shape) and self.kind in ("max", "average"), "Pooling2D", "images (max or average)", shape)
        _require(_pair(self.size) and max(self.size) <= max(shape[:2]), "Pooling2D", "images as large as it", shape)
        return (*_slide("Pooling2D", shape, self.size, self.strides, self.padding), shape[2])

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Pool."""
        window, strides, padding = (1, *self.size, 1), (1, *self.strides, 1), self.padding.upper()
        if self.kind == "max":
            return cast(Array, lax.reduce_window(x, -jnp.inf, lax.max, window, strides, padding))
        total = lax.reduce_window(x, 0.0, lax.add, window, strides, padding)
        ones = jnp.ones((1, *x.shape[1:]), x.dtype)
        return cast(Array, total / lax.reduce_window(ones, 0.0, lax.add, window, strides, padding))


@dataclass(frozen=True)
class GlobalPooling2D(Layer):
    """The maximum or average of each map. `kind`: max or average; `keepdims` keeps its axes."""

    kind: str
    keepdims: bool = False

    def output(self, shape: Shape) -> Shape:
        """Leave the channels."""
        fits = _is_image(shape) and self.kind in ("max", "average")
        _require(fits, "GlobalPooling2D", "images (max or average)", shape)
        return (1, 1, shape[2]) if self.keepdims else shape[2:]

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Pool."""
        return (jnp.max if self.kind == "max" else jnp.mean)(x, axis=(1, 2), keepdims=self.keepdims)


@dataclass(frozen=True)
class Reshape(Layer):
    """Another shape of the same numbers; one axis may be -1, and (-1,) flattens."""

    shape: tuple[int, ...]

    def output(self, shape: Shape) -> Shape:
        """Resolve the -1."""
        known, total = math.prod(side for side in self.shape if side != -1), math.prod(shape)
        resolved = tuple(total // known if side == -1 and known else side for side in self.shape)
        fits = all(side > 0 for side in resolved) and self.shape.count(-1) <= 1 and math.prod(resolved) == total
        _require(fits and len(resolved) > 0, "Reshape", f"what can be given the shape {self.shape}", shape)
        return resolved

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Reshape."""
        return x.reshape(x.shape[0], *self.output(x.shape[1:]))


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each number, or of the last axis (softmax), by its name in `FUNCTIONS`; `value` is its slope."""

    name: str
    value: float = 0.0

    def output(self, shape: Shape) -> Shape:
        """Leave the shape."""
        if self.name not in FUNCTIONS:
            raise UserError(f"The activation {self.name!r} is unknown; there are {', '.join(FUNCTIONS)}.")
        return shape

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Apply the function."""
        return FUNCTIONS[self.name](x, self.value)


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """(x - mean) / √(variance + ε) · gamma + beta along the last axis, with the moving mean and variance [channels]."""

    epsilon: float = 1e-3
    scale: bool = True
    center: bool = True

    def weights(self, shape: Shape) -> dict[str, Shape]:
        """Name its arrays."""
        names = ["gamma"] * self.scale + ["beta"] * self.center + ["mean", "variance"]
        return dict.fromkeys(names, shape[-1:])

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Normalize."""
        w = {name: jnp.broadcast_to(array, x.shape) for name, array in weights.items()}
        x = (x - w["mean"]) * lax.rsqrt(w["variance"] + self.epsilon)
        x = x * w["gamma"] if self.scale else x
        return x + w["beta"] if self.center else x


@dataclass(frozen=True)
class UpSampling2D(Layer):
    """Repeat each pixel along both axes."""

    factors: tuple[int, ...]

    def output(self, shape: Shape) -> Shape:
        """Multiply height and width."""
        _require(_is_image(shape) and _pair(self.factors), "UpSampling2D", "images", shape)
        return (shape[0] * self.factors[0], shape[1] * self.factors[1], shape[2])

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Repeat."""
        return jnp.repeat(jnp.repeat(x, self.factors[0], axis=1), self.factors[1], axis=2)


@dataclass(frozen=True)
class ZeroPadding2D(Layer):
    """Pad images with zeros: top, bottom, left, right."""

    margins: tuple[int, ...]

    def output(self, shape: Shape) -> Shape:
        """Add the margins."""
        fits = _is_image(shape) and len(self.margins) == 4 and min(self.margins) >= 0
        _require(fits, "ZeroPadding2D", "images", shape)
        top, bottom, left, right = self.margins
        return (shape[0] + top + bottom, shape[1] + left + right, shape[2])

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Pad."""
        top, bottom, left, right = self.margins
        return jnp.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))


@dataclass(frozen=True)
class Rescaling(Layer):
    """x · scale + offset; both one number, or one for each of the last axis."""

    scale: float | tuple[float, ...]
    offset: float | tuple[float, ...] = 0.0

    def output(self, shape: Shape) -> Shape:
        """Return the input's shape."""
        fits = all(len(part) == shape[-1] for part in (self.scale, self.offset) if isinstance(part, tuple))
        _require(fits, "Rescaling", "as many numbers as its scale has", shape)
        return shape

    def apply(self, weights: Weights, x: Examples) -> Examples:
        """Rescale."""
        scale, offset = (jnp.broadcast_to(jnp.asarray(part, x.dtype), x.shape) for part in (self.scale, self.offset))
        return x * scale + offset


def _add_bias(x: Examples, weights: Weights) -> Examples:
    return x + jnp.broadcast_to(weights["bias"], x.shape) if "bias" in weights else x


def _is_image(shape: Shape) -> bool:
    return len(shape) == 3


def _pair(sides: tuple[int, ...]) -> bool:
    return len(sides) == 2 and min(sides) > 0


def _slide(name: str, shape: Shape, extent: Shape, strides: Shape, padding: str) -> Shape:
    """Count the places of a window along height and width (Keras's valid and same)."""
    fits = _pair(extent) and _pair(strides) and padding in ("valid", "same")
    _require(fits, name, "images (two sides, two strides, padding valid or same)", shape)
    same = padding == "same"
    places = [
        -(-side // step) if same else (side - size) // step + 1
        for side, size, step in zip(shape[:2], extent, strides, strict=True)
    ]
    _require(min(places) > 0 and max(extent) <= 4096, name, "images as large as its window", shape)
    return tuple(places)


def _require(fits: bool, name: str, what: str, shape: Shape) -> None:
    if not fits:
        raise UserError(f"A layer {name} reads {what}, but its input has the shape {shape}.")


LAYERS: dict[str, type] = {layer.__name__: layer for layer in Layer.__subclasses__()}
