"""Collect the marks by which verdicts show their evidence on a chart of learning curves."""

from typing import Any

import numpy as np

from nnjax.diagnosis.marks import Losses, Mark
from nnjax.diagnosis.types import Diagnosis
from nnjax.diagnosis.verdicts import VERDICTS
from nnjax.report.sweep.columns import rounded


def marks(diagnosis: Diagnosis, losses: Losses) -> list[Mark]:
    """Give the marks of a trial's verdicts, the first verdict's first; what lies beyond the curves is left out.

    Args:
      diagnosis: of the trial.
      losses: of its record.
    """
    verdicts = (diagnosis.primary, *diagnosis.others)
    found = [mark for verdict in verdicts for mark in VERDICTS[verdict.code].marks(verdict, losses)]
    return [mark for mark in found if np.isfinite([*mark.x, *mark.y]).all()]


def as_json(mark: Mark) -> dict[str, Any]:
    """Write a mark for the page's script."""
    return {
        "kind": mark.kind,
        "x": [rounded(float(x)) for x in mark.x],
        "y": [rounded(float(y)) for y in mark.y],
        "label": mark.label,
    }
