"""The axes of a drawing of curves by epoch, as SVG: places, round numbers, paths."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

WIDTH, HEIGHT = 460, 340  # of one axes
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 44  # around the curves
WIDE, SOME, SQUASHED = 30, 3, 1 / 3  # highest over lowest that need a logarithm, or may; see `needs_log`
MOST_POINTS = 400  # of a line; of longer ones only every second, third ... epoch is drawn


class Axes(NamedTuple):
    """The ranges of a drawing: epochs from 1 to `last`, losses from `low` to `high`, by logarithm or not."""

    last: int
    low: float
    high: float
    log: bool

    def x(self, epoch: Any) -> Any:
        """Place an epoch, or several."""
        margin = 0.04 * max(self.last - 1, 1)
        share = (np.asarray(epoch, float) - 1 + margin) / (self.last - 1 + 2 * margin)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: Any) -> Any:
        """Place a loss, or several."""
        parts = self.low, self.high, np.asarray(value, float)
        low, high, own = (np.log(part) if self.log else part for part in parts)
        return TOP + (high - own) / (high - low) * (HEIGHT - TOP - BOTTOM)


def ticks(low: float, high: float, log: bool) -> list[float]:
    """Choose round numbers between two: 1, 2 or 5 times a power of ten apart, by logarithm within each decade."""
    if log:
        decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        every = max(1, len(decades) // 8)
        subs = (1, 2, 5) if high < 300 * low else (1,)
        ticks = [sub * 10.0**decade for decade in decades[::every] for sub in subs]
    else:
        size = 10.0 ** np.floor(np.log10((high - low) / 5 or 1.0))
        step = next(size * factor for factor in (1, 2, 5, 10) if (high - low) / (size * factor) <= 6)
        ticks = [round(step * i, 12) for i in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]
    return [tick for tick in ticks if low <= tick <= high]


def needs_log(curves: Sequence[np.ndarray]) -> bool:
    """Whether curves [epochs] span so much, or fall so early, that on a linear axis most epochs would look alike.

    The first tenth of the epochs, at least one, must not have two thirds of the axis to itself. curve_series.js does so
    too.
    """
    head = max(1, math.ceil(max(map(len, curves), default=1) / 10))
    values = np.concatenate([curve[np.isfinite(curve)] for curve in curves]) if len(curves) else np.zeros(0)
    if not len(values) or values.min() <= 0:
        return False
    low, high = values.min(), values.max()
    later = [v.max() for curve in curves if len(v := curve[head:][np.isfinite(curve[head:])])]
    squashed = bool(later) and max(later) - low < SQUASHED * (high - low)
    return bool(high > WIDE * low or (high > SOME * low and squashed))


def path(axes: Axes, curve: np.ndarray) -> str:
    """Write a curve [epochs] as a path, with gaps where it is not finite."""
    every, out, pen = step(len(curve)), [], "M"
    with np.errstate(invalid="ignore"):
        xs, ys = axes.x(np.arange(1, len(curve) + 1, every)), axes.y(curve[::every])
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        known = np.isfinite(y)
        if known:
            out.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L" if known else "M"
    return "".join(out)


def step(epochs: int) -> int:
    """Return how many epochs lie between two that are drawn."""
    return -(-epochs // MOST_POINTS)


def frame(axes: Axes, label: str, grid: str, outline: str) -> Iterator[str]:
    """Draw the axes with their ticks and names: the vertical one's as HTML, attributes of the lines as SVG."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tick in (value for value in ticks(1, axes.last, False) if value >= 1 and value == round(value)):
        x = axes.x(tick)
        yield f'<path d="M{x:.1f} {TOP}V{bottom}" {grid}/>'
        yield f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{tick:g}</text>'
    for tick in ticks(axes.low, axes.high, axes.log):
        y = axes.y(tick)
        yield f'<path d="M{LEFT} {y:.1f}H{right}" {grid}/>'
        yield f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>'
    yield f'<path d="M{LEFT} {TOP}V{bottom}H{right}" {outline}/>'
    yield f'<text x="{(LEFT + right) / 2}" y="{bottom + 33}" text-anchor="middle">epoch</text>'
    yield f'<text transform="translate(13 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{label}</text>'
