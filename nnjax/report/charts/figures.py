"""Matplotlib figures without pyplot: no window, no global state."""

import io
import textwrap
import warnings
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from nnjax.report.text import MAX_LABEL


class ShownFigure(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        return to_bytes(self)


def subplots(columns: int, width: float, height: float) -> tuple[Figure, Any]:
    """Make a figure with a row of equal axes, each of a width and height in inches."""
    figure = ShownFigure(figsize=(columns * width, height), layout="constrained")
    return figure, figure.subplots(1, columns, squeeze=False).ravel()


def plain(name: str) -> str:
    """Take a name literally: without this, matplotlib reads what stands between two $ as a formula."""
    return name.replace("$", r"\$")


def headline(label: str) -> str:
    """Write a label over axes, in as many lines as it needs not to be cut off."""
    return plain(textwrap.fill(label, MAX_LABEL))


def decimals(axis: Any, fine: bool = True) -> None:
    """Write 0.02 instead of 2 × 10⁻² on a logarithmic axis; fine: at 1, 2 and 5 of each decade."""
    if fine:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def to_bytes(figure: Figure, dpi: int = 110, transparent: bool = False) -> bytes:
    """Write a figure as PNG; a glyph that the font lacks is drawn as a box, without a warning."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="png", dpi=dpi, transparent=transparent)
    return buffer.getvalue()
