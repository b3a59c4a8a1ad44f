"""Convolution and pooling of images, in the form that is fastest on the backend.

Images are [channels, h, w, b], the examples side by side in memory, so that whatever moves pixels moves runs of b
numbers. A convolution gives phases [t, t, maps, n, m, b]: the output at row t i + p and column t j + q is at
[p, q, :, i, j]. Pooling windows of t x t pixels reduces the first two axes, and `join` makes images of phases again.

XLA:CPU convolves slowly, and under vmap (a grouped convolution) more slowly still; but it multiplies matrices well.
There a convolution is one product: a matrix that takes the patch of pixels which t x t outputs see to all of these, for
all maps, times the patches of all examples. For 3 x 3 kernels and tiles of 2 x 2 outputs, 9 of 16 entries are not zero.
Images upsampled before are never made: their tiles see a smaller patch of the original (docs/LOG.md).
"""

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Float

IMAGES = ("CHWN", "HWIO", "CHWN")
Images = Float[Array, "channels h w b"]
Kernel = Float[Array, "kh kw channels maps"]
Phases = Float[Array, "t t maps n m b"]


def convolve(x: Images, kernel: Kernel, margin: int = 0, factor: int = 1, tile: int = 2) -> Phases:
    """Correlate images with a kernel wherever it fits ("valid"), without turning the kernel round.

    Args:
      x: [channels, h, w, b].
      kernel: [kh, kw, channels, maps], of the same float dtype.
      margin: zeros on each side of the images, after they are enlarged.
      factor: how often each pixel is repeated before, along both axes; divides the tile.
      tile: t, how many outputs along either axis are computed by one row of the product.

    Returns:
      phases [t, t, maps, n, m, b] of factor h + 2 margin - kh + 1 rows and so many columns; where t does not divide
      these, what lies beyond them has no meaning. By `tiled` on a CPU, by `native` elsewhere, equal to rounding.

    Raises:
      UserError: the kernel has other channels than the images, or is larger.
    """
    _require_fit(x.shape, kernel.shape, margin, factor)
    form = tiled if jax.default_backend() == "cpu" else native
    return form(x, kernel, margin, factor, tile)


def native(x: Images, kernel: Kernel, margin: int = 0, factor: int = 1, tile: int = 2) -> Phases:
    """Convolve by XLA's own operation; as `convolve`."""
    large = jnp.repeat(jnp.repeat(x, factor, axis=1), factor, axis=2)
    border = ((margin, margin), (margin, margin))
    y = jax.lax.conv_general_dilated(large, jnp.asarray(kernel), (1, 1), border, dimension_numbers=IMAGES)
    return split(y, tile)


