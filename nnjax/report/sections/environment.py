"""The section on where a run was made: versions, machine, data."""

from collections import Counter
from typing import Any

from nnjax.report.context import ReportContext
from nnjax.report.section import Section

ORDERS = {"shared": "lanes share the order of examples", "own": "each lane has its own order of examples"}


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
    return "; ".join(dict.fromkeys(map(_group_plan, plan)))


def _group_plan(group: dict[str, Any]) -> str:
    """Word how the trials that share a program were laid out; environment.json has the measurements behind it."""
    devices, lanes, split = (group.get(name) or 1 for name in ("devices", "lanes", "batch_devices"))
    parts = [f"{devices} device{'s' * (devices > 1)} × {lanes} lane{'s' * (lanes > 1)}"]
    parts += [f"each batch on {split} devices"] * (split > 1)
    parts += [ORDERS[group["order"]]] * (group.get("order") in ORDERS)
    parts += ["networks of several sizes padded to one"] * bool(group.get("envelope"))
    parts += ["chosen by hand"] * bool(group.get("fixed"))
    return ", ".join(parts)


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
