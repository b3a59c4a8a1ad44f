"""Two means with their intervals and single values, as SVG in the page's colors."""

import html
from collections.abc import Iterator, Sequence

import numpy as np

from nnjax.core.text import number, printable
from nnjax.report.charts.summary_svg import Scale, scale
from nnjax.report.charts.svg_axes import ticks
from nnjax.runs.statistics import Estimate

WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM = 640, 34, 22, 10, 56, 44
LOW_ROW, MANY = 34, 3  # a row where there are so many


def interval_svg(rows: Sequence[tuple[str, Estimate, Sequence[float]]], label: str, left: int = LEFT) -> str:
    """Draw a row for each (name, mean with interval, values): dots, a bar for the interval, a stroke for the mean.

    Args:
      rows: from the top.
      label: of the axis.
      left: room for the names.

    Returns:
      An SVG; "" where no mean is finite.
    """
    known = [(name, found, [v for v in own if np.isfinite(v)]) for name, found, own in rows if np.isfinite(found.mean)]
    if not known:
        return ""
    numbers = [v for _, found, own in known for v in (found.mean, found.low, found.high, *own) if np.isfinite(v)]
    row = LOW_ROW if len(known) >= MANY else ROW
    across, height = scale(numbers, False, left, WIDTH - RIGHT), TOP + row * len(known) + BOTTOM
    body = [*_axis(across, height, label)]
    for i, (name, found, own) in enumerate(known):
        body += _row(across, TOP + row * (i + 0.5), name, found, own)
    told = html.escape(printable(f"{label}: " + "; ".join(_told(*row) for row in known)))
    head = f'<svg class="summary-chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{told}">'
    return f"{head}<title>{told}</title>{''.join(body)}</svg>"


def _told(name: str, found: Estimate, own: Sequence[float]) -> str:
    interval = f", 95 % interval {number(found.low)} to {number(found.high)}" if np.isfinite(found.low) else ""
    return f"{name} {number(found.mean)}{interval}"


def _axis(across: Scale, height: int, label: str) -> Iterator[str]:
    for value in ticks(across.low, across.high, False):
        x = across.at(value)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{height - BOTTOM}"/>'
        yield f'<text x="{x:.1f}" y="{height - BOTTOM + 17}" text-anchor="middle">{value:g}</text>'
    middle = (across.start + WIDTH - RIGHT) / 2
    yield f'<text class="name" x="{middle}" y="{height - 6}" text-anchor="middle">{html.escape(label)}</text>'


def _row(across: Scale, y: float, name: str, found: Estimate, own: Sequence[float]) -> Iterator[str]:
    yield f'<text class="mark" x="4" y="{y + 4:.1f}">{html.escape(printable(name))}</text>'
    if np.isfinite(found.low):
        low, high = across.at(found.low), across.at(found.high)
        yield f'<rect class="band" x="{low:.1f}" y="{y - 12:.1f}" width="{max(high - low, 1):.1f}" height="24"/>'
    for value in own[:200]:
        yield f'<circle class="dot" cx="{across.at(value):.1f}" cy="{y:.1f}" r="4"/>'
    x = across.at(found.mean)
    yield f'<polyline class="best" points="{x:.1f},{y - 12:.1f} {x:.1f},{y + 12:.1f}"/>'
