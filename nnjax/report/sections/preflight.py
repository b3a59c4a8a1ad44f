"""The section with the remarks of the checks before training."""

from __future__ import annotations

from nnjax.report.context import ReportContext
from nnjax.report.section import Content, Section


def build(report: ReportContext) -> Content | None:
    """List the remarks; None without any."""
    return {"findings": report.run.findings} if report.run.findings else None


SECTION = Section(
    title="Pre-flight remarks",
    order=110,
    build=build,
    template="""
<ul class="findings">
{% for arm, finding in findings %}
<li class="{{ finding.severity }}"><strong>{{ finding.severity }}</strong>{% if arm %} ({{ arm }}){% endif %}: {{ finding.sentence }} {{ finding.remedy }}</li>
{% endfor %}
</ul>
""",  # noqa: E501
)
