"""The scoreboards: networks and reference scores in one table, the best first, so that no error stands alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnjax.anchors import ACCURACY, BCE, MSE, PCA_WIDTHS, Anchors, anchors
from nnjax.config import DataConfig
from nnjax.report.exhibits import Exhibit, detail
from nnjax.report.summary import METRICS, Setting, cell, mean_and_spread, number, ranked, scores, settings
from nnjax.types import UserError

if TYPE_CHECKING:
    from nnjax.api import Run

MAX_BOARDS, MAX_NETWORKS = 3, 12
HEADS = {
    "mean_squared_error": "MSE",
    "mean_absolute_error": "MAE",
    "binary_crossentropy": "BCE",
    "accuracy": "wrong answers",
}

Key = tuple[DataConfig, str]


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a scoreboard.

    Attributes:
      name: of the network or the reference.
      network: whether it is a network.
      cells: texts, one for each column after the name.
      share: its first score as a share of the worst one, for a bar; None where it has none.
    """

    name: str
    network: bool
    cells: tuple[str, ...]
    share: float | None


@dataclasses.dataclass(frozen=True)
class Board:
    """One scoreboard.

    Attributes:
      goal: "reconstruction", "classification" or "regression".
      data: the name of the data.
      part: what the scores were measured on.
      columns: heads after the name.
      rows: the best first.
      left_out: how many networks have no row.
      notes: sentences.
    """

    goal: str
    data: str
    part: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: int
    notes: tuple[str, ...]


def goals_of(run: Run) -> dict[Key, list[Setting]]:
    """Sort the settings by their data and their goal."""
    out: dict[Key, list[Setting]] = {}
    for setting in settings(run):
        out.setdefault((setting.experiment.data, setting.goal), []).append(setting)
    return out


def anchors_of(run: Run) -> dict[Key, Anchors]:
    """Compute the reference scores of the run's first data and goals, with PCA at every width that a code has."""
    out = {}
    for (config, goal), some in list(goals_of(run).items())[:MAX_BOARDS]:
        widths = [min(setting.experiment.model.widths, default=0) for setting in some]
        try:
            out[config, goal] = anchors(run.data(some[0].trials[0]), goal, {*PCA_WIDTHS, *widths})
        except UserError:
            continue  # the data are gone; the page says so where it misses the pictures
    return out


def boards(run: Run, references: Mapping[Key, Anchors], some: Sequence[Exhibit]) -> list[Board]:
    """Make a scoreboard for each data and goal."""
    details = {exhibit.setting.trials: exhibit for exhibit in some if exhibit.goal == "reconstruction"}
    return [
        _board(run, key, own, references.get(key), details) for key, own in list(goals_of(run).items())[:MAX_BOARDS]
    ]


def _board(
    run: Run,
    key: Key,
    own: Sequence[Setting],
    reference: Anchors | None,
    details: Mapping[tuple[int, ...], Exhibit],
) -> Board:
    goal, facts = key[1], own[0].facts
    metrics = [metric for metric in METRICS[goal] if metric != BCE or reference is None or _floor(reference)]
    floor = _floor(reference) if reference else None
    measured = bool(floor) and any(setting.trials in details for setting in own)
    values: list[tuple[float, Row]] = []
    for setting in ranked(run, own)[:MAX_NETWORKS]:
        found = [_errors(scores(run, setting, metric), metric) for metric in metrics]
        cells = [cell(v, percent=m == ACCURACY) for v, m in zip(found, metrics, strict=True)]
        cells += [cell(found[1] - floor)] if floor is not None and len(found) > 1 else []
        cells += _detail_cells(details.get(setting.trials)) if measured else []
        values.append((mean_and_spread(found[0])[0], Row(setting.label, True, tuple(cells), None)))
    for name, score in (reference.scores if reference else {}).items():
        if not name.endswith("clipped"):
            values.append(_reference_row(name, score, metrics, floor, reference, measured))
    columns = [HEADS[metric] for metric in metrics]
    columns += ["excess BCE"] * (floor is not None and len(metrics) > 1)
    columns += ["outputs outside [0, 1]", "background"] * measured
    part = reference.part if reference else ""
    rows = _with_shares(values)
    return Board(
        goal, facts.name, part, tuple(columns), rows, max(0, len(own) - MAX_NETWORKS), _notes(goal, floor, measured)
    )


def _errors(values: np.ndarray, metric: str) -> np.ndarray:
    return 1 - values if metric == ACCURACY else values


def _floor(reference: Anchors) -> float | None:
    return reference.scores.get("entropy floor", {}).get(BCE)


def _detail_cells(exhibit: Exhibit | None) -> list[str]:
    if exhibit is None:
        return ["–", "–"]
    outside, background = detail(exhibit)
    return [f"{100 * outside:.1f} %", number(background)]


def _reference_row(
    name: str,
    score: Mapping[str, float],
    metrics: Sequence[str],
    floor: float | None,
    reference: Anchors | None,
    measured: bool,
) -> tuple[float, Row]:
    errors = [1 - score[m] if m == ACCURACY else score.get(m, float("nan")) for m in metrics]
    cells = [cell([v], percent=m == ACCURACY) for v, m in zip(errors, metrics, strict=True)]
    if reference and (clipped := reference.scores.get(f"{name} clipped")):
        cells[0] += f" ({number(clipped[MSE])} clipped)"
    if floor is not None and len(metrics) > 1:
        cells.append(number(errors[1] - floor))
    return errors[0], Row(name, False, (*cells, *["–", "–"] * measured), None)


def _with_shares(values: Sequence[tuple[float, Row]]) -> tuple[Row, ...]:
    """Sort rows by their first score and give each its share of the worst."""
    finite = [value for value, _ in values if np.isfinite(value)]
    worst = max(finite, default=0.0) or 1.0
    ordered = sorted(values, key=lambda pair: pair[0] if np.isfinite(pair[0]) else float("inf"))
    return tuple(dataclasses.replace(row, share=v / worst if np.isfinite(v) else None) for v, row in ordered)


def _notes(goal: str, floor: float | None, measured: bool) -> tuple[str, ...]:
    notes = []
    if floor is not None:
        notes.append(
            f"Grey pixels keep the binary cross-entropy from reaching 0: no copy can be below {number(floor)}, the pixels' own "
            "entropy. Excess BCE is what is left above it."
        )
    if goal == "reconstruction":
        notes.append("PCA-k keeps k numbers of each example, as a network with a code of width k does, and is linear.")
    if measured:
        notes.append("Background: the mean square of the outputs where the original is exactly 0.")
    if goal == "classification":
        notes.append("Least squares: one linear layer, fitted exactly.")
    return tuple(notes)
