"""The section on the sanity checks before training."""

from nnjax.report.section import Section

SECTION = Section(
    title="Sanity checks",
    order=120,
    build=lambda report: report.run.sanity,
    template="""
<p class="note">Before training, short trials of the same network on at most 1,000 examples: can it learn at all?</p>
{% for one in content %}
{% if one.arm or content | length > 1 %}
<h3>{{ one.arm or "trial %d" % one.trial }}</h3>
{% endif %}
<ul class="findings">
{% for check in one.checks %}
<li class="{{ "passed" if check.passed else "warning" }}"><strong>{{ check.name }}{% if not check.passed %}, failed{% endif %}</strong>: {{ check.sentence }} {{ check.remedy }}</li>
{% endfor %}
</ul>
{% endfor %}
""",  # noqa: E501
)
