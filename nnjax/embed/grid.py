"""Arrange layouts on devices: settings of one perplexity in a row, rows or columns divided over the devices."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Grid(NamedTuple):
    """A rectangle of g perplexities × s layouts; where there are fewer, a layout is computed twice."""

    perplexities: tuple[float, ...]  # [g], one of them twice where devices would be idle
    cells: np.ndarray  # [g, s], the setting that is computed there
    places: tuple[np.ndarray, np.ndarray]  # two arrays [m], row and column of each setting
    axis: int  # 0 if the devices divide the perplexities, 1 if they divide the layouts
    num_devices: int  # how many are used


def arrange(perplexities: Sequence[float], num_devices: int) -> Grid:
    """Lay out settings of these perplexities such that the devices compute as little as possible.

    Layouts of a perplexity share its affinities, so it is better that the devices divide the perplexities.
    """
    num_devices = min(num_devices, len(perplexities))
    distinct = sorted(set(perplexities))
    rows = [[i for i, value in enumerate(perplexities) if value == one] for one in distinct]
    g, s = len(rows), max(map(len, rows))
    shapes = {0: (g + -g % num_devices, s), 1: (g, s + -s % num_devices)}  # rounded up to what the devices divide
    axis = min(shapes, key=lambda axis: shapes[axis][0] * shapes[axis][1])
    height, width = shapes[axis]
    cells = np.array([[row[k % len(row)] for k in range(width)] for row in (rows[k % g] for k in range(height))])
    places = np.array([divmod(int(np.flatnonzero(cells.ravel() == i)[0]), width) for i in range(len(perplexities))])
    return Grid(tuple(distinct[k % g] for k in range(height)), cells, (places[:, 0], places[:, 1]), axis, num_devices)
