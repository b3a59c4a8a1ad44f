"""Convolutions over images, in the form that the backend is fast at, and what pools them.

XLA:CPU convolves slowly, and under vmap (a grouped convolution) more slowly still; but it multiplies matrices well.
There a convolution is one product with a banded (Toeplitz) matrix: the kernel's rows, spread along the width of the
image, into a matrix that takes kh rows of the image, side by side, to one row of the output. Of that matrix only kw of
W columns are not zero, but at the speed of matrix products this costs a tenth of the native convolution (docs/LOG.md).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.types import Array, UserError

IMAGES = ("NHWC", "HWIO", "NHWC")


def convolve(x: Array, kernel: Array) -> Array:
    """Correlate images with a kernel wherever it fits ("valid"), without turning the kernel round.

    Args:
      x: [b, h, w, channels].
      kernel: [kh, kw, channels, maps], of the same float dtype.

    Returns:
      [b, h - kh + 1, w - kw + 1, maps]; by `banded` on a CPU, by `native` elsewhere, equal to rounding.

    Raises:
      UserError: the kernel has other channels than the images, or is larger.
    """
    _require_fit(x.shape, kernel.shape)
    return banded(x, kernel) if jax.default_backend() == "cpu" else native(x, kernel)


def native(x: Array, kernel: Array) -> Array:
    """Convolve by XLA's own operation; shapes as in `convolve`."""
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=IMAGES)


def banded(x: Array, kernel: Array) -> Array:
    """Convolve by one matrix product; shapes as in `convolve`."""
    b, h, w, channels = x.shape
    kh, kw, _, maps = kernel.shape
    rows, columns = h - kh + 1, w - kw + 1
    matrix = jnp.einsum("wjk,hkio->hwijo", _band(w, columns, kw, x.dtype), kernel)
    lines = x.reshape(b, h, w * channels)
    lines = jnp.concatenate([lines[:, i : i + rows] for i in range(kh)], axis=-1)
    y = lines.reshape(b * rows, -1) @ matrix.reshape(-1, columns * maps)
    return y.reshape(b, rows, columns, maps)


def _band(w: int, columns: int, kw: int, dtype: jnp.dtype) -> Array:
    """Say where weight k of a kernel's row meets pixel w for the output in column j: 0 or 1, [w, j, k]."""
    pixel, column, weight = np.ogrid[:w, :columns, :kw]
    return jnp.asarray(pixel == column + weight, dtype)


def pad(x: Array, margin: int) -> Array:
    """Put a margin of zeros round images [b, h, w, channels]."""
    return jnp.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))


def average_pool(x: Array) -> Array:
    """Average windows of 2 x 2 pixels: [b, h, w, maps] -> [b, h / 2, w / 2, maps]."""
    return jnp.mean(_windows(x), axis=(2, 4))


def max_pool(x: Array) -> Array:
    """Take the largest of 2 x 2 pixels: [b, h, w, maps] -> [b, h / 2, w / 2, maps]."""
    return jnp.max(_windows(x), axis=(2, 4))


def upsample(x: Array) -> Array:
    """Repeat each pixel 2 x 2 times: [b, h, w, maps] -> [b, 2 h, 2 w, maps]."""
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def _windows(x: Array) -> Array:
    b, h, w, maps = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, maps)


def _require_fit(images: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    fits = len(images) == len(kernel) == 4 and kernel[2] == images[3]
    if not fits or kernel[0] > images[1] or kernel[1] > images[2]:
        raise UserError(
            f"Images {images} do not fit a kernel {kernel}; [b, h, w, channels] and [kh, kw, channels, maps], the "
            "kernel no larger than the images, were expected."
        )
