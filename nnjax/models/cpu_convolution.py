"""Convolution and pooling by largest values in forms whose gradients a CPU computes fast, also under vmap.

XLA:CPU has no fast kernel for a convolution with a kernel of its own for each lane, nor for its gradients, nor for the
gradient of max pooling. It multiplies matrices well: a convolution is a product of patches and the kernel, and both are
made of slices of the padded input, one for each place of the window (docs/design/0024).
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from nnjax.core.types import Array

MOST_PLACES = 128  # of a window; each is an operation to compile
MOST_NUMBERS = 2**26  # in the patches of one convolution, 256 MB of float32 for a lane


def convolution(x: Any, kernel: Any, out: Any, params: dict[str, Any]) -> Callable[..., Any] | None:
    """Return a function (x, kernel) -> out equal to `lax.conv_general_dilated_p` with its parameters.

    Args:
      x, kernel, out: shapes and dtypes, in the layouts of params["dimension_numbers"].
      params: of the primitive.

    Returns:
      None for batch groups, other types than floats, shapes that are not numbers, and windows or patches too large.
    """
    places = math.prod(kernel.shape[axis] for axis in params["dimension_numbers"].rhs_spec[2:])
    if params["batch_group_count"] != 1 or not _is_usual(x, out, places):
        return None
    maps = out.shape[params["dimension_numbers"].out_spec[1]]
    inputs = x.shape[params["dimension_numbers"].lhs_spec[1]]
    if math.prod(out.shape) // maps * inputs * places > MOST_NUMBERS:
        return None
    return functools.partial(_convolve, **params)


def largest(x: Any, out: Any, params: dict[str, Any]) -> Callable[..., Any] | None:
    """Return a function x -> out equal to `lax.reduce_window_max_p`; None as of `convolution`, or dilated."""
    dilated = {*params["base_dilation"], *params["window_dilation"]} != {1}
    if dilated or not _is_usual(x, out, math.prod(params["window_dimensions"])):
        return None
    return functools.partial(_pool, **params)


def _is_usual(x: Any, out: Any, places: int) -> bool:
    sides = (*x.shape, *out.shape)  # symbols, as of an exported batch, are no int
    usual = all(isinstance(side, int) and side > 0 for side in sides) and jnp.issubdtype(x.dtype, jnp.floating)
    return bool(usual) and 0 < places <= MOST_PLACES


def _convolve(
    x: Array,
    kernel: Array,
    *,
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
    dimension_numbers: lax.ConvDimensionNumbers,
    feature_group_count: int,
    precision: Any,
    preferred_element_type: Any,
    **_: Any,
) -> Array:
    """Convolve by one product, or for one input a group (depthwise) by a sum over places."""
    (batch, feature, *sides), (maps, inputs, *window) = dimension_numbers.lhs_spec, dimension_numbers.rhs_spec
    x, kernel = jnp.transpose(x, (batch, *sides, feature)), jnp.transpose(kernel, (*window, inputs, maps))
    margins = [(low, high, step - 1) for (low, high), step in zip(padding, lhs_dilation, strict=True)]
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *margins, (0, 0, 0)])
    sizes = kernel.shape[:-2]
    slices = _slices(x, (1, *sizes, 1), (1, *window_strides, 1), (1, *rhs_dilation, 1))
    groups, (size, total) = feature_group_count, kernel.shape[-2:]
    dtype = x.dtype if preferred_element_type is None else preferred_element_type
    product = functools.partial(lax.dot_general, precision=precision, preferred_element_type=preferred_element_type)
    last = x.ndim - 1
    if groups == 1:
        y = product(jnp.concatenate(slices, -1), kernel.reshape(-1, total), (((last,), (0,)), ((), ())))
    elif size == 1:
        exact = jnp.float32 if jnp.dtype(dtype).itemsize < 4 else dtype
        weights = kernel.reshape(-1, *[1] * last, groups, total // groups).astype(exact)
        terms = [one[..., None].astype(exact) * weight for one, weight in zip(slices, weights, strict=True)]
        y = sum(terms[1:], start=terms[0]).astype(dtype)
    else:
        patches = jnp.stack([one.reshape(*one.shape[:-1], groups, size) for one in slices], -2)
        weights = kernel.reshape(-1, size, groups, total // groups)
        y = product(patches, weights, (((last + 1, last + 2), (0, 1)), ((last,), (2,))))  # [groups, b, ..., maps]
        y = jnp.moveaxis(y, 0, -2)
    y = y.reshape(*slices[0].shape[:-1], total)
    axes = (0, last, *range(1, last))  # of the batch, the maps and the sides in y
    return jnp.transpose(y, [axes[dimension_numbers.out_spec.index(axis)] for axis in range(y.ndim)])


def _pool(
    x: Array,
    *,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    **_: Any,
) -> Array:
    """Take the largest value of each window; the gradient goes to the first of equal ones, as XLA's does."""
    x = lax.pad(x, jnp.array(-jnp.inf, x.dtype), [(low, high, 0) for low, high in padding])
    best, *others = _slices(x, window_dimensions, window_strides, (1,) * x.ndim)
    for other in others:
        best = jnp.where((other > best) | jnp.isnan(other), other, best)
    return best


def _slices(x: Array, sizes: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> list[Array]:
    """List for each place of a window, row by row, what all windows have there."""
    counts = [
        (side - (size - 1) * gap - 1) // stride + 1
        for side, size, stride, gap in zip(x.shape, sizes, strides, dilation, strict=True)
    ]
    starts = [np.multiply(place, dilation) for place in np.ndindex(*sizes)]
    spans = (np.array(counts) - 1) * strides + 1
    return [lax.slice(x, start.tolist(), (start + spans).tolist(), strides) for start in starts]
