"""The results of a grid of learning rates and batch sizes as page content."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.core.experiment import Experiment
from nnjax.core.fields import to_dict
from nnjax.core.messages import remedy
from nnjax.diagnosis.phase_diagram import PhaseDiagram
from nnjax.report.charts.learning_rate import NAMES
from nnjax.report.charts.phase_diagram import plot_phase
from nnjax.report.learning_rate.page import Page, Section


def phase_page(experiment: Experiment, phases: Sequence[PhaseDiagram]) -> Page:
    """Describe what `nnjax.search.learning_rate.tune.train_grid` found."""
    table, metric = [row for phase in phases for row in _phase_rows(phase)], phases[0].metric
    return Page(
        sentences=[_phase_sentence(phase) for phase in phases],
        warnings=[sentence for phase in phases if (sentence := _phase_edge(phase))],
        cards=[],
        sections=[_phase_section(phase) for phase in phases],
        how=[
            f"Every rate was trained with every batch size for {experiment.epochs} epochs, once (seed "
            f"{experiment.seed}). Small batches take more steps in as many epochs. A frame marks the lowest "
            f"{NAMES[metric]} of each batch size; "
            f"{remedy('`tune`', 'nnjax tune-lr without --batch_sizes')} searches a rate closely."
        ],
        drawings={f"{phase.optimizer}_phase.png": plot_phase(phase) for phase in phases},
        table=table,
        json={
            "experiment": to_dict(experiment),
            "best": [row for phase in phases for row in _best_rows(phase)],
            "cells": [{**row, metric: None if row[metric] == "" else row[metric]} for row in table],
        },
    )


def _best_rows(phase: PhaseDiagram) -> list[dict[str, Any]]:
    return [
        {
            "optimizer": phase.optimizer,
            "batch_size": size,
            "rate": float(phase.rates[place]),
            "loss": float(phase.losses[place, j]),
            "verdict": str(phase.verdicts[place, j]),
        }
        for j, (size, place) in enumerate(zip(phase.batch_sizes, phase.best(), strict=True))
        if place is not None
    ]


def _phase_sentence(phase: PhaseDiagram) -> str:
    best = [f"{row['rate']:.2g} at {row['batch_size']}" for row in _best_rows(phase)]
    if not best:
        return f"{phase.optimizer}: every rate broke down with every batch size; lower rates may not."
    return f"{phase.optimizer}: the best of the rates by batch size are {', '.join(best)}."


def _phase_edge(phase: PhaseDiagram) -> str:
    best = [place for place in phase.best() if place is not None]
    ends = [("lowest", remedy("low", "--low"), 0), ("highest", remedy("high", "--high"), len(phase.rates) - 1)]
    found = [f"the {name} rate, {phase.rates[end]:.2g} (move {flag})" for name, flag, end in ends if end in best]
    return f"{phase.optimizer}: the best lies at {' and at '.join(found)}: extend the range." if found else ""


def _phase_section(phase: PhaseDiagram) -> Section:
    """Make the section on a phase diagram: what was found, and the best cells."""
    codes, counts = np.unique(phase.verdicts, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    listed = ", ".join(f"{counts[i]} {codes[i].replace('_', ' ')}" for i in order)
    rows = [
        [str(row["batch_size"]), f"{row['rate']:.3g}", f"{row['loss']:.4g}", row["verdict"].replace("_", " ")]
        for row in _best_rows(phase)
    ]
    return Section(
        phase.optimizer,
        [f"Verdicts of the {phase.verdicts.size} trials: {listed}."],
        [
            (
                f"{phase.optimizer}_phase.png",
                f"Each cell is a trial, colored by the verdict on its curves; the number is its last "
                f"{NAMES[phase.metric]}.",
            )
        ],
        ["batch size", "best rate", NAMES[phase.metric], "verdict"],
        rows,
    )


def _phase_rows(phase: PhaseDiagram) -> list[dict[str, Any]]:
    return [
        {
            "optimizer": phase.optimizer,
            "batch_size": phase.batch_sizes[j],
            "learning_rate": float(phase.rates[i]),
            phase.metric: float(phase.losses[i, j]) if np.isfinite(phase.losses[i, j]) else "",
            "verdict": str(code),
        }
        for (i, j), code in np.ndenumerate(phase.verdicts)
    ]
