"""Arrays of numbers as small images: PNG, in palettes, tiled, and as data URIs for one self-contained page."""

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from nnjax.report.charts.palettes import shades

CELL = 112  # pixels of an image's width in a strip: a multiple of 1, 2, 4, 7, 8, 14, 16, 28 and 56
GAP = 8  # pixels between images in a strip


def to_png(values: np.ndarray, palette: str = "gray") -> bytes:
    """Write values [h, w] in [0, 1] as an 8-bit PNG in a palette; NaN is transparent."""
    levels = np.clip(np.nan_to_num(values) * 254 + 0.5, 0, 254).astype(np.uint8)
    levels[np.isnan(values)] = 255
    image = Image.fromarray(levels)
    image.putpalette(shades(palette, np.linspace(0, 1, 255)).tobytes() + b"\0\0\0")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True, transparency=255)
    return buffer.getvalue()


def data_uri(image: bytes) -> str:
    """Make an address that holds the image itself, a PNG or an SVG."""
    kind = "svg+xml" if image.startswith(b"<svg") else "png"
    return f"data:image/{kind};base64," + base64.b64encode(image).decode()


def strip(images: np.ndarray, width: int) -> np.ndarray:
    """Enlarge images [n, h, w] by a whole factor to at most `width` and lay them side by side, NaN between them.

    Returns:
      [height, n (width + GAP)]: strips of one width and n stand in columns under each other.
    """
    factor = max(1, width // images.shape[2])
    large = images.repeat(factor, axis=1).repeat(factor, axis=2)
    spare = width + GAP - large.shape[2]
    padded = np.pad(large, ((0, 0), (0, 0), (spare // 2, spare - spare // 2)), constant_values=np.nan)
    return np.concatenate(list(padded), axis=1)


def tiles(images: np.ndarray, columns: int) -> np.ndarray:
    """Lay images [n, h, w] in rows of `columns`, one pixel of NaN between them."""
    n, h, w = images.shape
    rows = -(-n // columns)
    padded = np.full((rows * columns, h + 1, w + 1), np.nan)
    padded[:n, :h, :w] = images
    return padded.reshape(rows, columns, h + 1, w + 1).swapaxes(1, 2).reshape(rows * (h + 1), -1)[:-1, :-1]


def code_shape(width: int) -> tuple[int, int]:
    """Choose the shape of a code's image: one row up to 16 numbers, as in the lecture slides; else nearly square."""
    if width <= 16:
        return 1, width
    rows = next(r for r in range(math.isqrt(width), 0, -1) if width % r == 0)
    return (rows, width // rows) if rows > 1 else (math.isqrt(width - 1) + 1, -(-width // (math.isqrt(width - 1) + 1)))


def code_images(codes: np.ndarray) -> np.ndarray:
    """Draw codes [n, width] as images [n, h, w] in [0, 1], all on one scale that begins at 0 or below."""
    rows, columns = code_shape(codes.shape[1])
    low, high = min(float(codes.min()), 0.0), float(codes.max())
    padded = np.full((len(codes), rows * columns), np.nan)
    padded[:, : codes.shape[1]] = (codes - low) / max(high - low, 1e-12)
    tall = 2 if rows == 1 and columns > 4 else 1  # a single row of 16 would be a hairline
    return padded.reshape(-1, rows, columns).repeat(tall, axis=1)


def largest_units(kernel: np.ndarray, limit: int) -> np.ndarray:
    """Return the indices, ascending, of the units of kernel [d, h] with the largest weights."""
    order = np.argsort(-np.linalg.norm(kernel, axis=0), kind="stable")
    return np.sort(order[:limit])


def weight_tiles(kernel: np.ndarray, image_shape: tuple[int, int], limit: int = 48, columns: int = 12) -> np.ndarray:
    """Tile the incoming weights of the largest units of kernel [d, h]; 0.5 is no weight, 0 and 1 the extremes."""
    chosen = kernel[:, largest_units(kernel, limit)]
    scale = 2 * max(float(np.quantile(np.abs(chosen), 0.999)), 1e-12)
    images = np.clip(chosen.T / scale + 0.5, 0, 1).reshape(-1, *image_shape)
    return tiles(images, min(columns, len(images)))


def one_of_each(labels: np.ndarray | None, num_examples: int, limit: int = 10) -> Sequence[int]:
    """Choose examples to show: the first of each class while there are few classes, else the first ones."""
    if labels is None:
        return range(min(limit, num_examples))
    firsts = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)[:limit]]
    others = [i for i in range(min(num_examples, 10 * limit)) if i not in firsts]
    return [*firsts, *others[: limit - len(firsts)]]
