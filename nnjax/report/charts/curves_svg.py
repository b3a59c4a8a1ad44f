"""Learning curves as an SVG drawing: for print, without scripts, and in the file beside the page."""

import html
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.text import printable
from nnjax.report.charts.curves import MANY, RUNNING_MEAN, TRAINING, VALIDATION, Line, Quantity, band, spans_widely
from nnjax.report.charts.palettes import TAB10
from nnjax.report.text import shortened

WIDTH, HEIGHT, ROW = 460, 340, 16  # of one axes, and of a line of its key
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 44  # around the curves
KEY = 58  # characters in a line of the key
MOST_POINTS = 400  # of a line; of longer ones only every second, third ... epoch is drawn
DASHES = {VALIDATION: "", TRAINING: ' stroke-dasharray="6 3"', RUNNING_MEAN: ' stroke-dasharray="1.5 2.5"'}
STYLE = "text{font:11px DejaVu Sans,Verdana,sans-serif;fill:#1d1f23}path,circle{vector-effect:non-scaling-stroke}"


class _Axes(NamedTuple):
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


def curves_svg(some: Sequence[Quantity]) -> bytes:
    """Draw quantities side by side: over several seeds the mean, and the range as a band; further settings in gray."""
    drawn = [_draw(quantity) for quantity in some]
    width, height = max(len(drawn), 1) * WIDTH, HEIGHT + max((rows for _, rows in drawn), default=0) * ROW + 6
    parts = [f'<g transform="translate({i * WIDTH} 0)">{text}</g>' for i, (text, _) in enumerate(drawn)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    white = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    return f"{head}<style>{STYLE}</style>{white}{''.join(parts)}</svg>".encode()


def _draw(quantity: Quantity) -> tuple[str, int]:
    """Draw one quantity; give the lines of its key too."""
    recorded = {line.part for line in quantity.lines}
    parts = [part for part in (VALIDATION, TRAINING) if part in recorded] or [RUNNING_MEAN]
    lines = [line for line in quantity.lines if line.part in parts]
    axes = _axes(lines, spans_widely(quantity))
    gray = "".join(_path(axes, band(line.values)[0]) for line in lines if line.place >= MANY)
    out = [*_frame(axes, quantity.label), f'<path d="{gray}" fill="none" stroke="#bfbfbf" stroke-width="0.6"/>']
    colored = [line for line in lines if line.place < MANY]
    out += [text for line in colored for text in _line(axes, line)]
    key = [(TAB10[line.place], "", shortened(line.setting.label, KEY)) for line in colored if line.part == parts[0]]
    key += [("#666", DASHES[part], part) for part in parts if len(parts) > 1]
    return "".join([*out, *_key(key)]), len(key)


def _axes(lines: Sequence[Line], log: bool) -> _Axes:
    values = np.concatenate([line.values.ravel() for line in lines])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    last = max(line.values.shape[1] for line in lines)
    if log:
        return _Axes(last, low * (low / high) ** 0.04, high * (high / low) ** 0.04, log)
    margin = 0.04 * (high - low) or 0.04 * abs(high) or 1.0
    return _Axes(last, low - margin, high + margin, log)


def _frame(axes: _Axes, label: str) -> Iterator[str]:
    """Draw the axes with their ticks and names."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tick in (value for value in ticks(1, axes.last, False) if value >= 1 and value == round(value)):
        x = axes.x(tick)
        yield f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#e6e6e6"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{tick:g}</text>'
    for tick in ticks(axes.low, axes.high, axes.log):
        y = axes.y(tick)
        yield f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#e6e6e6"/>'
        yield f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>'
    yield f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#1d1f23" stroke-width="0.8"/>'
    yield f'<text x="{(LEFT + right) / 2}" y="{bottom + 33}" text-anchor="middle">epoch</text>'
    turned = f'transform="translate(13 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle"'
    yield f"<text {turned}>{_escaped(label)}</text>"


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


def _line(axes: _Axes, line: Line) -> Iterator[str]:
    mean, low, high = band(line.values)
    color = TAB10[line.place]
    if len(line.values) > 1:
        kept = np.flatnonzero(np.isfinite(mean))[:: _step(len(mean))]
        around = zip([*kept, *kept[::-1]], [*low[kept], *high[kept][::-1]], strict=True)
        points = " ".join(f"{axes.x(epoch + 1):.1f},{axes.y(value):.1f}" for epoch, value in around)
        yield f'<polygon points="{points}" fill="{color}" fill-opacity="0.15"/>'
    if len(mean) == 1:
        yield f'<circle cx="{axes.x(1):.1f}" cy="{axes.y(mean[0]):.1f}" r="3" fill="{color}"/>'
    path = _path(axes, mean)
    yield f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.6"{DASHES[line.part]}/>'


def _path(axes: _Axes, curve: np.ndarray) -> str:
    """Write a curve [epochs] as a path, with gaps where it is not finite."""
    step, out, pen = _step(len(curve)), [], "M"
    with np.errstate(invalid="ignore"):
        xs, ys = axes.x(np.arange(1, len(curve) + 1, step)), axes.y(curve[::step])
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        known = np.isfinite(y)
        if known:
            out.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L" if known else "M"
    return "".join(out)


def _step(epochs: int) -> int:
    return -(-epochs // MOST_POINTS)


def _key(entries: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for i, (color, dashes, text) in enumerate(entries):
        y = HEIGHT + i * ROW
        yield f'<path d="M{LEFT} {y}h22" stroke="{color}" stroke-width="1.6"{dashes}/>'
        yield f'<text x="{LEFT + 28}" y="{y + 4}">{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    return html.escape(printable(text))
