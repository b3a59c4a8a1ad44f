"""The losses of one trial of a log, with what its first verdict rests on, as SVG whose colors the page's style has."""

import html
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nnjax.core.text import printable
from nnjax.diagnosis.marks import Mark
from nnjax.report.charts.svg_axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDE, WIDTH, Axes, frame, needs_log, path

PARTS = {"val_loss": "validation", "train_loss_eval": "training, re-evaluated", "train_loss": "training"}
ROW = 16  # of the key, and of the labels at the top


def log_chart(losses: Mapping[str, np.ndarray], marks: Sequence[Mark]) -> str:
    """Draw losses [epochs] by name, and marks over them; "" where no loss has a finite number."""
    known = {name: losses[name] for name in PARTS if name in losses and np.isfinite(losses[name]).any()}
    if not known:
        return ""
    axes = _axes(list(known.values()), marks)
    lines = [text for name, y in known.items() for text in _line(axes, name, y)]
    labels = list(_key(list(known)))
    parts = [*frame(axes, "loss", 'class="grid-line"', 'class="axis"'), *_marks(axes, marks), *lines, *labels]
    height = HEIGHT + len(known) * ROW + 4
    words = html.escape(", ".join(PARTS[name] for name in known))
    head = f'<svg class="log-chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Losses by epoch: {words}">'
    return f"{head}{''.join(parts)}</svg>"


def _axes(curves: Sequence[np.ndarray], marks: Sequence[Mark]) -> Axes:
    values = np.concatenate([y[np.isfinite(y)] for y in curves])
    levels = [y for mark in marks if mark.kind == "level" for y in mark.y]
    low, high = float(min([values.min(), *levels])), float(max([values.max(), *levels]))
    last = max(map(len, curves))
    last = max([last, *(int(x) for mark in marks for x in mark.x if x <= 2 * last)])  # of a forecast
    if low > 0 and (needs_log(curves) or high > WIDE * low):
        return Axes(last, low * (low / high) ** 0.05, high * (high / low) ** 0.15, True)
    span = (high - low) or abs(high) or 1.0
    return Axes(last, max(low - 0.06 * span, min(0.0, low)), high + 0.16 * span, False)


def _line(axes: Axes, name: str, y: np.ndarray) -> Iterator[str]:
    yield f'<path class="{name}" d="{path(axes, y)}"/>'
    known = np.isfinite(y)
    alone = known & ~np.roll(known, 1) & ~np.roll(known, -1) if len(y) > 1 else known
    for epoch in np.flatnonzero(alone)[:200]:
        yield f'<circle class="{name}" cx="{axes.x(epoch + 1):.1f}" cy="{axes.y(y[epoch]):.1f}" r="2.5"/>'


def _marks(axes: Axes, marks: Sequence[Mark]) -> Iterator[str]:
    """Draw the marks; their labels stand below each other at the top, those of points and levels beside them."""
    bottom, right, row = HEIGHT - BOTTOM, WIDTH - RIGHT, TOP + 12
    for mark in marks:
        xs = [float(axes.x(min(max(x, 1), axes.last))) for x in mark.x]
        ys = [float(axes.y(y)) for y in mark.y if y > 0 or not axes.log]
        if len(ys) < len(mark.y):
            continue  # a loss of 0 on a logarithmic axis
        if mark.kind == "band":
            width = max(xs[1] - xs[0], 1)
            yield f'<rect class="band" x="{xs[0]:.1f}" y="{TOP}" width="{width:.1f}" height="{bottom - TOP}"/>'
        elif mark.kind == "line":
            yield f'<path class="mark" d="M{xs[0]:.1f} {TOP}V{bottom}"/>'
        elif mark.kind == "level":
            yield f'<path class="level" d="M{LEFT} {ys[0]:.1f}H{right}"/>'
            yield _label(right - 4, ys[0] - 4, mark.label, "end")
            continue
        elif mark.kind == "trend":
            points = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))
            yield f'<path class="mark" d="M{points}"/>'
        else:
            yield f'<circle class="mark" cx="{xs[0]:.1f}" cy="{ys[0]:.1f}" r="5"/>'
        yield _label(right - 4, row, mark.label, "end")
        row += ROW


def _label(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="mark-label" {place}>{html.escape(printable(text))}</text>'


def _key(names: Sequence[str]) -> Iterator[str]:
    for i, name in enumerate(names):
        y = HEIGHT + i * ROW
        yield f'<path class="{name}" d="M{LEFT} {y}h24"/>'
        yield f'<text x="{LEFT + 30}" y="{y + 4}">{PARTS[name]}</text>'
