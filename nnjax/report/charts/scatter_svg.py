"""Predicted against true values, as SVG in the page's colors."""

import html
from collections.abc import Iterator

import numpy as np
from markupsafe import Markup

from nnjax.core.text import printable
from nnjax.report.charts.summary_svg import Scale, scale
from nnjax.report.charts.svg_axes import ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 320, 310, 52, 14, 12, 48


def scatter_svg(true: np.ndarray, predicted: np.ndarray, name: str, told: str) -> Markup:
    """Draw a dot an example and the diagonal on which predictions are right; what is not finite is left out.

    Args:
      true, predicted: [n], of one target.
      name: of the target.
      told: the text alternative.
    """
    known = np.isfinite(true) & np.isfinite(predicted)
    values = np.concatenate([true[known], predicted[known]]).tolist() or [0.0, 1.0]
    across, up = scale(values, False, LEFT, WIDTH - RIGHT), scale(values, False, HEIGHT - BOTTOM, TOP)
    dots = "".join(
        f"M{across.at(x):.1f} {up.at(y):.1f}h0"
        for x, y in zip(true[known].tolist(), predicted[known].tolist(), strict=True)
    )
    low, high = min(values), max(values)
    diagonal = f"M{across.at(low):.1f} {up.at(low):.1f}L{across.at(high):.1f} {up.at(high):.1f}"
    title = html.escape(printable(told))
    body = "".join(
        [*_axes(across, up, name), f'<path class="diagonal" d="{diagonal}"/><path class="points" d="{dots}"/>']
    )
    head = f'<svg class="answer-chart scatter" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
    return Markup(f"{head}<title>{title}</title>{body}</svg>")


def _axes(across: Scale, up: Scale, name: str) -> Iterator[str]:
    for value in ticks(*across[:3]):
        x, y = across.at(value), up.at(value)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{value:g}</text>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    true = html.escape(printable(f"true {name}"))
    yield f'<text class="name" x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{true}</text>'
    place = f"translate(12 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"
    yield f'<text class="name" transform="{place}" text-anchor="middle">predicted</text>'
