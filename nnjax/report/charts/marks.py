"""The evidence of a verdict as marks on the curves: what to look at, where, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nnjax.diagnosis.thresholds import LINEAR
from nnjax.diagnosis.types import Diagnosis, Verdict
from nnjax.diagnosis.verdicts.case import percent
from nnjax.report.sweep.columns import rounded

POINTS = 9  # of the extrapolated power law
AHEAD = 1.5  # times the epochs trained: how far it goes (`features.gain_ahead`)

Curves = Mapping[str, np.ndarray]


class Mark(NamedTuple):
    """Something to draw over a chart of losses by epoch.

    Attributes:
      kind: "point", "line" (upright, at an epoch), "band" (between two epochs), "level" (across, at a loss) or "trend"
        (through points).
      x: epochs, counted from 1.
      y: losses, as many as epochs; a single one of a level; none of a line or a band.
      label: what it is.
    """

    kind: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    label: str


def marks(diagnosis: Diagnosis, curves: Curves) -> list[Mark]:
    """Draw what the verdicts of a trial rest on, the first verdict's first.

    Args:
      diagnosis: of the trial.
      curves: of its record: train_loss, train_loss_eval, val_loss, each [epochs]; any may be missing.
    """
    verdicts = (diagnosis.primary, *diagnosis.others)
    found = [mark for verdict in verdicts if verdict.code in DRAWN for mark in DRAWN[verdict.code](verdict, curves)]
    return [mark for mark in found if np.isfinite([*mark.x, *mark.y]).all()]


def as_json(mark: Mark) -> dict[str, Any]:
    """Write a mark for the page's script."""
    return {
        "kind": mark.kind,
        "x": [rounded(float(x)) for x in mark.x],
        "y": [rounded(float(y)) for y in mark.y],
        "label": mark.label,
    }


def _main(curves: Curves) -> np.ndarray:
    """Choose the loss that verdicts on the result look at."""
    return _first(curves, "val_loss", "train_loss_eval", "train_loss")


def _trained(curves: Curves) -> np.ndarray:
    """Choose the loss that verdicts on the training look at."""
    return _first(curves, "train_loss", "train_loss_eval", "val_loss")


def _first(curves: Curves, *names: str) -> np.ndarray:
    return next((curves[name] for name in names if name in curves and np.isfinite(curves[name]).any()), np.zeros(0))


def _at(curve: np.ndarray, epoch: int) -> float:
    return float(curve[epoch - 1]) if 0 < epoch <= len(curve) else float("nan")


def _point(curve: np.ndarray, epoch: int, label: str) -> Mark:
    return Mark("point", (epoch,), (_at(curve, epoch),), label)


def _band(verdict: Verdict, label: str, start: str = "from") -> Mark:
    ends = verdict.epochs.get(start, 0), verdict.epochs.get("to", 0)
    return Mark("band", ends, (), label)


def _guessing(verdict: Verdict) -> list[Mark]:
    level = verdict.evidence.get("mean_predictor", float("nan"))
    return [Mark("level", (), (level,), "a constant answer")]


def _overfitting(verdict: Verdict, curves: Curves) -> list[Mark]:
    low = verdict.epochs["minimum"]
    return [_point(_main(curves), low, f"lowest: epoch {low}"), _band(verdict, "validation rises", "minimum")]


def _diverged(verdict: Verdict, curves: Curves) -> list[Mark]:
    epoch = verdict.epochs["diverged"]
    return [Mark("line", (epoch,), (), f"diverged: epoch {epoch}")]


def _unstable(verdict: Verdict, curves: Curves) -> list[Mark]:
    low = verdict.epochs["minimum"]
    again = _first(curves, "train_loss_eval", "train_loss")
    return [_point(again, low, f"had come down to this: epoch {low}")]


def _rising(verdict: Verdict, curves: Curves) -> list[Mark]:
    ends, curve = (verdict.epochs["from"], verdict.epochs["to"]), _trained(curves)
    label = f"rises by {percent(verdict.evidence['rise'])}"
    return [Mark("trend", ends, tuple(_at(curve, epoch) for epoch in ends), label)]


def _stuck(verdict: Verdict, curves: Curves) -> list[Mark]:
    return [*_guessing(verdict), _band(verdict, "never left its start")]


def _no_signal(verdict: Verdict, curves: Curves) -> list[Mark]:
    val = _main(curves)
    low = int(np.nanargmin(val)) + 1 if np.isfinite(val).any() else 0
    return [_point(val, low, "validation: no better than this")]


def _too_slow(verdict: Verdict, curves: Curves) -> list[Mark]:
    ends, curve = (verdict.epochs["from"], verdict.epochs["to"]), _main(curves)
    straight = Mark("trend", ends, tuple(_at(curve, epoch) for epoch in ends), "almost a straight line")
    bent = verdict.evidence.get("second_half", 1.0) <= LINEAR  # then it is slow because it is above a constant answer
    return [*[straight] * (not bent), *_guessing(verdict)]


def _spike(verdict: Verdict, curves: Curves) -> list[Mark]:
    epoch = verdict.epochs["spike"]
    return [_point(_trained(curves), epoch, f"a jump: epoch {epoch}")]


def _still(verdict: Verdict, curves: Curves) -> list[Mark]:
    """Go on along the power law that the verdict has found: a loss that falls by `gain_ahead` until 1.5 t."""
    start, end, gain = verdict.epochs["from"], verdict.epochs["to"], verdict.evidence["gain_ahead"]
    last = _main(curves)[start - 1 : end]
    if not (last > 0).all():
        return []
    x = np.geomspace(start, AHEAD * end, POINTS)
    middle, level = np.log(np.arange(start, end + 1)).mean(), np.log(last).mean()
    y = np.exp(level - gain / np.log(AHEAD) * (np.log(x) - middle))
    return [Mark("trend", tuple(x), tuple(y), f"going on: −{percent(-gain)}")]


def _late(verdict: Verdict, curves: Curves) -> list[Mark]:
    return [_band(verdict, "nothing more is gained", "flat_from")]


DRAWN: dict[str, Callable[[Verdict, Curves], list[Mark]]] = {
    "overfitting": _overfitting,
    "diverged": _diverged,
    "unstable": _unstable,
    "rising": _rising,
    "stuck_at_start": _stuck,
    "no_signal": _no_signal,
    "too_slow": _too_slow,
    "spike": _spike,
    "plateau_then_drop": lambda verdict, curves: [_band(verdict, "plateau")],
    "val_below_train": lambda verdict, curves: [_band(verdict, "validation below training")],
    "noisy": lambda verdict, curves: [_band(verdict, "wobbles")],
    "still_learning": _still,
    "stopped_too_late": _late,
    "converged": lambda verdict, curves: [_band(verdict, "flat")],
}
