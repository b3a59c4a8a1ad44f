"""The page of a study in one HTML file: findings, figures, tables, methods."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nnjax.core.files import write_atomically
from nnjax.report.charts import array_images
from nnjax.report.rendering import template

PAGE = "study.html"


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
    # file names of the figures that need the page's whole width, and on a narrow screen scroll
    wide: Sequence[str] = ()


def write(page: StudyPage, images: Mapping[str, bytes], workdir: pathlib.Path) -> pathlib.Path:
    """Write the images (PNG by file name), then study.html with them inside, each whole or not at all.

    Returns:
      The page's path.
    """
    for name, content in images.items():
        write_atomically(workdir / name, content)
    text = template("study.html.jinja").render(
        page=page, images={name: array_images.data_uri(content) for name, content in images.items()}
    )
    write_atomically(workdir / PAGE, text)
    return workdir / PAGE
