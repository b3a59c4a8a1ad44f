"""The scoreboards: networks and reference scores in one table, the best first, so that no error stands alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data.baselines import ACCURACY, BCE, MAE, MSE, PCA_WIDTHS, Baselines, measure_baselines
from nnjax.models.registry import traits_of
from nnjax.nn.metrics import METRICS, usual_metrics
from nnjax.report.sections.network_snapshot import Exhibit, detail
from nnjax.runs.settings import Setting, cell, mean_and_spread, number, ranked, scores, settings

if TYPE_CHECKING:
    from nnjax.runs.run import Run

MAX_BOARDS, MAX_NETWORKS = 3, 12
COLUMNS = (
    *(METRICS[name].head for name in (MSE, MAE, BCE, ACCURACY)),
    "excess BCE",
    "MSE clipped",
    "outputs outside [0, 1]",
    "background",
)
CLIPPED = " clipped"  # how nnjax.data.baselines names a reconstruction that is clipped to [0, 1]

Key = tuple[DataConfig, str]
Entry = tuple[str, float, dict[str, str]]


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


def anchors_of(run: Run) -> dict[Key, Baselines]:
    """Compute the reference scores of the run's first data and goals, with PCA at every width that a code has."""
    out = {}
    for (config, goal), some in list(goals_of(run).items())[:MAX_BOARDS]:
        widths = [traits_of(setting.experiment.model).code_width(setting.experiment.model) for setting in some]
        try:
            out[config, goal] = measure_baselines(run.data(some[0].trials[0]), goal, [*PCA_WIDTHS, *widths])
        except UserError:
            continue  # the data are gone; the page says so where it misses the pictures
    return out


def boards(run: Run, references: Mapping[Key, Baselines], some: Sequence[Exhibit]) -> list[Board]:
    """Make a scoreboard for each data and goal."""
    by_trials = {exhibit.setting.trials: exhibit for exhibit in some}
    return [
        _board(run, goal, own, references.get((config, goal)), by_trials)
        for (config, goal), own in list(goals_of(run).items())[:MAX_BOARDS]
    ]


def _board(
    run: Run, goal: str, own: Sequence[Setting], reference: Baselines | None, some: Mapping[tuple[int, ...], Exhibit]
) -> Board:
    floor = floor_of(reference)
    entries = [
        _network(run, setting, reference, some.get(setting.trials)) for setting in ranked(run, own)[:MAX_NETWORKS]
    ]
    num_networks, known = len(entries), reference.scores if reference is not None else {}
    entries += [_reference(name, known, goal, floor) for name in known if not name.endswith(CLIPPED)]
    columns = [column for column in COLUMNS if any(column in texts for _, _, texts in entries)]
    return Board(
        goal=goal,
        data=own[0].facts.name,
        part=reference.part if reference is not None else "",
        columns=tuple(columns),
        rows=_rows(entries, columns, num_networks),
        left_out=max(0, len(own) - MAX_NETWORKS),
        notes=_notes(goal, floor, "background" in columns, own[0].experiment.data.target_scaling),
    )


def floor_of(reference: Baselines | None) -> float | None:
    """Give the entropy of the pixels, below which no BCE can be; None where inputs are no probabilities."""
    return None if reference is None else reference.scores.get("entropy floor", {}).get(BCE)


def _network(run: Run, setting: Setting, reference: Baselines | None, exhibit: Exhibit | None) -> Entry:
    """Score a network: its name, what it is ranked by, and its texts by column."""
    floor, texts = floor_of(reference), {}
    for metric in usual_metrics(setting.goal):
        values = scores(run, setting, metric)
        if metric == BCE and (reference is not None and floor is None):
            continue  # inputs outside [0, 1] have no cross-entropy
        texts[METRICS[metric].head] = _text(values, metric)
        if metric == BCE and floor is not None:
            texts["excess BCE"] = cell(values - floor)
    if exhibit is not None and floor is not None:
        found = detail(exhibit)
        texts |= {"MSE clipped": number(found.clipped), "outputs outside [0, 1]": f"{100 * found.outside:.1f} %"}
        texts["background"] = number(found.background)
    first = mean_and_spread(scores(run, setting, usual_metrics(setting.goal)[0]))[0]
    return setting.label, 1 - first if setting.goal == "classification" else first, texts


def _reference(name: str, known: Mapping[str, Mapping[str, float]], goal: str, floor: float | None) -> Entry:
    """Score a reference: its name, what it is ranked by, and its texts by column."""
    own = known[name]
    texts = {METRICS[metric].head: _text(np.array([value]), metric) for metric, value in own.items()}
    if clipped := known.get(name + CLIPPED):
        texts["MSE clipped"] = number(clipped[MSE])
    if BCE in own and floor is not None:
        texts["excess BCE"] = number(own[BCE] - floor)
    first = own.get(usual_metrics(goal)[0], float("nan"))
    return name, 1 - first if goal == "classification" else first, texts


def _text(values: np.ndarray, metric: str) -> str:
    return cell(1 - values, percent=True) if METRICS[metric].complement else cell(values)


def _rows(entries: Sequence[Entry], columns: Sequence[str], num_networks: int) -> tuple[Row, ...]:
    """Sort entries, the best first and those without a score last, and give each its share of the worst."""
    worst = max((value for _, value, _ in entries if np.isfinite(value)), default=0.0) or 1.0
    order = sorted(range(len(entries)), key=lambda i: entries[i][1] if np.isfinite(entries[i][1]) else float("inf"))
    rows = []
    for i in order:
        name, value, texts = entries[i]
        cells = tuple(texts.get(column, "–") for column in columns)
        rows.append(Row(name, i < num_networks, cells, value / worst if np.isfinite(value) else None))
    return tuple(rows)


def _notes(goal: str, floor: float | None, measured: bool, target_scaling: str) -> tuple[str, ...]:
    notes = []
    if floor is not None:
        notes.append(
            f"Grey pixels keep the binary cross-entropy from reaching 0: no copy can be below {number(floor)}, the "
            "pixels' own entropy. Excess BCE is what is left above it."
        )
    if goal == "reconstruction":
        notes.append("PCA-k keeps k numbers of each example, as a network with a code of width k does, and is linear.")
    if measured:
        notes.append(
            "Clipped: outputs cut to [0, 1]. Background: the mean square of the outputs where the original is 0."
        )
    if goal == "classification":
        notes.append("Least squares: one linear layer, fitted exactly.")
    if goal == "regression" and target_scaling != "none":
        unit = {"standard": "standard deviation", "minmax": "range"}[target_scaling]
        notes.append(f"Errors are of the scaled target: its {unit} in the training part counts as 1.")
    return tuple(notes)
