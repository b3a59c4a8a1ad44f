"""The page of a log: the curves of anyone's trials, their verdicts, and what these rest on. Imports no JAX."""

import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from nnjax.core.files import check_out, write_atomically
from nnjax.diagnosis import trials
from nnjax.diagnosis.reading import Loaded
from nnjax.diagnosis.types import Diagnosis
from nnjax.report.charts.log_chart import PARTS, log_chart
from nnjax.report.rendering import template
from nnjax.report.verdict_details import marks, verdicts

MOST = 24  # trials with a chart; the others stand in a table


class Table(NamedTuple):
    """A table of texts."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def write_log_page(loaded: Loaded, found: Sequence[Diagnosis], title: str, path: str) -> None:
    """Write a self-contained page on a log and its diagnoses; UserError unless `path` is .html and can be written."""
    target = check_out(path, ".html", ".htm")
    page = template("log.html.jinja").render(
        title=title,
        sentences=_sentences(loaded, found),
        counts=_counts(found),
        trials=[_trial(loaded, one, row) for row, one in enumerate(found[:MOST])],
        rest=Table(
            ("trial", "verdict", "what it says"),
            [(one.trial, one.primary.code, one.primary.sentence) for one in found[MOST:]],
        ),
    )
    write_atomically(pathlib.Path(target), page)


def _counts(found: Sequence[Diagnosis]) -> list[tuple[str, int, float]]:
    counted = trials.counts(found)
    return [(code, n, n / counted[0][1]) for code, n in counted]


def _sentences(loaded: Loaded, found: Sequence[Diagnosis]) -> list[str]:
    """Say what was read, and what was guessed in reading."""
    sources = list(dict.fromkeys(filter(None, loaded.sources)))
    read = [f"Read: {sources[0]}."] if len(sources) == 1 else [f"{len(found):,} trials."] * (len(found) > 1)
    return [*read, *(remark.removeprefix("remark: ") for remark in loaded.remarks)]


def _trial(loaded: Loaded, one: Diagnosis, row: int) -> dict[str, Any]:
    losses = {name: y[row] for name in PARTS if (y := getattr(loaded.curves, name)) is not None}
    losses = {name: _cut(y) for name, y in losses.items()}
    chart = log_chart(losses, marks(Diagnosis(one.primary), losses))
    source = one.source if len(set(loaded.sources)) > 1 else ""  # else it stands at the top
    return {"name": one.trial, "source": source, "chart": Markup(chart), **verdicts(one)}


def _cut(y: np.ndarray) -> np.ndarray:
    """Cut what was not measured off the end of a loss [epochs]."""
    known = np.flatnonzero(~np.isnan(y))
    return y[: known[-1] + 1] if len(known) else y[:0]
