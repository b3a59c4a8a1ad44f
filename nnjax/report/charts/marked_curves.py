"""A trial's loss curves with the evidence of its first verdict drawn on them, by matplotlib."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnjax.diagnosis.marks import Mark
from nnjax.diagnosis.types import Diagnosis
from nnjax.report.charts.figures import subplots
from nnjax.report.text import named
from nnjax.report.verdict_details import marks
from nnjax.train.storage.records import Record

LINES = (
    ("val_loss", "validation", "-", "#2f5d9b", 1.8),
    ("train_loss_eval", "training", "--", "#b3423a", 1.4),
    ("train_loss", "running mean", ":", "#b3423a", 1.4),
)
INK, RED, BAND, LEVEL = "#1d1f23", "#b3423a", "#2f5d9b", "#2c7a4b"
WIDE = 50  # highest over lowest loss that need a logarithmic axis
FLAT = 0.05  # of the loss: curves that move less are drawn flat
WIDTH, HEIGHT = 4.6, 3.3  # inches
ROW = 0.075  # of the height: from one label at the top to the next
HALO = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}


def plot_trial(record: Record, diagnosis: Diagnosis, loss: str) -> Figure:
    """Draw a trial's losses by epoch, and what its first verdict rests on."""
    figure, [axes] = subplots(1, WIDTH, HEIGHT)
    _curves(axes, record)
    axes.set(xlabel="epoch", ylabel=named(loss))
    _marks(axes, marks(Diagnosis(diagnosis.primary), record.curves))
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:  # no curve has a finite value where training broke in the first epoch
        axes.legend(fontsize=7, framealpha=0.7, edgecolor="none", loc="best")
    return figure


def _curves(axes: Any, record: Record) -> None:
    """Draw a trial's curves."""
    known = []
    for name, label, style, color, width in LINES:
        curve = record.curves.get(name, np.zeros(0))
        if np.isfinite(curve).any():
            marker = "o" if len(curve) < 6 else None
            epochs = np.arange(1, len(curve) + 1)
            axes.plot(epochs, curve, style, color=color, lw=width, label=label, marker=marker, ms=4)
            known.append(curve[np.isfinite(curve)])
    values = np.concatenate(known) if known else np.ones(1)
    if values.min() > 0 and values.max() > WIDE * values.min():
        axes.set_yscale("log")
    else:
        span = max(float(np.ptp(values)), FLAT * float(np.abs(values).max())) or 1.0  # noise shall look like noise
        axes.set_ylim(max(0.0, values.min() - 0.08 * span), values.max() + 0.25 * span)  # room for labels above


def _marks(axes: Any, found: Sequence[Mark]) -> None:
    """Draw the marks of a verdict on the curves."""
    top = 0.98
    for mark in found:
        if mark.kind in ("band", "line"):
            _upright(axes, mark, top)
            top -= ROW
        elif mark.kind == "level":
            draw_level(axes, mark.y[0], mark.label)
        elif mark.kind == "trend":
            axes.plot(mark.x, mark.y, "-.", color=INK, lw=1.5, zorder=4)
            _near(axes, mark.label, mark.x[len(mark.x) // 2], mark.y[len(mark.y) // 2])
        else:
            axes.plot(mark.x, mark.y, "o", ms=10, mfc="none", mec=INK, mew=1.8, zorder=5)
            _near(axes, mark.label, mark.x[0], mark.y[0])


def draw_level(axes: Any, y: float, label: str) -> None:
    """Draw a loss to compare with as a dashed line, its label at the right."""
    axes.axhline(y, color=LEVEL, lw=1.2, ls=(0, (8, 4)), zorder=1)
    across = axes.get_yaxis_transform()
    axes.text(0.99, y, label, transform=across, fontsize=8, va="bottom", ha="right", color=LEVEL, bbox=HALO, zorder=6)


def _upright(axes: Any, mark: Mark, top: float) -> None:
    if mark.kind == "band":
        axes.axvspan(*mark.x, color=BAND, alpha=0.12, lw=0, zorder=0)
    else:
        axes.axvline(mark.x[0], color=RED, lw=1.5, ls="--", zorder=1)
    x, side = (mark.x[-1], "right") if _in_right_half(axes, mark.x[0]) else (mark.x[0], "left")
    axes.text(x, top, f" {mark.label} ", transform=axes.get_xaxis_transform(), fontsize=8, va="top", ha=side)


def _near(axes: Any, label: str, x: float, y: float) -> None:
    shift, side = (-9, "right") if _in_right_half(axes, x) else (9, "left")
    style = {"textcoords": "offset points", "fontsize": 8, "bbox": HALO, "zorder": 6}
    axes.annotate(label, (x, y), (shift, 12), ha=side, **style)


def _in_right_half(axes: Any, x: float) -> bool:
    """Whether a label that begins at x might run out of the figure."""
    return bool(x > sum(axes.get_xlim()) / 2)
