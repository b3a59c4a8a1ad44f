"""The report: one HTML file that needs no network and no server, and the same figures as PNG beside it."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from nnjax.core.errors import UserError
from nnjax.core.files import write_atomically
from nnjax.diagnosis.trials import named
from nnjax.diagnosis.verdicts import BADGES
from nnjax.report.charts import curves, figures, network_drawings, pictures
from nnjax.report.sections import (
    certificate,
    diagnoses,
    evolution,
    network_figures,
    network_history,
    network_snapshot,
    overview,
    provenance,
    scores,
    sweep_data,
    sweep_findings,
    tables,
)
from nnjax.report.sections.network_snapshot import Exhibit

if TYPE_CHECKING:
    from nnjax.runs.run import Run

TEMPLATES = pathlib.Path(__file__).parent / "templates"
SCRIPTS = ("data", "tables", "scales", "panel", "drawing", "evidence", "learning_curves")
SWEEP_SCRIPTS = (
    *("filter", "trials", "linked", "parallel", "trial_curves", "effects", "heat_map", "score_map"),
    *("verdicts", "rungs", "evolution", "trial_table", "sweep"),
)
ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
)  # U+2028 and U+2029 are escaped by json already


def write_report(run: Run, path: str | PathLike[str] | None = None) -> pathlib.Path:
    """Write report.html and figures/*.png, each whole or not at all.

    Args:
      run: finished, or as far as it came.
      path: a folder, or a file that ends in .html; None for the run's own folder.

    Returns:
      The page's path.

    Raises:
      UserError: the run lives in memory and no path is given, or the path cannot be written.
    """
    target = _target(run, path)
    some, missing = network_snapshot.exhibits(run)
    images = make_figures(run, some)
    page = render(run, some, missing, images.get("curves.png"))
    write_page(target, page, images)
    return target


def write_page(target: pathlib.Path, page: str, images: Mapping[str, bytes]) -> None:
    """Write a page, and its figures (PNG by file name) into figures/ beside it, each whole or not at all.

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


def template(name: str) -> Any:
    """Load a page's Jinja template; what it is given is escaped."""
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.globals["badges"] = BADGES
    environment.filters["named"] = named
    return environment.get_template(name)


def _target(run: Run, path: str | PathLike[str] | None) -> pathlib.Path:
    if path is None and run.path is None:
        raise UserError("This run lives in memory: say where its report goes, such as report('my_run').")
    target = pathlib.Path(path if path is not None else run.path)  # type: ignore[arg-type]
    return target if target.suffix == ".html" else target / "report.html"


def make_figures(run: Run, some: Sequence[Exhibit]) -> dict[str, bytes]:
    """Draw the figures that apply, as PNG by file name."""
    coders, pictured = network_figures.coders(some), [e for e in some if e.image_shape is not None]
    imaged = network_figures.coders(some, images=True)
    classifiers = network_figures.best_first(run, some, "classification")
    regressions = network_figures.best_first(run, some, "regression")
    drawn = {}
    if any(record.epochs for record in run.records):
        drawn["curves.png"] = figures.plot_curves(run)
    if imaged:
        drawn["reconstructions.png"] = network_drawings.plot_reconstructions(
            imaged, network_figures.examples_of(imaged[0])
        )
    if coders:
        drawn["latent.png"] = network_drawings.plot_latent(coders)
    if pictured:
        drawn["weights.png"] = network_drawings.plot_weights(pictured)
    if classifiers:
        drawn["confusion.png"] = network_drawings.plot_confusion(
            classifiers[0], network_figures.matrix_of(classifiers[0])
        )
    if regressions:
        drawn["predictions.png"] = network_drawings.plot_regression(regressions)
    return {name: figures.to_bytes(figure) for name, figure in drawn.items()}


def render(run: Run, some: Sequence[Exhibit], missing: Sequence[str], static_curves: bytes | None) -> str:
    """Write the page as text."""
    from markupsafe import Markup

    charts, sweep = curves.chart_data(run), sweep_data.sweep_of(run)
    return template("report.html.jinja").render(
        **_context(run, some),
        missing=missing,
        style=Markup((TEMPLATES / "style.css").read_text()),
        script=Markup(_script([*SCRIPTS, *SWEEP_SCRIPTS] if sweep else SCRIPTS)),
        charts=charts,
        chart_json=Markup(safe_json(curves.packed(charts) | {"evidence": [] if sweep else diagnoses.drawn(run)})),
        sweep=sweep_findings.verdict(sweep) if sweep else None,
        sweep_json=Markup(safe_json(sweep_data.sweep_data(sweep) | evolution.evolution_data(sweep))) if sweep else "",
        static_curves=pictures.data_uri(static_curves) if static_curves else "",
    )


def _context(run: Run, some: Sequence[Exhibit]) -> dict[str, Any]:
    references = scores.anchors_of(run)
    repeat = provenance.repeat(run)
    shown = network_snapshot.shown_settings(run)
    return {
        "title": overview.title(run),
        "sentences": overview.sentences(run, references),
        "cards": overview.cards(run, repeat["seconds"]),
        "boards": scores.boards(run, references, some),
        "reconstructions": network_figures.reconstructions(some),
        "latents": network_figures.latents(some),
        "legend": network_figures.legend(some),
        "weights": network_figures.weights(some),
        "classifiers": network_figures.classifiers(run, some),
        "regressions": network_figures.regressions(run, some),
        "sanity": run.sanity,
        "inside": network_history.section(run),
        "findings": [(finding.severity, arm, finding.sentence, finding.remedy) for arm, finding in run.findings],
        "settings": tables.settings_table(run),
        "varied": tables.varied(run),
        "shared": tables.shared(run),
        "trials": tables.trials_table(run),
        "censuses": tables.censuses(run, shown),
        "verdicts": diagnoses.section(run),
        "certificate": certificate.section(run),
        "environment": provenance.environment(run),
        "repeat": repeat,
        "config": json.dumps(repeat["config"], indent=1),
        "chosen": overview.chosen(run, some),
    }


def safe_json(content: Any) -> str:
    """Write JSON that can stand inside a script element: no character of it can end the element or begin a tag."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.translate(ESCAPES)


def _script(names: Sequence[str]) -> str:
    """Join the page's scripts, in an order in which each uses only those before it."""
    return "\n".join(['"use strict";', *((TEMPLATES / f"{name}.js").read_text() for name in names)])
