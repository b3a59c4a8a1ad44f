"""Compare networks: error, parameters, operations and time of every arm, the mean over seeds with the spread.

The lecture slides show two such comparisons of published networks (section 5); this one is of your own runs.
"""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from nnjax.core.csv_text import to_csv
from nnjax.core.errors import UserError
from nnjax.core.files import write_atomically
from nnjax.models.summary import summarize_model
from nnjax.runs import settings
from nnjax.runs.loading import load
from nnjax.runs.run import Run
from nnjax.train.storage.records import FINISHED

METRICS = ("test_accuracy", "test_loss", "test_mean_squared_error", "test_binary_crossentropy", "val_loss")


@dataclasses.dataclass(frozen=True)
class Row:
    """One arm or setting over its seeds."""

    run: str  # run, label: the run folder's name, and the setting's (see `report.summary.Setting`)
    label: str
    seeds: int  # how many finished trials the means are over
    parameters: int | None  # weights and biases; None of a model of one's own, which is not imported from a run folder
    flops: int | None  # floating-point operations of one forward pass of one example; None likewise
    epochs: int  # trained
    seconds: float  # mean wall time of a trial, its share of that of the trials beside it
    # means, spreads: of the metrics that there are, by name; the spread is the standard deviation over seeds (NaN for
    # one)
    means: Mapping[str, float]
    spreads: Mapping[str, float]


def compare(paths: Sequence[str]) -> list[Row]:
    """Read run folders and aggregate their finished trials over seeds; UserError if there are none."""
    rows = []
    for path in paths:
        found = rows_of(load(path), pathlib.Path(path).name)
        if not found:
            raise UserError(f"No trial of {path} has finished; resume its run first, or leave it out.")
        rows += found
    return rows


def rows_of(run: Run, name: str) -> list[Row]:
    """Aggregate one run: a row for each setting with a finished trial, in the order of the trials."""
    rows = [_row(run, name, setting) for setting in run.all_settings]
    return [row for row in rows if row.seeds]


def _row(run: Run, name: str, setting: settings.Setting) -> Row:
    """Tabulate a setting: its scores, parameters, operations and time."""
    done = [run.records[trial] for trial in setting.trials if run.records[trial].status in FINISHED]
    counted = summarize_model(setting.experiment, setting.facts.example_shape, run.num_outputs(setting.trials[0]))
    found = {m: settings.mean_and_spread([record.values.get(m, np.nan) for record in done]) for m in METRICS}
    return Row(
        run=name,
        label=setting.label,
        seeds=len(done),
        parameters=counted.parameters if counted.layers else None,
        flops=counted.flops if counted.layers else None,
        epochs=setting.experiment.epochs,
        seconds=settings.mean_and_spread([record.seconds for record in done])[0],
        means={m: mean for m, (mean, _, count) in found.items() if count},
        spreads={m: spread for m, (_, spread, count) in found.items() if count},
    )


def to_table(rows: Sequence[Row]) -> Table:
    """Lay the rows out for a terminal."""
    shown = [m for m in METRICS if any(m in row.means for row in rows)]
    table = Table()
    for name in ("run", "network"):
        table.add_column(name, overflow="fold")
    for name in ("seeds", "parameters", "FLOP", "epochs", "s/trial", *(m.removeprefix("test_") for m in shown)):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        counts = ("–" if n is None else f"{n:,}" for n in (row.parameters, row.flops))
        sizes = (*counts, f"{row.epochs:,}", f"{row.seconds:.1f}")
        table.add_row(row.run, row.label, str(row.seeds), *sizes, *(_cell(row, m) for m in shown))
    return table


def _cell(row: Row, metric: str) -> str:
    if metric not in row.means:
        return ""
    return f"{row.means[metric]:.4f} ± {row.spreads[metric]:.4f}" if row.seeds > 1 else f"{row.means[metric]:.4f}"


def write_csv(rows: Sequence[Row], path: str) -> None:
    """Write the rows as CSV, means and spreads in columns of their own."""
    flat: list[dict[str, Any]] = []
    for row in rows:
        tree = dataclasses.asdict(row)
        means, spreads = tree.pop("means"), tree.pop("spreads")
        flat.append(tree | means | {f"{name}_spread": value for name, value in spreads.items()})
    write_atomically(pathlib.Path(path), to_csv(pd.DataFrame(flat)))
