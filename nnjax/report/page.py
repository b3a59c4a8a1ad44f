"""The report: one HTML file that needs no network and no server, and its figures beside it."""

import os
import pathlib
from collections.abc import Mapping
from os import PathLike
from typing import Any

from markupsafe import Markup

from nnjax.core.errors import UserError
from nnjax.core.files import as_path, check_out_folder, expand_home, write_atomically
from nnjax.report import header
from nnjax.report.context import ReportContext
from nnjax.report.goal_summary import goal_summaries
from nnjax.report.rendering import join_scripts, template
from nnjax.report.section import Section, find_sections
from nnjax.runs.run import Run


def write_report(run: Run, path: str | PathLike[str] | None = None) -> pathlib.Path:
    """Write report.html and its figures beside it, each whole or not at all.

    Args:
      run: finished, or as far as it came.
      path: a folder, or a file that ends in .html; None for the run's own folder.

    Returns:
      The page's path.

    Raises:
      UserError: the run lives in memory and no path is given, or the path cannot be written.
    """
    target, report, sections = _target(run, path), ReportContext(run), find_sections()
    with run.weights_read_once():
        contents = build(report, sections)
        drawn = [sections[name].figures(content).items() for name, content in contents.items()]
    images = {name: one if isinstance(one, bytes) else _png(one) for own in drawn for name, one in own}
    write_page(target, render(report, sections, contents), images)
    return target


def _png(figure: Any) -> bytes:
    """Write a matplotlib figure as PNG."""
    from nnjax.report.charts.figures import to_bytes

    return to_bytes(figure)


def write_page(target: pathlib.Path, page: str, images: Mapping[str, bytes]) -> None:
    """Write a page, and its figures (PNG or SVG by file name) into figures/ beside it, each whole or not at all.

    Raises:
      UserError: they cannot be written.
    """
    try:
        (target.parent / "figures").mkdir(parents=True, exist_ok=True)
        for name, content in images.items():
            write_atomically(target.parent / "figures" / name, content)
        write_atomically(target, page)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"The report {target} cannot be written ({reason}); name another path.") from None


def _target(run: Run, path: str | PathLike[str] | None) -> pathlib.Path:
    if path is None and run.path is None:
        raise UserError("This run lives in memory: say where its report goes, such as report('my_run').")
    target = str(as_path(path if path is not None else run.path))
    if pathlib.Path(target).suffix.lower() == ".html" and not os.path.isdir(target):
        check_out_folder(pathlib.Path(target).parent)
        return pathlib.Path(expand_home(target))
    return check_out_folder(target) / "report.html"


def build(report: ReportContext, sections: Mapping[str, Section]) -> dict[str, Any]:
    """Build the sections of a run: {id: content}, without those that have nothing to show."""
    contents = {name: section.build(report) for name, section in sections.items()}
    return {name: content for name, content in contents.items() if content}


def render(report: ReportContext, sections: Mapping[str, Section], contents: Mapping[str, Any]) -> str:
    """Write the page as text."""
    bodies = {name: Markup(template(sections[name].template).render(content=one)) for name, one in contents.items()}
    scripts = dict.fromkeys(script for name in contents for script in sections[name].scripts)
    return template("report.html.jinja").render(
        title=header.title(report),
        goal_summaries=goal_summaries(report),
        sentences=header.sentences(report),
        facts=header.facts(report),
        certificate=report.run.certificate,
        missing=report.missing,
        sections=[(name, sections[name], body) for name, body in bodies.items()],
        script=join_scripts([*scripts, "contents"]),
    )
