"""The chart of a report's first screen, as SVG in the page's colors: the score against what matters most, or curves."""

import html
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.text import number, printable
from nnjax.report.charts.curves import TRAINING, VALIDATION, Quantity, band
from nnjax.report.charts.svg_axes import ticks
from nnjax.report.sweep.columns import Column
from nnjax.report.sweep.data import Sweep
from nnjax.report.text import shortened

WIDTH, HEIGHT = 640, 270
LEFT, RIGHT, TOP, BOTTOM = 76, 22, 24, 50
MAX_LEVELS, MAX_DOTS = 16, 2_000  # names along an axis; trials drawn as dots
APART = 55  # units of the drawing between the names of two values
MAX_POINTS = 24  # of the line of the best settings; of more values the best of each part of the axis
HIGH = 20  # a score so many times above the median would squash all others: it is drawn at the upper edge


class Scale(NamedTuple):
    """A range of numbers along one side, from `start` to `end` in the drawing."""

    low: float
    high: float
    log: bool
    start: float
    end: float

    def at(self, value: float) -> float:
        """Place a number, the ends for what lies outside."""
        low, high, own = (np.log(v) if self.log else v for v in (self.low, self.high, max(value, self.low)))
        return self.start + min((own - low) / (high - low), 1.0) * (self.end - self.start)


def scale(values: Sequence[float], log: bool, start: float, end: float) -> Scale:
    """Make a scale around finite numbers, with a margin."""
    low, high = min(values), max(values)
    if log:
        edge = (high / low) ** 0.06 if high > low else 2.0
        return Scale(low / edge, high * edge, True, start, end)
    edge = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return Scale(low - edge, high + edge, False, start, end)


