"""Curves as data: for each quantity that was recorded, the trials that recorded it, ready for JavaScript or matplotlib.

A network trained on the mean squared error has that error as its loss; one trained on the cross-entropy has it as a
metric. A quantity gathers both under its real name, so that what stands in one chart can be compared.
"""

import base64
import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.nn.metrics import known_metric
from nnjax.report.charts.svg_axes import needs_log
from nnjax.report.text import named
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting

VALIDATION, TRAINING, RUNNING_MEAN = "validation", "training", "running mean"
MANY = 10  # settings with a line and a color of their own, of which there are as many; the others are background
DIGITS = 5  # significant ones in the page
MAX_VALUES = 400_000  # in a page; of longer curves only every second, third ... epoch is kept


@dataclasses.dataclass(frozen=True, eq=False)
class Line:
    """One setting's curves of one quantity on one part."""

    setting: Setting  # whose
    place: int  # its place in the order of settings; it decides the color, the same in all charts
    part: str  # "validation", "training" (evaluated at the epoch's end) or "running mean" (while the epoch was trained)
    trials: tuple[int, ...]  # [trials] ids
    values: np.ndarray  # [trials, epochs], NaN past a trial's own epochs


@dataclasses.dataclass(frozen=True, eq=False)
class Quantity:
    """All curves of one quantity."""

    name: str  # the metric's name, such as "mean_squared_error"
    label: str  # for people
    lines: tuple[Line, ...]  # setting by setting; where there are many, the best first


def quantities(run: Run, ordered: Sequence[Setting]) -> list[Quantity]:
    """Collect the curves of settings, the best first, by quantity, losses first; empty before an epoch has ended."""
    losses = list(dict.fromkeys(setting.experiment.loss for setting in ordered))
    out = []
    for name in dict.fromkeys([*losses, *_other_metrics(run)]):
        lines = tuple(line for place, setting in enumerate(ordered) for line in _lines(run, setting, place, name))
        if lines:
            out.append(Quantity(name, named(name), lines))
    return out


def _other_metrics(run: Run) -> list[str]:
    names = dict.fromkeys(name for record in run.records for name in record.curves)
    validated = [name.removeprefix("val_") for name in names if name.startswith("val_")]
    return validated + [name.removeprefix("train_").removesuffix("_eval") for name in names if name.endswith("_eval")]


def _lines(run: Run, setting: Setting, place: int, name: str) -> list[Line]:
    as_loss = name == setting.experiment.loss
    stem = "loss" if as_loss else name
    if stem == "loss" and not as_loss:
        return []
    curves = {VALIDATION: f"val_{stem}", TRAINING: f"train_{stem}_eval"}
    if as_loss:
        curves[RUNNING_MEAN] = "train_loss"
    found = [_line(run, setting, place, part, curve) for part, curve in curves.items()]
    return [line for line in found if line.trials]


def _line(run: Run, setting: Setting, place: int, part: str, curve: str) -> Line:
    own = {i: run.records[i].curves.get(curve, np.zeros(0)) for i in setting.trials}
    rows = {i: values for i, values in own.items() if np.isfinite(values).any()}
    stacked = np.full((len(rows), max(map(len, rows.values()), default=0)), np.nan)
    for row, values in zip(stacked, rows.values(), strict=True):
        row[: len(values)] = values
    return Line(setting, place, part, tuple(rows), stacked)


def chart_data(found: Sequence[Quantity]) -> list[dict[str, Any]]:
    """Describe the charts for the page's script, in JSON's own types.

    Each chart: name, label, many, lines; each line: label, setting (its place among the best), part, trials, and rows
    of values, which end where a trial ended. Accuracy becomes the percentage of wrong answers.
    """
    return list(map(_chart, found))


def _chart(quantity: Quantity) -> dict[str, Any]:
    """Describe the curves of a quantity for the page's script."""
    metric = known_metric(quantity.name)
    wrong = metric.complement if metric else ""
    lines = [
        {
            "label": line.setting.label,
            "setting": line.place,
            "part": line.part,
            "trials": list(line.trials),
            "rows": [_compact(100 * (1 - row) if wrong else row) for row in line.values],
        }
        for line in quantity.lines
    ]
    label = f"{wrong} (%)" if wrong else quantity.label
    return {"name": quantity.name, "label": label, "many": MANY, "lines": lines}


def _compact(row: np.ndarray) -> list[float | None]:
    """Round a curve and cut what is missing off its end; infinite values become gaps."""
    known = np.flatnonzero(np.isfinite(row))
    row = np.asarray(row[: known[-1] + 1] if len(known) else row[:0], float)
    found = significant(row).tolist()
    return found if len(known) == len(row) else [value if math.isfinite(value) else None for value in found]


def significant(values: np.ndarray) -> np.ndarray:
    """Round values [n], float64, to `DIGITS` significant digits, as text has them: whole numbers by powers of ten."""
    with np.errstate(all="ignore"):
        size = np.nan_to_num(np.floor(np.log10(np.abs(values))), nan=0.0, posinf=0.0, neginf=0.0)
        up = np.clip(DIGITS - 1 - size, 0, 300)  # of one of both, the other is 1
        down = 10.0 ** np.clip(size - DIGITS + 1, 0, 300)
        return np.where(values == 0, 0.0, np.rint(values / down * 10.0**up) / 10.0**up * down)


def packed(charts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Make charts small enough for the pages of large sweeps.

    Returns:
      labels: {place of a setting: its label}, which stood in each line before.
      step: epochs 1, 1 + step, 1 + 2 step, ... are kept.
      charts: as `chart_data` gave them, but each row of values is text, see `pack`.
    """
    values = sum(len(row) for chart in charts for line in chart["lines"] for row in line["rows"])
    step = max(1, -(-values // MAX_VALUES))
    labels = {line["setting"]: line["label"] for chart in charts for line in chart["lines"]}
    return {"labels": labels, "step": step, "charts": [_packed(chart, step) for chart in charts]}


def _packed(chart: dict[str, Any], step: int) -> dict[str, Any]:
    rows = [[pack(row[::step]) for row in line["rows"]] for line in chart["lines"]]
    kept = [{name: line[name] for name in ("setting", "part", "trials")} for line in chart["lines"]]
    return chart | {"lines": [line | {"rows": own} for line, own in zip(kept, rows, strict=True)]}


def pack(row: Sequence[float | None]) -> str:
    """Write numbers as base64 text of the upper three bytes of their float32s: four characters each, None as NaN."""
    bits = np.array(row, np.float32).view(np.uint32)
    rounded = np.where(np.isnan(bits.view(np.float32)), bits, bits + np.uint32(0x80))
    return base64.b64encode(rounded.astype(">u4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()).decode()


def band(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean and the range over trials of values [trials, epochs], each [epochs]; NaN where none is left."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0).sum(axis=0) / np.where(count, count, np.nan)
    low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    return mean, np.where(count, low, np.nan), np.where(count, high, np.nan)


def spans_widely(quantity: Quantity) -> bool:
    """Whether only a logarithmic axis shows the values."""
    return needs_log([row for line in quantity.lines for row in line.values])
