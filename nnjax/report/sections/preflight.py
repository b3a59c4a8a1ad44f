"""The section with the remarks of the checks before training."""

from nnjax.report.section import Section

SECTION = Section(
    title="Pre-flight remarks",
    order=110,
    build=lambda report: report.run.findings,
    template="""
<ul class="findings">
{% for arm, finding in content %}
<li class="{{ finding.severity }}"><strong>{{ finding.severity }}</strong>{% if arm %} ({{ arm }}){% endif %}: {{ finding.sentence }} {{ finding.remedy }}</li>
{% endfor %}
</ul>
""",  # noqa: E501
)
