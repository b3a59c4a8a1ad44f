"""The section on the ensemble: its members, their weights, and what it reaches."""

from typing import Any

from nnjax.core.text import number
from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.runs.choice import words


def build(report: ReportContext) -> dict[str, Any] | None:
    """Describe the run's latest ensemble; None where there is none."""
    found = report.run.members
    if found is None:
        return None
    rows = [
        [one.label, ", ".join(map(str, one.trials)), f"{100 * one.weight:.1f} %", number(one.value)]
        for one in found.members
    ]
    score = words(found.metric) if found.metric else "alone"
    table = {"columns": ("setting", "trials", "weight", score), "rows": rows}
    return {"about": str(found), "table": table, "left_out": found.left_out, "compared": bool(found.metric)}


SECTION = Section(
    title="The ensemble",
    order=17,
    build=build,
    template="""
{% from "macros.html.jinja" import plain_table %}
<p>{{ content.about }}.{% if content.left_out %} {{ content.left_out }}.{% endif %}</p>
{{ plain_table(content.table) }}
<p class="note">
The mean of the members' outputs by these weights; the trials of one member, its folds, count alike.
{% if content.compared %}Members were chosen on these very examples, so that its value there is optimistic.{% endif %}
</p>
""",
)
