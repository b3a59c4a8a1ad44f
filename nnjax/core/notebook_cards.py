"""Small HTML cards, as which notebooks show runs, experiments, spaces, comparisons and verdicts.

Colors are the notebook's own (`inherit`, `currentColor`) and two that can be read on light and dark ground.
"""

import dataclasses
import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nnjax.core.text import number, printable, show

CARD = (
    "display:inline-block;max-width:46rem;padding:.6em .9em;border:1px solid rgba(128,128,128,.45);border-radius:6px;"
    "color:inherit;background:transparent;font-size:.92em;line-height:1.45;text-align:left"
)
SOFT, NAME = "opacity:.7", "padding:.1em 1em .1em 0;opacity:.7;text-align:left;vertical-align:top;white-space:nowrap"
CELL = "padding:.1em 0;text-align:left;overflow-wrap:anywhere"
COLORS = ("#3f83d6", "#d9772b", "#3c9d5b", "#9467bd")
WIDTH, HEIGHT, LEFT, BOTTOM = 320, 110, 54, 16


def card(title: str, rows: Mapping[str, str], *more: str) -> str:
    """Write a card: a headline, texts by name, and HTML below (such as a `curve`)."""
    row = f'<tr style="background:transparent"><td style="{NAME}">{{}}</td><td style="{CELL}">{{}}</td></tr>'
    lines = "".join(row.format(_text(name), _text(text)) for name, text in rows.items())
    table = f'<table style="border:0;margin:.2em 0;color:inherit">{lines}</table>' if lines else ""
    return f'<div class="nnjax" style="{CARD}"><strong>{_text(title)}</strong>{table}{"".join(more)}</div>'


def differences(record: Any, blank: Any, prefix: str = "") -> dict[str, str]:
    """List the fields of a dataclass, and of those in it, that differ from another one's: {dotted name: text}."""
    found: dict[str, str] = {}
    for field in dataclasses.fields(record):
        own, other = getattr(record, field.name), getattr(blank, field.name)
        if dataclasses.is_dataclass(own) and type(own) is type(other):
            found |= differences(own, other, f"{prefix}{field.name}.")
        elif own != other:
            found[f"{prefix}{field.name}"] = str(own) if isinstance(own, str) else show(own)
    return found


def _text(text: str) -> str:
    return html.escape(printable(text)).replace("\n", "<br>")


def link(target: str, text: str) -> str:
    """Write a link on a line of its own."""
    return f'<div><a href="{html.escape(target, quote=True)}" target="_blank">{_text(text)}</a></div>'


def curve(lines: Mapping[str, Iterable[float]], label: str) -> str:
    """Draw curves by epoch as SVG, "" where none has two finite values; by logarithm where they span a factor of 20.

    Args:
      lines: {name: values}.
      label: what is drawn, for those who cannot see it.
    """
    known = {name: list(map(float, values)) for name, values in lines.items()}
    finite = [value for values in known.values() for value in values if math.isfinite(value)]
    if len(finite) < 2:
        return ""
    low, high, last = min(finite), max(finite), max(map(len, known.values()))
    log = low > 0 and high > 20 * low
    parts = [
        f'<polyline points="{_points(values, low, high, last, log)}" fill="none" stroke="{color}" stroke-width="1.6"/>'
        for values, color in zip(known.values(), COLORS, strict=False)
    ]
    ends = ((number(high), 10), (number(low), HEIGHT - BOTTOM))
    texts = [f'<text x="{LEFT - 4}" y="{y}" text-anchor="end">{text}</text>' for text, y in ends]
    texts.append(f'<text x="{WIDTH}" y="{HEIGHT - 3}" text-anchor="end">epoch {last}</text>')
    axes = f'<path d="M{LEFT} 2V{HEIGHT - BOTTOM}H{WIDTH}" fill="none" stroke="currentColor" stroke-opacity=".4"/>'
    key = " · ".join(
        f'<span style="border-bottom:2px solid {color}">{_text(name)}</span>'
        for name, color in zip(known, COLORS, strict=False)
    )
    key += " · logarithmic" if log else ""
    return (
        f'<svg role="img" aria-label="{html.escape(label, quote=True)}" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 '
        f'{WIDTH} {HEIGHT}" style="display:block;margin:.3em 0 0;font:10px sans-serif;fill:currentColor">'
        f'{axes}{"".join(parts)}{"".join(texts)}</svg><div style="font-size:.85em">{key}</div>'
    )


def _points(values: Sequence[float], low: float, high: float, last: int, log: bool) -> str:
    """Place the finite values; of very many only some."""
    step, measure = max(1, len(values) // 300), math.log if log else float
    bottom, top = measure(low), measure(high)
    out = []
    for place in range(0, len(values), step):
        if math.isfinite(values[place]):
            x = LEFT + (WIDTH - LEFT) * place / max(last - 1, 1)
            share = (measure(values[place]) - bottom) / (top - bottom or 1.0)
            out.append(f"{x:.1f},{HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 4):.1f}")
    return " ".join(out)