def against_axis(sweep: Sweep, axis: Column) -> str:
    """Draw the first metric of a sweep against one of its axes; "" where nothing can be drawn.

    A dot is a trial. The line joins the best setting at each value, or of many values in each part of the axis, by the
    mean over its trials; the band is their range.
    """
    rows = zip(sweep.trials, axis.values, sweep.metrics[0].values, strict=True)
    known = {trial: (float(x), float(y)) for trial, x, y in rows if x is not None and y is not None}
    if len({x for x, _ in known.values()}) < 2 or len(axis.levels or ()) > MAX_LEVELS:
        return ""
    log = all(y > 0 for _, y in known.values()) and max(y for _, y in known.values()) > 3 * min(
        y for _, y in known.values()
    )
    ceiling = HIGH * float(np.median([y for _, y in known.values()]))
    across = scale([x for x, _ in known.values()], axis.log, LEFT, WIDTH - RIGHT)
    up = scale([min(y, ceiling) for _, y in known.values()], log, HEIGHT - BOTTOM, TOP)
    best = thinned(best_settings(sweep, known), across, sweep.metrics[0].high)
    marks = list(enumerate(axis.levels)) if axis.levels else few_values(across, {x for x, _ in known.values()})
    body = [*_frame(across, up, axis.label, sweep.metrics[0].label, marks)]
    body.append(_area([(across.at(x), up.at(low), up.at(high)) for x, _, low, high in best]))
    step = -(-len(known) // MAX_DOTS)
    body += [
        f'<circle class="dot" cx="{across.at(x):.1f}" cy="{up.at(y):.1f}" r="2.6"/>'
        for x, y in [*known.values()][::step]
    ]
    body.append(_path([(across.at(x), up.at(mean)) for x, mean, _, _ in best], "best"))
    chosen = [known[t] for t in sweep.choice.setting.trials if t in known] if sweep.choice else []
    if chosen:
        x, y = across.at(chosen[0][0]), up.at(float(np.mean([value for _, value in chosen])))
        body.append(_mark(x, y, "chosen"))
    high = sweep.metrics[0].high
    top = (max if high else min)(best, key=lambda one: one[1])[0]
    ends = f"{'highest' if high else 'lowest'} at {axis.label} {_value(axis, top)}"
    return _svg(body, f"{sweep.metrics[0].label} against {axis.label}, {ends}")


def best_settings(sweep: Sweep, known: dict[int, tuple[float, float]]) -> list[tuple[float, float, float, float]]:
    """Return (value, mean, lowest, highest) of the setting with the best mean at each value of an axis, in order."""
    found: dict[float, tuple[float, float, float, float]] = {}
    for setting in sweep.settings:
        own = [known[trial] for trial in setting.trials if trial in known]
        if own:
            x, scores = own[0][0], [y for _, y in own]
            one = (x, float(np.mean(scores)), min(scores), max(scores))
            found[x] = min(found.get(x, one), one, key=lambda item: -item[1] if sweep.metrics[0].high else item[1])
    return [found[x] for x in sorted(found)]


def thinned(
    best: list[tuple[float, float, float, float]], across: Scale, high: bool
) -> list[tuple[float, float, float, float]]:
    """Keep of many (value, mean, lowest, highest) the best mean of each of `MAX_POINTS` equal parts of an axis."""
    if len(best) <= MAX_POINTS:
        return best
    parts: dict[int, tuple[float, float, float, float]] = {}
    for one in best:
        part = int(MAX_POINTS * (across.at(one[0]) - across.start) / (across.end - across.start))
        parts[part] = min(parts.get(part, one), one, key=lambda item: -item[1] if high else item[1])
    return [parts[part] for part in sorted(parts)]


def curves(quantity: Quantity, trials: Sequence[int]) -> str:
    """Draw the training and validation curves of one setting, mean and range over its trials; "" without a curve."""
    lines = [line for line in quantity.lines if line.trials and set(line.trials) <= set(trials)]
    shown = {line.part: line for line in lines}
    parts = [part for part in (TRAINING, VALIDATION) if part in shown] or [*shown][:1]
    bands = {part: band(shown[part].values) for part in parts}
    values = [v for found in bands.values() for curve in found for v in curve.tolist() if np.isfinite(v)]
    epochs = max((shown[part].values.shape[1] for part in parts), default=0)
    if epochs < 2 or not values:
        return ""
    across = Scale(1, epochs, False, LEFT, WIDTH - RIGHT)
    up = scale(values, min(values) > 0 and max(values) > 3 * min(values), HEIGHT - BOTTOM, TOP)
    body = [*_frame(across, up, "epoch", quantity.label)]
    for part in parts:
        body += _curve(across, up, part, bands[part])
    if VALIDATION in bands:
        mean = bands[VALIDATION][0]
        place = int(np.nanargmin(mean))
        body.append(_mark(across.at(place + 1), up.at(float(mean[place])), f"best epoch, {place + 1}"))
    told = ", ".join(f"{part} ends at {number(float(m[np.isfinite(m)][-1]))}" for part, (m, _, _) in bands.items())
    return _svg(body, f"{quantity.label} over {epochs} epochs: {told}")


def _curve(across: Scale, up: Scale, part: str, found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Iterator[str]:
    mean, low, high = found
    kept = [i for i in range(len(mean)) if np.isfinite(mean[i])]
    kept = kept[:: -(-len(kept) // 300)]
    kind = "best" if part == VALIDATION else "train"
    yield _area([(across.at(i + 1), up.at(low[i]), up.at(high[i])) for i in kept])
    yield _path([(across.at(i + 1), up.at(mean[i])) for i in kept], kind)
    if part == VALIDATION:
        yield _text(WIDTH - RIGHT, HEIGHT - 8, "line: validation", kind, "end")
    else:
        yield _text(LEFT, HEIGHT - 8, f"dashes: {part}", kind, "start")


def few_values(across: Scale, values: Collection[float]) -> list[tuple[float, str]]:
    """Name the values along an axis where there is room for each of them; none otherwise."""
    places = [across.at(value) for value in sorted(values)]
    apart = min(np.diff(places), default=0.0)
    return [(value, f"{value:.3g}") for value in sorted(values)] if apart >= APART else []


def _frame(across: Scale, up: Scale, below: str, beside: str, marks: Sequence[tuple[float, str]] = ()) -> Iterator[str]:
    """Draw the axes with their names and ticks: across the given (value, name), else at round numbers."""
    for value, name in marks or [(v, f"{v:g}") for v in ticks(*across[:3])]:
        x = across.at(value)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>' + _text(
            x, HEIGHT - BOTTOM + 16, shortened(name, 12), "", "middle"
        )
    for value in ticks(*up[:3]):
        y = up.at(value)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>' + _text(
            LEFT - 6, y + 4, f"{value:g}", "", "end"
        )
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, below.replace("_", " "), "name", "middle")
    name = _text(0, 0, beside, "name", "middle")
    yield f'<g transform="translate(14 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">{name}</g>'


def _mark(x: float, y: float, text: str) -> str:
    """Draw a ring with its name above it."""
    anchor = "start" if x < LEFT + 60 else "end" if x > WIDTH - RIGHT - 60 else "middle"
    return f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="7"/>' + _text(x, y - 12, text, "mark", anchor)


def _value(axis: Column, place: float) -> str:
    return axis.levels[int(place)] if axis.levels else f"{place:g}"


def _area(points: Sequence[tuple[float, float, float]]) -> str:
    ring = [(x, low) for x, low, _ in points] + [(x, high) for x, _, high in reversed(points)]
    return f'<polygon class="band" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in ring)}"/>'


def _path(points: Sequence[tuple[float, float]], kind: str) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _text(x: float, y: float, text: str, kind: str, anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(printable(text))}</text>'


def _svg(body: Sequence[str], told: str) -> str:
    told = html.escape(printable(told))
    head = f'<svg class="summary-chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{told}">'
    return f"{head}<title>{told}</title>{''.join(body)}</svg>"
