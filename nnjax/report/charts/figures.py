"""Matplotlib figures without pyplot: no window, no global state."""

import io
import textwrap
import warnings
from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

MAX_LABEL = 36  # characters in a legend or in a line over axes; longer ones would leave no room for the curves


def draw(columns: int, width: float, height: float, fill: Callable[[Any], None]) -> Figure:
    """Make a figure with a row of equal axes, each of a width and height in inches, and fill them."""
    figure = Figure(figsize=(columns * width, height), layout="constrained")
    fill(figure.subplots(1, columns, squeeze=False).ravel())
    return figure


def plain(name: str) -> str:
    """Take a name literally: without this, matplotlib reads what stands between two $ as a formula."""
    return name.replace("$", r"\$")


def headline(label: str) -> str:
    """Write a label over axes, in as many lines as it needs not to be cut off."""
    return plain(textwrap.fill(label, MAX_LABEL))


def to_bytes(figure: Figure, dpi: int = 110, transparent: bool = False) -> bytes:
    """Write a figure as PNG; a glyph that the font lacks is drawn as a box, without a warning."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="png", dpi=dpi, transparent=transparent)
    return buffer.getvalue()
