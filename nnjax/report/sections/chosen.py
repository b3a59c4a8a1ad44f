"""The section on the chosen network: what it does on examples that neither training nor the choice has seen."""

from typing import Any

from nnjax.report.chosen_scores import ChosenScores
from nnjax.report.context import ReportContext
from nnjax.report.section import Section

COLUMNS = ("class", "examples", "recall", "precision", "F1", "ROC AUC", "average precision")


def build(report: ReportContext) -> list[dict[str, Any]]:
    """Describe each chosen classifier and regression."""
    return [_describe(one) for one in report.run.chosen_scores]


def _describe(one: ChosenScores) -> dict[str, Any]:
    """Describe the scores of a chosen network for the template."""
    rows = [[c.name, f"{c.examples:,}", *(f"{v:.3f}" if v == v else "–" for v in c[2:])] for c in one.classes]
    unseen = one.part == "test" and not one.chose
    tested = "examples, which neither training nor choice has seen" if unseen else "examples, by which it was chosen"
    about = f"Trial {one.trial}, with {one.weights}, on the {one.examples:,} {one.part} {tested}. {one.seeds}"
    return {
        "label": one.label,
        "about": about.strip(),
        "whole": {"columns": ("score", one.part), "rows": list(one.scores.items())},
        "classes": {"columns": COLUMNS, "rows": rows},
        "calibration": one.calibration,
        "regression": one.goal == "regression",
    }


SECTION = Section(title="The chosen network", order=15, build=build, template="chosen.html.jinja")
