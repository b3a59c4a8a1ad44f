"""Learning curves as a matplotlib figure: the file beside the page, and `Run.plot`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnjax.core.errors import UserError
from nnjax.report.charts.curves import MANY, RUNNING_MEAN, TRAINING, VALIDATION, Line, Quantity, band, spans_widely
from nnjax.report.charts.figures import decimals, plain, subplots
from nnjax.report.context import ReportContext
from nnjax.report.text import shortened
from nnjax.runs.run import Run

STYLES = {VALIDATION: "-", TRAINING: "--", RUNNING_MEAN: ":"}


def plot_curves(run: Run, metric: str = "loss") -> Figure:
    """Draw train (dashed) and validation (solid) curves; over several seeds the mean, and the range as a band.

    Args:
      run: the run.
      metric: "loss" for every loss that was trained on, one axes each; or a metric's name.

    Raises:
      UserError: no trial recorded the metric.
    """
    found, losses = ReportContext(run).quantities, {spec.experiment.loss for spec in run.specs}
    chosen = [one for one in found if one.name == metric or (metric == "loss" and one.name in losses)]
    if not chosen and metric != "loss":
        there = ", ".join(["loss", *(quantity.name for quantity in found)])
        raise UserError(f"No trial recorded curves of {metric!r}; there are {there}.")
    return draw_curves(chosen)


def draw_curves(some: Sequence[Quantity]) -> Figure:
    """Draw quantities, one axes each."""
    figure, axes = subplots(max(len(some), 1), 4.2, 3.4)
    for one, quantity in zip(axes, some, strict=False):
        _curves(one, quantity)
    return figure


def _curves(axes: Any, quantity: Quantity) -> None:
    """Draw a quantity: the first settings in colors, the others in gray behind them."""
    recorded = {line.part for line in quantity.lines}
    parts = [part for part in (VALIDATION, TRAINING) if part in recorded] or [RUNNING_MEAN]
    shown = [line for line in quantity.lines if line.part in parts]
    _background(axes, [line for line in shown if line.place >= MANY])
    for line in shown:
        if line.place < MANY:
            _line(axes, line, named=line.part == parts[0])
    axes.set(xlabel="epoch", ylabel=quantity.label, yscale="log" if spans_widely(quantity) else "linear")
    if spans_widely(quantity):
        low, high = axes.get_ylim()
        decimals(axes.yaxis, fine=high < 100 * low)  # powers of ten would take TeX's parser as long as all the rest
    styles = [Line2D([], [], ls=STYLES[part], color="0.4", lw=1.2, label=part) for part in parts if len(parts) > 1]
    if handles := [*axes.get_legend_handles_labels()[0], *styles]:
        axes.legend(handles=handles, fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, lw=0.5)


def _line(axes: Any, line: Line, named: bool) -> None:
    mean, low, high = band(line.values)
    epochs, color = np.arange(1, len(mean) + 1), f"C{line.place % 10}"
    label, marker = plain(_cut(line.setting.label)) if named else None, "o" if len(mean) == 1 else None
    axes.plot(epochs, mean, STYLES[line.part], color=color, lw=1.6, label=label, marker=marker)
    if len(line.values) > 1:
        axes.fill_between(epochs, low, high, color=color, alpha=0.15, lw=0)


def _cut(label: str) -> str:
    label = shortened(label)
    return f" {label}" if label.startswith("_") else label  # which Matplotlib would leave out ("__main__:Net")


def _background(axes: Any, lines: Sequence[Line]) -> None:
    """Draw the mean curves of many settings as one line with gaps, which is a hundred times quicker than as many."""
    curves = [np.append(band(line.values)[0], np.nan) for line in lines]
    if curves:
        epochs = [np.arange(1, len(curve) + 1) for curve in curves]
        axes.plot(np.concatenate(epochs), np.concatenate(curves), color="0.75", lw=0.6, zorder=1)
