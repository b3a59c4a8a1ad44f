"""The history report as one HTML file, with its figures as PNG beside it."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from os import PathLike

from nnjax.report import figures, pictures
from nnjax.report.history.chapters import Chapter
from nnjax.report.page import TEMPLATES
from nnjax.train.checkpoints import write_atomically
from nnjax.types import UserError


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
    import jinja2
    from markupsafe import Markup

    target = pathlib.Path(folder) / "report.html"
    images = {
        f"{name}_{figure.name}.png": figures.to_bytes(figure.drawing)
        for name, chapter in chapters.items()
        for figure in chapter.figures
    }
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = env.get_template("history.html.jinja").render(
        chapters=chapters,
        images={name: pictures.data_uri(content) for name, content in images.items()},
        style=Markup((TEMPLATES / "style.css").read_text()),
    )
    try:
        (target.parent / "figures").mkdir(parents=True, exist_ok=True)
        for name, content in images.items():
            write_atomically(target.parent / "figures" / name, content)
        write_atomically(target, page)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"The report {target} cannot be written ({reason}); name another folder.") from None
    return target
