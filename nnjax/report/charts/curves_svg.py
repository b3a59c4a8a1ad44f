"""Learning curves as an SVG drawing: for print, without scripts, and in the file beside the page."""

import html
from collections.abc import Iterator, Sequence

import numpy as np

from nnjax.core.text import printable
from nnjax.report.charts.curves import MANY, RUNNING_MEAN, TRAINING, VALIDATION, Line, Quantity, band, spans_widely
from nnjax.report.charts.palettes import TAB10
from nnjax.report.charts.svg_axes import HEIGHT, LEFT, WIDTH, Axes, frame, path, step
from nnjax.report.text import shortened

GRID, OUTLINE = 'stroke="#e6e6e6"', 'fill="none" stroke="#1d1f23" stroke-width="0.8"'
ROW = 16  # of a line of its key
KEY = 58  # characters in a line of the key
DASHES = {VALIDATION: "", TRAINING: ' stroke-dasharray="6 3"', RUNNING_MEAN: ' stroke-dasharray="1.5 2.5"'}
STYLE = "text{font:11px DejaVu Sans,Verdana,sans-serif;fill:#1d1f23}path,circle{vector-effect:non-scaling-stroke}"


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
    gray = "".join(path(axes, band(line.values)[0]) for line in lines if line.place >= MANY)
    out = [
        *frame(axes, _escaped(quantity.label), GRID, OUTLINE),
        f'<path d="{gray}" fill="none" stroke="#bfbfbf" stroke-width="0.6"/>',
    ]
    colored = [line for line in lines if line.place < MANY]
    out += [text for line in colored for text in _line(axes, line)]
    key = [(TAB10[line.place], "", shortened(line.setting.label, KEY)) for line in colored if line.part == parts[0]]
    key += [("#666", DASHES[part], part) for part in parts if len(parts) > 1]
    return "".join([*out, *_key(key)]), len(key)


def _axes(lines: Sequence[Line], log: bool) -> Axes:
    values = np.concatenate([line.values.ravel() for line in lines])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    last = max(line.values.shape[1] for line in lines)
    if log:
        return Axes(last, low * (low / high) ** 0.04, high * (high / low) ** 0.04, log)
    margin = 0.04 * (high - low) or 0.04 * abs(high) or 1.0
    return Axes(last, low - margin, high + margin, log)


def _line(axes: Axes, line: Line) -> Iterator[str]:
    mean, low, high = band(line.values)
    color = TAB10[line.place]
    if len(line.values) > 1:
        kept = np.flatnonzero(np.isfinite(mean))[:: step(len(mean))]
        around = zip([*kept, *kept[::-1]], [*low[kept], *high[kept][::-1]], strict=True)
        points = " ".join(f"{axes.x(epoch + 1):.1f},{axes.y(value):.1f}" for epoch, value in around)
        yield f'<polygon points="{points}" fill="{color}" fill-opacity="0.15"/>'
    if len(mean) == 1:
        yield f'<circle cx="{axes.x(1):.1f}" cy="{axes.y(mean[0]):.1f}" r="3" fill="{color}"/>'
    yield f'<path d="{path(axes, mean)}" fill="none" stroke="{color}" stroke-width="1.6"{DASHES[line.part]}/>'


def _key(entries: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for i, (color, dashes, text) in enumerate(entries):
        y = HEIGHT + i * ROW
        yield f'<path d="M{LEFT} {y}h22" stroke="{color}" stroke-width="1.6"{dashes}/>'
        yield f'<text x="{LEFT + 28}" y="{y + 4}">{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    return html.escape(printable(text))
