"""Results of the sanity checks: records, lines of output, and sanity.json in the run folder."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.runs.folder import FolderStore

FILE = "sanity.json"


class SanityCheck(NamedTuple):
    """One sanity check."""

    name: str  # "start", "overfits small batch", "inputs matter", "without inputs" or "shuffled labels"
    passed: bool  # whether all is well
    sentence: str  # what was found, against what was expected
    remedy: str  # what to look at; "" where it passed
    evidence: dict[str, float]  # numbers by name


class Examined(NamedTuple):
    """The checks of one trial of a run, which represents all of its arm and kind."""

    arm: str
    trial: int
    checks: tuple[SanityCheck, ...]


def format_checks(examined: Examined) -> list[str]:
    """Write the checks as lines of output."""
    of = f" ({examined.arm})" if examined.arm else ""
    return [
        f"sanity{of}: {one.name}: {one.sentence}" if one.passed else f"warning: sanity{of}: {one.sentence} {one.remedy}"
        for one in examined.checks
    ]


def to_json(found: Sequence[Examined]) -> list[dict[str, Any]]:
    """Return sanity.json; numbers that are not finite are left out."""
    return [{"arm": one.arm, "trial": one.trial, "checks": [_finite(check) for check in one.checks]} for one in found]


def _finite(check: SanityCheck) -> dict[str, Any]:
    numbers = {name: value for name, value in check.evidence.items() if np.isfinite(value)}
    return check._asdict() | {"evidence": numbers}


def read(folder: FolderStore) -> list[Examined] | None:
    """Read what a run folder has of the sanity checks; None if nothing. UserError if it is damaged."""
    return folder.read_optional(FILE, from_json)


def from_json(tree: Any) -> list[Examined]:
    """Read back what `to_json` gave; LookupError or TypeError if it was changed."""
    return [Examined(one["arm"], one["trial"], tuple(SanityCheck(**check) for check in one["checks"])) for one in tree]
