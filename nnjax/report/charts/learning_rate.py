"""The loss against the learning rate, and the curves of the regimes, as matplotlib figures."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnjax.diagnosis.learning_rate import Recommendation
from nnjax.diagnosis.rate_regimes import GOOD, HIGH, REGIMES, TOO_HIGH, TOO_LOW, RateSweep
from nnjax.report.charts.figures import decimals, subplots

COLORS = {TOO_LOW: "#2f5d9b", GOOD: "#2c7a4b", HIGH: "#b07d12", TOO_HIGH: "#b3423a"}
NAMES = {"val_loss": "validation loss", "train_loss_eval": "training loss", "train_loss": "training loss"}
NARROW = 0.07  # of the figure's width: a regime's name does not fit, and stands upright
TOP = 1.5  # the axis ends so far above the loss without training, as a factor


def plot_rates(measured: RateSweep, view: Recommendation) -> Figure:
    """Draw the loss against the rate: whole trainings as discs with all seeds, shorter ones as rings; the regimes."""
    figure, [axes] = subplots(1, 7.2, 4.0)
    _regimes(axes, view)
    top = _losses(axes, measured)
    low, high = view.interval
    axes.axvspan(low, high, ymax=0.02, color=COLORS[GOOD], lw=0) if low < high else None
    axes.axvline(view.rate, color="0.15", lw=1.0, ls="--", zorder=1)
    style = {"textcoords": "offset points", "fontsize": 9, "fontweight": "bold"}
    axes.annotate(f"{view.rate:.2g}", (view.rate, 0.04), (4, 0), xycoords=("data", "axes fraction"), **style)
    _broken(axes, measured, top)
    _log_axes(axes, measured.rates)
    axes.set(xlabel="learning rate", ylabel=NAMES[measured.metric])
    decimals(axes.yaxis)
    return figure


def _regimes(axes: Any, view: Recommendation) -> None:
    first, last = view.spans[0].low, view.spans[-1].high
    for span in view.spans:
        color, upright = COLORS[span.regime], np.log(span.high / span.low) < NARROW * np.log(last / first)
        axes.axvspan(span.low, span.high, color=color, alpha=0.12, lw=0)
        style = {"ha": "center", "va": "top", "fontsize": 9, "fontweight": "bold", "rotation": 90 if upright else 0}
        middle = np.sqrt(span.low * span.high)
        axes.text(middle, 0.985, span.regime, transform=axes.get_xaxis_transform(), color=color, **style)


def _losses(axes: Any, measured: RateSweep) -> float:
    """Draw all rates that have a loss; gives the upper end of the axis."""
    epochs, total = measured.epochs(), measured.losses.shape[2]
    shorter = []
    for place in np.flatnonzero((epochs.max(axis=1) > 0) & (epochs.max(axis=1) < total)):
        seed = int(np.argmax(epochs[place]))
        shorter.append((measured.rates[place], measured.losses[place, seed, epochs[place, seed] - 1]))
    whole = [i for i, row in enumerate(measured.final_log_losses) if np.isfinite(row).any()]
    finals = np.exp(measured.final_log_losses[whole])
    lowest = float(np.nanmin(finals))
    known = np.array([loss for _, loss in shorter] + [lowest])
    top = TOP * float(max(np.median(known), np.nanmax(np.where(np.isfinite(finals), finals, np.nan))))
    if shorter:
        rate, loss = np.array(shorter).T
        axes.plot(rate, np.minimum(loss, top), "o", mfc="none", mec="0.45", ms=4.5, mew=0.9, label="left early")
    for row, known_rate in zip(finals, measured.rates[whole], strict=True):
        seeds = row[np.isfinite(row)]
        axes.plot([known_rate] * len(seeds), np.minimum(seeds, top), "o", color="0.25", ms=3, alpha=0.6)
    means = np.minimum([np.exp(np.nanmean(measured.final_log_losses[place])) for place in whole], top)
    axes.plot(measured.rates[whole], means, "-o", color="0.15", lw=1.4, ms=4.5, label="trained to the end")
    axes.set_yscale("log")
    axes.set_ylim(lowest / 1.25, top * 1.35)
    axes.legend(fontsize=8, frameon=False, loc="lower left")
    return top


def _broken(axes: Any, measured: RateSweep, top: float) -> None:
    rates = measured.rates[measured.diverged.any(axis=1)]
    if len(rates):
        axes.plot(rates, np.full(len(rates), top), "x", color=COLORS[TOO_HIGH], ms=6, mew=1.6, label="diverged")
        axes.legend(fontsize=8, frameon=False, loc="lower left")


def _log_axes(axes: Any, rates: np.ndarray) -> None:
    axes.set_xscale("log")
    axes.set_xlim(rates[0] / 1.3, rates[-1] * 1.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def plot_regime_curves(measured: RateSweep, view: Recommendation) -> Figure:
    """Draw the loss against the epoch, as far as each trial of the first seed came, in its regime's color."""
    figure, [axes] = subplots(1, 7.2, 3.4)
    shown = set[str]()
    total = measured.losses.shape[2]
    for place in np.argsort(np.abs(np.arange(len(measured.rates)) - measured.best))[::-1]:
        curve, regime = measured.losses[place, 0], view.regimes[place]
        epochs = int(np.isfinite(curve).sum())
        if epochs > 1:
            label = None if regime in shown else regime
            shown.add(regime)
            width, alpha = (2.2, 1.0) if place == measured.best else (1.1, 0.75)
            style = {"color": COLORS[regime], "lw": width, "alpha": alpha, "label": label}
            axes.plot(np.arange(1, epochs + 1), curve[:epochs], **style)
    axes.set(xlabel="epoch", ylabel=NAMES[measured.metric], yscale="log", xlim=(0.5, total + 0.5))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    decimals(axes.yaxis)
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    order = [regime for regime in REGIMES if regime in handles]
    axes.legend([handles[name] for name in order], order, fontsize=8, frameon=False)
    return figure
