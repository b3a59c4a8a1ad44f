"""A diagnosis as text and as JSON."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from nnjax.diagnosis.types import Diagnosis, Verdict


def text(diagnosis: Diagnosis, name: str = "") -> str:
    """Write a diagnosis in a few lines: the first verdict with its evidence and what to try, then the others."""
    first = diagnosis.primary
    lines = [f"{name}: " * bool(name) + f"{first.code} (confidence {first.confidence:.0%})", f"  {first.sentence}"]
    if first.next:
        lines.append(f"  next: {first.next}")
    if first.evidence or first.epochs:
        lines.append(f"  evidence: {_evidence(first)}")
    lines += [f"  also {other.code} ({other.confidence:.0%}): {other.sentence}" for other in diagnosis.others]
    return "\n".join(lines)


def _evidence(verdict: Verdict) -> str:
    numbers = [f"{key} {value:.4g}" for key, value in verdict.evidence.items()]
    return ", ".join(numbers + [f"{key}: epoch {value}" for key, value in verdict.epochs.items()])


def as_json(diagnosis: Diagnosis, name: str = "") -> dict[str, Any]:
    """Give a diagnosis as a tree for JSON; numbers that are not finite become null."""
    verdicts = [_tree(verdict) for verdict in (diagnosis.primary, *diagnosis.others)]
    return {"trial": name, "primary": verdicts[0], "others": verdicts[1:]}


def _tree(verdict: Verdict) -> dict[str, Any]:
    tree = dataclasses.asdict(verdict)
    tree["evidence"] = {k: float(v) if math.isfinite(v) else None for k, v in verdict.evidence.items()}
    tree["epochs"] = {k: int(v) for k, v in verdict.epochs.items()}
    return tree
