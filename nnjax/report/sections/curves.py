"""The section with the learning curves: an interactive chart, and a drawing for print or without scripts."""

from typing import Any

from nnjax.report.charts import array_images
from nnjax.report.charts.curves import packed
from nnjax.report.charts.curves_svg import curves_svg
from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.report.sections import diagnoses


def build(report: ReportContext) -> dict[str, Any] | None:
    """Pack the curves; None before the first epoch has ended."""
    if not report.quantities:
        return None
    evidence = [] if report.sweep else diagnoses.drawn(report)
    losses = {spec.experiment.loss for spec in report.run.specs}
    svg = curves_svg([one for one in report.quantities if one.name in losses])
    data = packed(report.charts) | {"evidence": evidence}
    return {"data": data, "evidence": evidence, "svg": svg, "uri": array_images.data_uri(svg)}


SECTION = Section(
    title="Learning curves",
    order=40,
    build=build,
    figures=lambda content: {"curves.svg": content["svg"]},
    scripts=(
        "data",
        "scales",
        "panel",
        "drawing",
        "evidence",
        "curve_series",
        "curve_pins",
        "curve_reader",
        "learning_curves",
    ),
    template="curves.html.jinja",
)
