"""The section on where a run was made: versions, machine, data."""

from collections import Counter
from typing import Any

from nnjax.report.context import ReportContext
from nnjax.report.section import Section


def environment(report: ReportContext) -> list[tuple[str, str]]:
    """List with what and where the run was made: name and text."""
    facts, found = report.run.facts(), report.environment
    versions = found.get("versions", {})
    devices = Counter(found.get("devices", ()))
    rows = [
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("commit", found.get("commit", "")),
        ("machine", found.get("machine", "")),
        ("cores", str(found.get("cores", ""))),
        ("devices", ", ".join(f"{n} × {name}" for name, n in devices.items())),
        ("sessions (s)", ", ".join(f"{seconds:.1f}" for seconds in found.get("sessions", ()))),
        ("plan", _plan(found.get("plan"))),
        ("data", f"{facts.source}; SHA-256 {facts.sha256[:16]}…"),
    ]
    return [(name, text) for name, text in rows if text]


def _plan(plan: Any) -> str:
    if not isinstance(plan, list):
        return ""
    texts = [", ".join(f"{k} {v}" for k, v in group.items() if k != "trials" and v is not None) for group in plan]
    return "; ".join(dict.fromkeys(texts))


SECTION = Section(
    title="Where it ran",
    order=170,
    build=environment,
    template="""
{% from "macros.html.jinja" import pairs %}
{{ pairs(content) }}
""",
    folded=True,
)
