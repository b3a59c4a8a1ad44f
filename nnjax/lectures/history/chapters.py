"""What a chapter of the history report is, and the table of chapters."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from nnjax.core.errors import UserError

if TYPE_CHECKING:
    import matplotlib.figure

# Modules of this package, in the order of the page; each has a function `chapter`.
CHAPTERS = ("mcculloch_pitts", "perceptron", "adaline", "madaline", "backprop", "descent", "layers")


class Figure(NamedTuple):
    """A picture with a file name without its ending, what it shows in a sentence or two, and what to see in it."""

    name: str
    caption: str
    drawing: matplotlib.figure.Figure

    @property
    def wide(self) -> bool:
        """Whether a phone shows it at full size, to be pushed sideways."""
        width, height = self.drawing.get_size_inches()
        return bool(width > 1.6 * height)


class Row(NamedTuple):
    """A number that was measured, beside the published one.

    Attributes:
      what: in a few words.
      measured, published: as text; "" where nothing is published.
      agrees: whether they do, None where that is no question.
    """

    what: str
    measured: str
    published: str = ""
    agrees: bool | None = None


class Chapter(NamedTuple):
    """A chapter of the page.

    Attributes:
      title: with the year.
      sentences: three: what it is, what it can do, what it cannot.
      figures: in their order.
      rows: measured beside published.
      sources: papers, with their years.
    """

    title: str
    sentences: tuple[str, str, str]
    figures: tuple[Figure, ...]
    rows: tuple[Row, ...]
    sources: tuple[str, ...]


def make(name: str) -> Chapter:
    """Compute and draw a chapter.

    Raises:
      UserError: there is no such chapter.
    """
    if name not in CHAPTERS:
        raise UserError(f"There is no chapter {name!r}; the chapters are {', '.join(CHAPTERS)}.")
    return importlib.import_module(f"nnjax.lectures.history.{name}.page").chapter()


def compared(
    what: str, measured: float, published: float, digits: int = 4, rtol: float = 0.0, atol: float = 0.0
) -> Row:
    """Set a number beside the published one; they agree within `rtol` and `atol`, or if both are alike as written."""
    texts = f"{measured:.{digits}g}", f"{published:.{digits}g}"
    agrees = texts[0] == texts[1] or math.isclose(measured, published, rel_tol=rtol, abs_tol=atol)
    return Row(what, *texts, agrees)


def within(what: str, measured: float, low: float, high: float, digits: int = 3, unit: str = "") -> Row:
    """Set a number beside a published range."""
    texts = (f"{value:.{digits}g}{unit}" for value in (measured, low, high))
    found, *ends = texts
    return Row(what, found, "–".join(ends), low <= measured <= high)


def counted(what: str, measured: Sequence[int] | int, published: Sequence[int] | int) -> Row:
    """Set exact numbers beside published ones."""
    found, known = (
        ", ".join(map(str, [value] if isinstance(value, int) else value)) for value in (measured, published)
    )
    return Row(what, found, known, found == known)
