"""The section on the search space of a sweep: what it found, and linked views of all of its trials."""

from typing import Any

from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.report.sections import curves
from nnjax.report.sections.trials import trials_table
from nnjax.report.sweep.data import sweep_data
from nnjax.report.sweep.evolution import evolution_data
from nnjax.report.sweep.findings import sweep_findings
from nnjax.report.trial_verdicts import verdict_counts


def build(report: ReportContext) -> dict[str, Any] | None:
    """Describe the sweep; None where the run only compares named arms, or seeds."""
    if report.sweep is None:
        return None
    return sweep_findings(report.sweep) | {
        "data": sweep_data(report.sweep) | evolution_data(report.sweep),
        "verdicts": verdict_counts(report.run),
        "has_curves": bool(report.charts),
        "trials": trials_table(report),
    }


SECTION = Section(
    title="The search space",
    order=20,
    build=build,
    scripts=(
        *curves.SECTION.scripts,
        "tables",
        *("filter", "trials", "linked", "parallel", "trial_curves", "effects", "heat_map", "score_map"),
        *("verdicts", "rungs", "evolution", "trial_table", "sweep"),
    ),
    template="space.html.jinja",
)
