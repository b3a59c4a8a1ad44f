"""The page of a learning-rate search: HTML, with figures, a table (CSV) and JSON beside it."""

import csv
import io
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from nnjax.core.errors import UserError
from nnjax.core.files import check_out_folder, write_atomically
from nnjax.report.charts.figures import to_bytes
from nnjax.report.charts.themed_svg import to_svg
from nnjax.report.page import write_page
from nnjax.report.rendering import template

OWN = "tune_lr.json"  # marks a folder of this kind
FILES = ("report.html", "figures", OWN, "tune_lr.csv")


class Section(NamedTuple):
    """A part of the page: its figures as (PNG file name, caption), and a table."""

    name: str
    sentences: Sequence[str]
    figures: Sequence[tuple[str, str]]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Page(NamedTuple):
    """Content of the page and of the files beside it."""

    sentences: Sequence[str]  # sentences, warnings: of the head
    warnings: Sequence[str]
    cards: Sequence[tuple[str, str, str]]  # (what, value, remark)
    sections: Sequence[Section]  # in order
    how: Sequence[str]  # sentences on what was trained
    drawings: Mapping[str, Figure]  # by the name of its PNG file
    table: Sequence[Mapping[str, Any]]  # rows of the CSV file, by column
    json: Mapping[str, Any]  # content of the JSON file


def refuse_unfit(folder: str | os.PathLike[str]) -> None:
    """Refuse a folder that holds anything but earlier results of this kind, before anything trains."""
    path = check_out_folder(folder)
    foreign = sorted(name for name in (os.listdir(path) if path.is_dir() else ()) if name not in FILES)
    if foreign:
        raise UserError(
            f"The workdir {path} holds files of something else (such as {foreign[0]}); name a new or empty folder."
        )


def write(page: Page, folder: str | os.PathLike[str], title: str) -> pathlib.Path:
    """Write report.html, figures/*.png, tune_lr.csv and tune_lr.json, each whole or not at all.

    Returns:
      The page's path.

    Raises:
      UserError: they cannot be written.
    """
    target = pathlib.Path(folder) / "report.html"
    text = template("learning_rate.html.jinja").render(page._asdict() | {"title": title, "to_svg": to_svg})
    write_page(target, text, {name: to_bytes(drawing) for name, drawing in page.drawings.items()})
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(page.table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(page.table)
    write_atomically(target.parent / "tune_lr.csv", buffer.getvalue())
    write_atomically(target.parent / OWN, json.dumps(page.json, indent=1, allow_nan=False) + "\n")
    return target
