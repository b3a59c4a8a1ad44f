"""Comparing networks: error, parameters, operations and time of every arm, the mean over seeds with the spread.

The deck shows two such comparisons of other people's networks (section 5, pictures lost); this one is of your own runs.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.api import Run, load
from nnjax.config import TrialSpec, flatten
from nnjax.models.census import census
from nnjax.train.checkpoints import write_atomically
from nnjax.train.records import DONE
from nnjax.types import UserError

if TYPE_CHECKING:
    from rich.table import Table

METRICS = ("test_accuracy", "test_loss", "test_mean_squared_error", "test_binary_crossentropy", "val_loss")


@dataclasses.dataclass(frozen=True)
class Row:
    """One arm or setting over its seeds.

    Attributes:
      run, label: the run folder's name, and the arm with the fields that vary.
      seeds: how many finished trials the means are over.
      parameters: weights and biases.
      flops: floating-point operations of one forward pass of one example.
      epochs: trained.
      seconds: mean wall time of a trial, its share of its chunk.
      means, spreads: of the metrics that there are, by name; the spread is the standard deviation over seeds.
    """

    run: str
    label: str
    seeds: int
    parameters: int
    flops: int
    epochs: int
    seconds: float
    means: Mapping[str, float]
    spreads: Mapping[str, float]


def compare(paths: Sequence[str]) -> list[Row]:
    """Read run folders and aggregate their finished trials over seeds.

    Raises:
      UserError: a path is no run folder, or none of its trials has finished.
    """
    rows = []
    for path in paths:
        found = rows_of(load(path), pathlib.Path(path).name)
        if not found:
            raise UserError(f"No trial of {path} has finished; resume its run first, or leave it out.")
        rows += found
    return rows


def rows_of(run: Run, name: str) -> list[Row]:
    """Aggregate one run: a row for each arm and setting, in the order of the trials."""
    members: dict[str, list[int]] = {}
    for spec, record in zip(run.specs, run.records, strict=True):
        if record.status == DONE:
            members.setdefault(settings_label(run.specs, spec) or name, []).append(spec.id)
    return [_row(run, name, label, ids) for label, ids in members.items()]


def settings_label(specs: Sequence[TrialSpec], spec: TrialSpec) -> str:
    """Name a trial's setting: its arm, and the fields that vary within that arm (not the seed)."""
    flats = [flatten(other.experiment) for other in specs if other.arm == spec.arm]
    own = flatten(spec.experiment)
    varying = [path for path in own if path != "seed" and len({flat[path] for flat in flats}) > 1]
    return " ".join([spec.arm, *(f"{path.split('.')[-1]}={_short(own[path])}" for path in varying)]).strip()


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _row(run: Run, name: str, label: str, ids: Sequence[int]) -> Row:
    experiment, facts = run.specs[ids[0]].experiment, run.facts(ids[0])
    counted = census(experiment, facts.num_inputs, run.num_outputs(ids[0]))
    found = {m: [run.records[i].values[m] for i in ids if m in run.records[i].values] for m in METRICS}
    values = {m: np.array(v) for m, v in found.items() if v}
    return Row(
        run=name,
        label=label,
        seeds=len(ids),
        parameters=counted.parameters,
        flops=counted.flops,
        epochs=experiment.epochs,
        seconds=float(np.mean([run.records[i].seconds for i in ids])),
        means={m: float(v.mean()) for m, v in values.items()},
        spreads={m: float(v.std(ddof=1)) if len(v) > 1 else 0.0 for m, v in values.items()},
    )


def to_table(rows: Sequence[Row]) -> Table:
    """Lay the rows out for a terminal."""
    from rich.table import Table

    shown = [m for m in METRICS if any(m in row.means for row in rows)]
    table = Table()
    for name in ("run", "network"):
        table.add_column(name, overflow="fold")
    for name in ("seeds", "parameters", "FLOP", "epochs", "s/trial", *(m.removeprefix("test_") for m in shown)):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        sizes = (f"{row.parameters:,}", f"{row.flops:,}", f"{row.epochs:,}", f"{row.seconds:.1f}")
        table.add_row(row.run, row.label, str(row.seeds), *sizes, *(_cell(row, m) for m in shown))
    return table


def _cell(row: Row, metric: str) -> str:
    if metric not in row.means:
        return ""
    return f"{row.means[metric]:.4f} ± {row.spreads[metric]:.4f}" if row.seeds > 1 else f"{row.means[metric]:.4f}"


def write_csv(rows: Sequence[Row], path: str) -> None:
    """Write the rows as CSV, means and spreads in columns of their own."""
    import pandas as pd

    flat: list[dict[str, Any]] = []
    for row in rows:
        tree = dataclasses.asdict(row)
        means, spreads = tree.pop("means"), tree.pop("spreads")
        flat.append(tree | means | {f"{name}_spread": value for name, value in spreads.items()})
    write_atomically(pathlib.Path(path), pd.DataFrame(flat).to_csv(index=False))
