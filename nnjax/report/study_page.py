"""The page of a study in one HTML file: findings, figures, tables, methods."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from nnjax.core.files import write_atomically
from nnjax.report.charts.figures import to_bytes
from nnjax.report.charts.themed_svg import to_svg
from nnjax.report.rendering import template

PAGE = "study.html"
DPI = 130  # of the figures' files


class Table(NamedTuple):
    """A table of texts; a row of one cell is a heading over the rows below it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


class StudyPage(NamedTuple):
    """The content of the page."""

    title: str  # of the study
    sentences: Sequence[str]  # the findings
    figures: Mapping[str, str]  # caption by file name, in order
    tables: Sequence[Table]  # in order
    how: Sequence[str]  # sentences on the methods


def write(page: StudyPage, drawings: Mapping[str, Figure], workdir: pathlib.Path) -> pathlib.Path:
    """Write the drawings (as PNG, by file name), then study.html with them inside, each whole or not at all.

    Returns:
      The page's path.
    """
    for name, drawing in drawings.items():
        write_atomically(workdir / name, to_bytes(drawing, DPI))
    figures = {name: to_svg(drawings[name], caption) for name, caption in page.figures.items()}
    text = template("study.html.jinja").render(page=page, figures=figures)
    write_atomically(workdir / PAGE, text)
    return workdir / PAGE
