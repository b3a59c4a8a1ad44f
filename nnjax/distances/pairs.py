"""Compute the distances of all pairs in blocks of bounded memory, on all devices.

A block is a tile of rows × columns of the matrix whose pairs are the lanes of one call of the distance. On a CPU, with
one XLA device a core, 16 × 16 pairs keep the diagonals of a table of some hundred points in a core's second cache.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from nnjax.core.types import Array
from nnjax.distances import checking
from nnjax.distances.metric_record import Metric
from nnjax.distances.metrics import resolve

LANES = {"cpu": 256}  # pairs in a tile
MANY_LANES = 16_384  # on accelerators
TILES = 1024  # of a device in one call


def pairwise(x: Any, y: Any = None, metric: str | Metric = "euclidean", **options: Any) -> np.ndarray:
    """Compute the distances of all examples of x to all of y.

    Args:
      x: vectors [n, d]; or series [n, t], [n, t, d], or a sequence of n series [t] or [t, d] of unequal lengths (every
        pair of lengths is a program to compile).
      y: the same, m of them; None for x itself: of a symmetric distance each pair is then computed once.
      metric: a name in `METRICS`, or a distance such as `DTW(window=5)`.
      **options: of the distance named.

    Returns:
      [n, m], float32 (float64 where JAX is set to it): distance of x_i and y_j.

    Raises:
      UserError: an unknown name or option, NaN, empty series, shapes that do not fit.
    """
    chosen = resolve(metric, options)
    read = checking.series if chosen.of_series else checking.vectors
    rows = read(x, "x")
    columns = rows if y is None else read(y, "y")
    checking.check_alike(rows, columns)
    sizes = [sum(len(group.places) for group in groups) for groups in (rows, columns)]
    out = np.empty(sizes, rows[0].values.dtype)
    mirrored = y is None and chosen.symmetric
    for a, first in enumerate(rows):
        for b, second in enumerate(columns):
            if not mirrored or a <= b:
                own = mirrored and a == b
                found = _matrix(chosen, first.values, second.values, own)
                out[np.ix_(first.places, second.places)] = found
                if mirrored:
                    out[np.ix_(second.places, first.places)] = found.T
    return out


def distance(x: Any, y: Any, metric: str | Metric = "euclidean", **options: Any) -> float:
    """Compute the distance of two vectors [d], or of two series [t] or [t, d]; see `pairwise`."""
    return float(pairwise([x], [y], metric, **options)[0, 0])


def _matrix(metric: Metric, x: np.ndarray, y: np.ndarray, own: bool) -> np.ndarray:
    """All pairs of x [n, …] and y [m, …]: [n, m]; of its own ones the upper tiles are computed and mirrored."""
    n, m = len(x), len(y)
    height, width = _tile_shape(n, m, own)
    a, b = np.meshgrid(np.arange(-(-n // height)), np.arange(-(-m // width)), indexing="ij")
    tiles = np.stack([a.ravel(), b.ravel()], axis=1).astype(np.int32)
    tiles = tiles[tiles[:, 0] <= tiles[:, 1]] if own else tiles
    rows, columns = (jnp.asarray(_filled(np.moveaxis(v, 0, -1), size)) for v, size in ((x, height), (y, width)))
    out = np.empty((-(-n // height) * height, -(-m // width) * width), x.dtype)
    at_once = TILES * jax.device_count()
    for begin in range(0, len(tiles), at_once):
        some = tiles[begin : begin + at_once]
        for (i, j), found in zip(some, _computed(metric, rows, columns, some, height, width), strict=True):
            out[i * height : (i + 1) * height, j * width : (j + 1) * width] = found
            if own:
                out[j * width : (j + 1) * width, i * height : (i + 1) * height] = found.T
    return out[:n, :m]


def _tile_shape(n: int, m: int, own: bool) -> tuple[int, int]:
    """Rows and columns of a tile: square where there is room for it, and always of its own pairs."""
    lanes = LANES.get(jax.default_backend(), MANY_LANES)
    side = int(lanes**0.5)
    height = min(side, n)
    width = height if own else min(lanes // height, m)
    return (height if own else min(lanes // width, n)), width


def _filled(values: np.ndarray, size: int) -> np.ndarray:
    """Values [..., n] with the last one repeated until n is a multiple of size."""
    return np.pad(values, [*[(0, 0)] * (values.ndim - 1), (0, -values.shape[-1] % size)], mode="edge")


def _computed(metric: Metric, x: Array, y: Array, tiles: np.ndarray, height: int, width: int) -> np.ndarray:
    """Distances [tiles, height, width], the tiles dealt to the devices in turn."""
    devices = jax.device_count()
    each = min(TILES, 1 << (-(-len(tiles) // devices) - 1).bit_length())  # few sizes, so few compilations
    filled = np.pad(tiles, [(0, each * devices - len(tiles)), (0, 0)])
    dealt = filled.reshape(each, devices, 2).swapaxes(0, 1)
    counts = np.array([len(tiles[device::devices]) for device in range(devices)], np.int32)
    program = _program(metric, height, width)  # type: ignore[arg-type]  # distances are hashable
    found = np.asarray(program(x, y, dealt, counts))
    return found.swapaxes(0, 1).reshape(-1, height, width)[: len(tiles)]


@functools.lru_cache(maxsize=64)
def _program(metric: Metric, height: int, width: int) -> Any:
    """A distance's program for tiles of a shape: (x, y, tiles [devices, k, 2], counts [devices]) -> [devices, k, …]."""

    def tile(x: Array, y: Array, place: Array) -> Array:
        rows = jax.lax.dynamic_slice_in_dim(x, place[0] * height, height, x.ndim - 1)
        columns = jax.lax.dynamic_slice_in_dim(y, place[1] * width, width, y.ndim - 1)
        lanes = jnp.repeat(rows, width, axis=-1), jnp.tile(columns, (1,) * (y.ndim - 1) + (height,))
        return metric(*jax.lax.optimization_barrier(lanes)).reshape(height, width)

    def of_device(x: Array, y: Array, tiles: Array, counts: Array) -> Array:
        def one(t: Array, out: Array) -> Array:
            return jax.lax.dynamic_update_index_in_dim(out, tile(x, y, tiles[0, t]), t, 0)

        empty = jax.lax.pcast(jnp.zeros((tiles.shape[1], height, width), x.dtype), "devices", to="varying")
        return jax.lax.fori_loop(0, counts[0], one, empty)[None]

    mesh = Mesh(np.array(jax.devices()), ("devices",))
    dealt, shared = PartitionSpec("devices"), PartitionSpec()
    return jax.jit(jax.shard_map(of_device, mesh=mesh, in_specs=(shared, shared, dealt, dealt), out_specs=dealt))
