"""The history report: the record of a chapter, its text file, numbers beside known ones, and the page of all."""

import importlib
import math
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib.figure import Figure as Drawing

from nnjax.core.errors import UserError
from nnjax.lectures.text import read_text
from nnjax.report.charts import figures as charts
from nnjax.report.charts.themed_svg import to_svg
from nnjax.report.page import write_page
from nnjax.report.rendering import join_scripts, template

# Packages of this package, in the order of the report; each has a module `page` with a function `chapter`.
CHAPTERS = ("mcculloch_pitts", "perceptron", "adaline", "madaline", "backprop", "descent", "layers", "lenet")


class Figure(NamedTuple):
    """A figure: its file name without the ending, and what to see in it in a sentence or two."""

    name: str
    caption: str
    drawing: Drawing

    @property
    def svg(self) -> Markup:
        """The figure as an element of the page."""
        return to_svg(self.drawing, self.caption)


PUBLISHED, EXACT, SIMULATED = "published", "exact", "simulated"


class Row(NamedTuple):
    """A measured number beside the known one."""

    what: str  # in a few words
    measured: str  # measured, known: as text; "" where nothing is known
    known: str = ""
    agrees: bool | None = None  # whether they do, None where that is no question
    # of what is known: PUBLISHED in the sources, EXACT (a theorem, a closed form, an enumeration), or SIMULATED by
    # independent code for this project, because the papers give no such number
    origin: str = EXACT


class Chapter(NamedTuple):
    """A chapter of the report."""

    title: str  # with the year
    sentences: Sequence[str]  # three: what the machine is, what it can do, what it cannot
    figures: Sequence[Figure]  # figures, rows: in their order
    rows: Sequence[Row]
    sources: Sequence[str]  # papers, with their years
    # what the page's script needs to let readers try the machine, in JSON's own types; None where it cannot be
    tried: Mapping[str, Any] | None = None

    @property
    def differing(self) -> int:
        """How many measured numbers differ from the known ones."""
        return sum(row.agrees is False for row in self.rows)


def make(name: str) -> Chapter:
    """Compute and draw a chapter; UserError if there is no such chapter."""
    if name not in CHAPTERS:
        raise UserError(f"There is no chapter {name!r}; the chapters are {', '.join(CHAPTERS)}.")
    return importlib.import_module(f"nnjax.lectures.history.{name}.page").chapter()


def compose(page: str, drawings: Mapping[str, Drawing], rows: Sequence[Row], **numbers: Any) -> Chapter:
    """Join drawings and rows with the chapter's text, chapter.toml beside its page.

    Args:
      page: the file of the page's module.
      drawings: by the names of their captions, in order.
      rows: measured beside known.
      numbers: for the placeholders of the text, as in `str.format`.
    """
    text = read_text(page, "chapter.toml", **numbers)
    figures = [Figure(name, text["figures"][name], drawing) for name, drawing in drawings.items()]
    return Chapter(text["title"], text["sentences"], figures, rows, text["sources"])


def write(chapters: Mapping[str, Chapter], folder: str | PathLike[str]) -> pathlib.Path:
    """Write report.html and figures/*.png of chapters, in order, whole or not at all; returns the page's path."""
    target = pathlib.Path(folder) / "report.html"
    images = {
        f"{name}_{figure.name}.png": charts.to_bytes(figure.drawing)
        for name, chapter in chapters.items()
        for figure in chapter.figures
    }
    tries = {name: chapter.tried for name, chapter in chapters.items() if chapter.tried is not None}
    page = template("history.html.jinja").render(
        chapters=chapters,
        tries=tries,
        script=join_scripts(["history"]) if tries else "",
    )
    write_page(target, page, images)
    return target


def compared(
    what: str, measured: float, known: float, digits: int = 4, rtol: float = 0, atol: float = 0, origin: str = EXACT
) -> Row:
    """Set a number beside the known one; they agree within `rtol` and `atol`, or if both are alike as written."""
    texts = f"{measured:.{digits}g}", f"{known:.{digits}g}"
    agrees = texts[0] == texts[1] or math.isclose(measured, known, rel_tol=rtol, abs_tol=atol)
    return Row(what, *texts, agrees, origin)


def within(what: str, measured: float, low: float, high: float, unit: str = "", origin: str = SIMULATED) -> Row:
    """Set a number beside a known range."""
    found, *ends = (f"{value:.3g}{unit}" for value in (measured, low, high))
    return Row(what, found, "–".join(ends), low <= measured <= high, origin)


def counted(what: str, measured: Sequence[int] | int, known: Sequence[int] | int, origin: str = EXACT) -> Row:
    """Set counts beside known ones."""
    found, there = listed(measured), listed(known)
    return Row(what, found, there, found == there, origin)


def listed(numbers: Iterable[float] | int, form: str = "") -> str:
    """Write numbers with commas between them."""
    return ", ".join(format(number, form) for number in ([numbers] if isinstance(numbers, int) else numbers))
