"""Data augmentation inside the program: random shifts and affine transformations of training images at every step.

Source: LeCun et al. 1998, section III.C: planar affine transformations (shifts, scaling, squeezing, horizontal
shearing) of the training digits took LeNet-5 from .95 to .8 % wrong; it does not say by how much. The amounts here: up
to a given number of pixels ("shift:2"), or SHIFT, STRETCH and SHEAR below ("affine"), all uniform.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Float, Key

NONE, AFFINE = "none", "affine"
SHIFT, STRETCH, SHEAR = 2.0, 0.15, 0.25  # pixels; share of either side; columns a row
Augmentation = Callable[[Key, Float[Array, "b d"]], Float[Array, "b d"]]
Images = Float[Array, "b h w"]


def shift_of(augment: str) -> int:
    """Parse the largest shift, in pixels, of "shift:N", or of "none" and "affine"; UserError for other text."""
    name, _, pixels = augment.partition(":")
    if name == "shift" and pixels.isdecimal() and int(pixels) > 0:
        return int(pixels)
    if augment in (NONE, AFFINE):
        return 0
    raise UserError(
        f"data.augment is {augment!r}, but {NONE}, shift:PIXELS (such as shift:2) or {AFFINE} was expected: set it so."
    )


def make_augmentation(augment: str, image_shape: tuple[int, int] | None) -> Augmentation | None:
    """Make (key, x [b, h * w]) -> x [b, h * w]: each image transformed by its own draw, 0 where it was not.

    None where nothing is to be done, or where there are no images (`data_checks.check` says that as a sentence).
    """
    if augment == NONE or image_shape is None:
        return None
    most, (h, w) = shift_of(augment), image_shape

    def shift(key: Key, x: Array) -> Array:
        by = jax.random.randint(key, (2, x.shape[0], 1), -most, most + 1).astype(x.dtype)
        rows, columns = (jnp.arange(n, dtype=x.dtype)[None] - move for n, move in zip(image_shape, by, strict=True))
        return sample(x, rows, jnp.broadcast_to(columns[:, None], (x.shape[0], h, w)))

    def affine(key: Key, x: Array) -> Array:
        draw = jax.random.uniform(key, (5, x.shape[0], 1), x.dtype, -1, 1)
        down, right = (jnp.arange(n, dtype=x.dtype)[None] - (n - 1) / 2 for n in image_shape)
        rows = down * (1 + STRETCH * draw[0]) + SHIFT * draw[1] + (h - 1) / 2
        slant = SHEAR * draw[2] * down + SHIFT * draw[3] + (w - 1) / 2
        return sample(x, rows, (right * (1 + STRETCH * draw[4]))[:, None] + slant[..., None])

    def transform(key: Key, x: Array) -> Array:
        moved = (shift if most else affine)(key, x.reshape(-1, h, w))
        return moved.reshape(x.shape)

    return transform


def sample(x: Images, rows: Float[Array, "b h"], columns: Images) -> Images:
    """Sample images at other places, bilinearly.

    Args:
      x: [b, h, w].
      rows: [b, h], the row that each row of the result is read at.
      columns: [b, h, w], the column that each pixel of the result is read at.

    Returns:
      [b, h, w]; outside the images all is 0.
    """
    rows = jnp.broadcast_to(rows[:, None], (x.shape[0], x.shape[2], x.shape[1]))
    return _interpolate(_interpolate(x.swapaxes(1, 2), rows).swapaxes(1, 2), columns)


def _interpolate(x: Array, places: Array) -> Array:
    """Read x [..., n] linearly at places [..., n] of its last axis, 0 outside."""
    n = x.shape[-1]
    before = jnp.floor(places)
    share = places - before

    def at(index: Array) -> Array:
        inside = (index >= 0) & (index < n)
        return jnp.where(inside, jnp.take_along_axis(x, jnp.clip(index, 0, n - 1), axis=-1), jnp.zeros_like(x))

    index = before.astype(jnp.int32)
    return (1 - share) * at(index) + share * at(index + 1)
