"""Where a run comes from: the command, the configuration, the machine."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from nnjax.core.fields import to_dict
from nnjax.runs import folder

if TYPE_CHECKING:
    from nnjax.runs.run import Run


def environment(run: Run) -> list[tuple[str, str]]:
    """Say with what and where the run was made: name and text."""
    found = _environment(run)
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
    ]
    data = {f.name: f for f in (run.facts(spec.id) for spec in run.specs[:1])}
    rows += [("data", f"{f.source}; SHA-256 {f.sha256[:16]}…") for f in data.values()]
    return [(name, text) for name, text in rows if text]


def _environment(run: Run) -> dict[str, Any]:
    from nnjax.runs.environment import describe_environment

    if isinstance(run.store, folder.FolderStore):
        return run.store.read_environment()
    return describe_environment({}, [])


def _plan(plan: Any) -> str:
    if not isinstance(plan, list):
        return ""
    texts = [", ".join(f"{k} {v}" for k, v in group.items() if k != "trials" and v is not None) for group in plan]
    return "; ".join(dict.fromkeys(texts))


def repeat(run: Run) -> dict[str, Any]:
    """Give what repeats the run: the command of a script, else the configuration."""
    found = _environment(run)
    command = found.get("command", "") if run.path is not None else ""
    base = run.store.read_config().base if isinstance(run.store, folder.FolderStore) else run.specs[0].experiment
    sessions = found.get("sessions", ()) if run.path is not None else ()
    return {
        "command": command,
        "config": to_dict(base),
        "folder": run.path.name if run.path is not None else "",
        "seconds": float(sum(sessions)) if sessions else None,
    }
