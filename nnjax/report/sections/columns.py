"""The section on the columns of a table: which inputs came of each, and what was left out."""

from typing import Any

from nnjax.core.text import show
from nnjax.report.context import ReportContext
from nnjax.report.section import Section


def build(report: ReportContext) -> dict[str, Any] | None:
    """List the columns of the table that the run was trained on; None for other data."""
    recipe = report.run.facts().recipe
    if recipe is None:
        return None
    rows = []
    for column in recipe.columns:
        fill = "" if not column.fill else ", ".join(show(value) for value in column.fill[:3])
        filled = fill + (", …" if len(column.fill) > 3 else "")
        rows.append((column.name, len(column.inputs), str(column), filled))
    return {"rows": rows, "target": ", ".join(recipe.target), "left_out": recipe.left_out}


SECTION = Section(
    title="Columns of the table",
    order=105,
    build=build,
    template="""
<div class="scroll"><table>
<tr><th>column</th><th>inputs</th><th>read as</th><th>filled in where missing</th></tr>
{% for name, inputs, kind, fill in content.rows %}
<tr><td>{{ name }}</td><td>{{ inputs }}</td><td>{{ kind }}</td><td>{{ fill }}</td></tr>
{% endfor %}
</table></div>
{% if content.target %}<p>Target: {{ content.target }}.</p>{% endif %}
{% if content.left_out %}
<p>No inputs: {% for name, why in content.left_out %}{{ name }} ({{ why }}){{ ", " if not loop.last }}{% endfor %}.</p>
{% endif %}
""",
    folded=True,
)
