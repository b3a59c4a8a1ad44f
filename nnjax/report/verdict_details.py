"""A diagnosis as pages show it: sentences, numbers, and marks on the curves. Imports no JAX."""

from typing import Any

import numpy as np

from nnjax.core.text import number
from nnjax.diagnosis import trials
from nnjax.diagnosis.marks import Losses, Mark
from nnjax.diagnosis.types import Diagnosis, Verdict
from nnjax.diagnosis.verdicts import VERDICTS


def verdicts(diagnosis: Diagnosis) -> dict[str, Any]:
    """Describe a diagnosis: code, sentence, next, the others as (code, sentence), the numbers as (what, text)."""
    first = diagnosis.primary
    return {
        "code": first.code,
        "sentence": first.sentence,
        "next": first.next,
        "others": [(other.code, other.sentence) for other in diagnosis.others],
        "numbers": [pair for verdict in (first, *diagnosis.others) for pair in numbers(verdict)],
    }


def numbers(verdict: Verdict) -> list[tuple[str, str]]:
    """List a verdict's evidence for researchers: how sure it is, its numbers, its epochs."""
    name = trials.named(verdict.code)
    parts = [f"{key.replace('_', ' ')} {number(float(value))}" for key, value in verdict.evidence.items()]
    parts += [f"{key.replace('_', ' ')}: epoch {epoch}" for key, epoch in verdict.epochs.items()]
    return [(f"{name}, {100 * verdict.confidence:.0f} % sure", ", ".join(parts))]


def marks(diagnosis: Diagnosis, losses: Losses) -> list[Mark]:
    """Return the marks of a trial's verdicts, the first verdict's first; what lies beyond its losses is left out."""
    verdicts = (diagnosis.primary, *diagnosis.others)
    found = [mark for verdict in verdicts for mark in VERDICTS[verdict.code].marks(verdict, losses)]
    return [mark for mark in found if np.isfinite([*mark.x, *mark.y]).all()]
