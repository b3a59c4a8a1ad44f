"""The scoreboards: networks and baselines in one table, the best first."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.text import number
from nnjax.data.baselines import ACCURACY, BCE, MAE, MSE, Baselines
from nnjax.nn.metrics import metric_of, usual_metrics
from nnjax.report.context import MAX_BOARDS, ReportContext
from nnjax.report.section import Section
from nnjax.report.snapshots import NetworkSnapshot, detail
from nnjax.report.text import cell
from nnjax.report.wording import data_words, target_words
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, mean_and_spread, scored_with, scores, weights_words

MAX_NETWORKS = 12
COLUMNS = (
    *(metric_of(name).head for name in (MSE, MAE, BCE, ACCURACY)),
    "excess BCE",
    "MSE clipped",
    "outputs outside [0, 1]",
    "background",
)
CLIPPED = " clipped"  # how nnjax.data.baselines names a reconstruction that is clipped to [0, 1]

Entry = tuple[str, float, dict[str, str]]


class Row(NamedTuple):
    """One line of a scoreboard."""

    name: str  # of the network or the baseline
    network: bool  # whether it is a network
    cells: tuple[str, ...]  # texts, one for each column after the name
    share: float | None  # its first score as a share of the worst one, for a bar; None where it has none


class Board(NamedTuple):
    """One scoreboard."""

    goal: str  # "reconstruction", "classification" or "regression"
    data: str  # the name of the data, or of what is predicted
    has_target: bool  # whether it is the latter
    part: str  # what the scores were measured on, with which weights
    columns: tuple[str, ...]  # heads after the name
    rows: tuple[Row, ...]  # the best first
    left_out: int  # how many networks have no row
    notes: tuple[str, ...]  # sentences


def boards(report: ReportContext) -> list[Board]:
    """Make a scoreboard for each data and goal."""
    known = {snapshot.setting: snapshot for snapshot in report.snapshots}
    groups = list(report.groups.items())[:MAX_BOARDS]
    return [_board(report.run, key[1], own, report.baselines.get(key), known) for key, own in groups]


def _board(
    run: Run, goal: str, own: Sequence[Setting], baselines: Baselines | None, known: Mapping[Setting, NetworkSnapshot]
) -> Board:
    """Make the scoreboard of a goal, networks and baselines together."""
    floor = floor_of(baselines)
    entries = [_network(run, setting, baselines, known.get(setting)) for setting in own[:MAX_NETWORKS]]
    num_networks, scored = len(entries), baselines.scores if baselines is not None else {}
    entries += [_baseline(name, scored, goal, floor) for name in scored if not name.endswith(CLIPPED)]
    columns = [column for column in COLUMNS if any(column in texts for _, _, texts in entries)]
    return Board(
        goal=goal,
        data=target_words(own[0]) or data_words(own[0].facts),
        has_target=bool(target_words(own[0])),
        part=_measured_on(baselines),
        columns=tuple(columns),
        rows=_rows(entries, columns, num_networks),
        left_out=max(0, len(own) - MAX_NETWORKS),
        notes=_notes(goal, floor, "background" in columns, own[0].experiment.data.target_scaling),
    )


def _measured_on(baselines: Baselines | None) -> str:
    """Name the part on which networks and baselines are measured, and the networks' weights."""
    if baselines is None:
        return ""
    return f"{baselines.part} part, networks with {weights_words(scored_with(baselines.part))}"


def floor_of(baselines: Baselines | None) -> float | None:
    """Return the entropy of the pixels, below which no BCE can be; None where inputs are no probabilities."""
    return None if baselines is None else baselines.scores.get("entropy floor", {}).get(BCE)


def _network(run: Run, setting: Setting, baselines: Baselines | None, snapshot: NetworkSnapshot | None) -> Entry:
    """Score a network: its name, what it is ranked by, and its texts by column."""
    floor, texts = floor_of(baselines), {}
    for metric in usual_metrics(setting.goal):
        values = scores(run, setting, metric)
        if metric == BCE and (baselines is not None and floor is None):
            continue  # inputs outside [0, 1] have no cross-entropy
        texts[metric_of(metric).head] = _text(values, metric)
        if metric == BCE and floor is not None:
            texts["excess BCE"] = cell(values - floor)
    if snapshot is not None and floor is not None:
        found = detail(snapshot)
        texts |= {"MSE clipped": number(found.clipped), "outputs outside [0, 1]": f"{100 * found.outside:.1f} %"}
        texts["background"] = number(found.background)
    first = mean_and_spread(scores(run, setting, usual_metrics(setting.goal)[0]))[0]
    return setting.label, 1 - first if setting.goal == "classification" else first, texts


def _baseline(name: str, known: Mapping[str, Mapping[str, float]], goal: str, floor: float | None) -> Entry:
    """Score a baseline: its name, what it is ranked by, and its texts by column."""
    own = known[name]
    texts = {metric_of(metric).head: _text(np.array([value]), metric) for metric, value in own.items()}
    if clipped := known.get(name + CLIPPED):
        texts["MSE clipped"] = number(clipped[MSE])
    if BCE in own and floor is not None:
        texts["excess BCE"] = number(own[BCE] - floor)
    first = own.get(usual_metrics(goal)[0], float("nan"))
    return name, 1 - first if goal == "classification" else first, texts


def _text(values: np.ndarray, metric: str) -> str:
    return cell(1 - values, percent=True) if metric_of(metric).complement else cell(values)


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
    """Say how the columns of a scoreboard are to be read."""
    notes = []
    if floor is not None:
        notes.append(
            f"Gray pixels keep the binary cross-entropy from reaching 0: no copy can be below {number(floor)}, the "
            "entropy of the pixels. Excess BCE is the part above it."
        )
    if goal == "reconstruction":
        notes.append("PCA-k keeps k numbers of each example, as a network with a code of width k does, and is linear.")
    if measured:
        notes.append(
            "Clipped: outputs cut to [0, 1]. Background: the mean square of the outputs where the original is 0."
        )
    if goal == "classification":
        notes.append("Least squares: one linear layer, fitted exactly.")
    if goal == "regression" and target_scaling in ("standard", "minmax"):
        unit = {"standard": "standard deviation", "minmax": "range"}[target_scaling]
        notes.append(f"Errors are of the scaled target: its {unit} in the training part counts as 1.")
    return tuple(notes)


SECTION = Section(title="How good is that?", order=10, build=boards, template="scores.html.jinja")
