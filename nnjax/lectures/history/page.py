"""The history report as one HTML file, with its figures as PNG beside it."""

import pathlib
from collections.abc import Mapping
from os import PathLike

from nnjax.lectures.history.chapters import Chapter
from nnjax.report.charts import figures, pictures
from nnjax.report.page import template, write_page


def write(chapters: Mapping[str, Chapter], folder: str | PathLike[str]) -> pathlib.Path:
    """Write report.html and figures/*.png into a folder, each whole or not at all.

    Args:
      chapters: by name, in the order of the page.
      folder: made if it is not there.

    Returns:
      The page's path.

    Raises:
      UserError: it cannot be written.
    """
    target = pathlib.Path(folder) / "report.html"
    images = {
        f"{name}_{figure.name}.png": figures.to_bytes(figure.drawing)
        for name, chapter in chapters.items()
        for figure in chapter.figures
    }
    page = template("history.html.jinja").render(
        chapters=chapters,
        images={name: pictures.data_uri(content) for name, content in images.items()},
    )
    write_page(target, page, images)
    return target