def tiled(x: Images, kernel: Kernel, margin: int = 0, factor: int = 1, tile: int = 2) -> Phases:
    """Convolve by one matrix product; as `convolve`."""
    _, h, w, b = x.shape
    kh, kw, _, maps = kernel.shape
    rows, columns = (_overlaps(size, margin, factor, tile) for size in (kh, kw))
    n, m = (-(-(factor * side + 2 * margin - size + 1) // tile) for side, size in ((h, kh), (w, kw)))
    matrix = jnp.einsum("piuk,qjvl,klco->pqoijuvc", *(jnp.asarray(a, x.dtype) for a in (rows, columns)), kernel)
    patches = _patches(_pad(x, -(-margin // factor)), n, m, rows.shape[1], columns.shape[1], tile // factor)
    return (matrix.reshape(tile * tile * maps, -1) @ patches).reshape(tile, tile, maps, n, m, b)


def _overlaps(size: int, margin: int, factor: int, tile: int) -> np.ndarray:
    """Lay out which weight k of a kernel's row meets which pixel for output p of a tile: 0 or 1, float32 [p, i, u, k].

    A tile advances by s = t / factor pixels of the padded original, and its patch is blocks of s: pixel s i + u.
    """
    step = tile // factor
    at = (np.arange(tile)[:, None] + np.arange(size)[None] - margin) // factor - (-margin // factor)  # [p, k]
    blocks = -(-int(at.max() + 1) // step)
    pixel = np.arange(blocks * step).reshape(blocks, step)
    return np.asarray(at[:, None, None] == pixel[None, :, :, None], np.float32)


def _patches(x: Array, n: int, m: int, high: int, wide: int, step: int) -> Array:
    """Lay out all patches: [channels, h, w, b] -> [high * wide * step * step * channels, n * m * b].

    Cut by blocks, not by pixels, a patch's gradient adds up from few whole arrays.
    """
    tall, broad = (n + high - 1) * step, (m + wide - 1) * step
    lack = [(0, max(0, need - side)) for need, side in zip((tall, broad), x.shape[1:3], strict=True)]
    blocks = split(jnp.pad(x, ((0, 0), *lack, (0, 0)))[:, :tall, :broad], step)
    places = [blocks[..., i : i + n, j : j + m, :] for i in range(high) for j in range(wide)]
    return jnp.stack(places).reshape(-1, n * m * x.shape[-1])


def _pad(x: Array, margin: int) -> Array:
    return jnp.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))


def images(x: Float[Array, "b d"], side: int) -> Images:
    """Lay out examples [b, side * side * channels], channels side by side in them, as [channels, side, side, b]."""
    return x.reshape(x.shape[0], side, side, -1).transpose(3, 1, 2, 0)


def flatten(x: Images) -> Float[Array, "b d"]:
    """Lay images [channels, h, w, b] out as examples [b, h * w * channels]."""
    return x.transpose(3, 1, 2, 0).reshape(x.shape[-1], -1)


def split(x: Images, tile: int) -> Phases:
    """Make phases of images: [maps, h, w, b] -> [t, t, maps, n, m, b], zero beyond the images."""
    maps, h, w, b = x.shape
    x = jnp.pad(x, ((0, 0), (0, -h % tile), (0, -w % tile), (0, 0)))
    return x.reshape(maps, -(-h // tile), tile, -(-w // tile), tile, b).transpose(2, 4, 0, 1, 3, 5)


def join(y: Phases, side: int) -> Images:
    """Make images of phases: [t, t, maps, n, n, b] -> [maps, side, side, b]."""
    tile, _, maps, n, m, b = y.shape
    return y.transpose(2, 3, 0, 4, 1, 5).reshape(maps, n * tile, m * tile, b)[:, :side, :side]


def average_pool(y: Phases) -> Images:
    """Average windows of t x t pixels: phases [t, t, maps, n, m, b] -> [maps, n, m, b]."""
    first, *rest = _windows(y)
    return sum(rest, start=first) / (1 + len(rest))


@jax.custom_vjp
def max_pool(y: Phases) -> Images:
    """Take the largest of t x t pixels: phases [t, t, maps, n, m, b] -> [maps, n, m, b].

    The gradient is shared equally among the pixels that are the largest, as of `jnp.max`.
    """
    largest, *rest = _windows(y)
    for pixel in rest:
        largest = jnp.maximum(largest, pixel)
    return largest


def _max_pool_forward(y: Array) -> tuple[Array, tuple[Array, Array]]:
    largest = max_pool(y)
    return largest, (y, largest)


def _max_pool_backward(kept: tuple[Array, Array], gradient: Array) -> tuple[Array]:
    y, largest = kept
    hit = y == largest[None, None]
    first, *rest = (pixel.astype(y.dtype) for pixel in _windows(hit))
    share = gradient / sum(rest, start=first)
    return (jnp.where(hit, share[None, None], 0),)


max_pool.defvjp(_max_pool_forward, _max_pool_backward)


def _windows(y: Array) -> list[Array]:
    """List the pixels of each window, as [maps, n, m, b]; to combine these is faster than a reduction."""
    return [y[p, q] for p in range(y.shape[0]) for q in range(y.shape[1])]


def _require_fit(x: tuple[int, ...], kernel: tuple[int, ...], margin: int, factor: int) -> None:
    fits = len(x) == len(kernel) == 4 and kernel[2] == x[0]
    if not fits or any(size > factor * side + 2 * margin for size, side in zip(kernel[:2], x[1:3], strict=True)):
        raise UserError(
            f"Images {x} do not fit a kernel {kernel}; [channels, h, w, b] and [kh, kw, channels, maps], the kernel no "
            "larger than the images, were expected."
        )
