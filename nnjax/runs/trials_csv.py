"""Write and read trials.csv: one row a trial with its status, hyperparameters, scores and verdict."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.fields import field_types, flatten
from nnjax.train.storage.records import RUNNING, STATUSES, Record


def read_record(
    record: Record, row: Mapping[str, str], curves: Mapping[str, np.ndarray], own: Collection[str] = ()
) -> None:
    """Fill a record from its row of trials.csv and its curves; `own` names hyperparameters of the user's.

    Raises:
      ValueError, LookupError, TypeError: the row is not as it was written.
    """
    record.status, record.epochs, record.verdict = row["status"], int(row["epochs"]), row["verdict"]
    if record.status not in STATUSES:
        raise ValueError(f"the status {record.status!r} is unknown")
    record.values = {k: float(v) for k, v in row.items() if k not in _COLUMNS and k not in own and v != ""}
    there = min((len(curve) for curve in curves.values()), default=0)
    if record.status == RUNNING:
        record.epochs = min(record.epochs, there)  # a kill between the two files may have left curves that began again
    if not 0 <= record.epochs <= there:
        raise ValueError(f"{record.epochs} epochs, but {there} in curves.npz")
    record.curves = {name: curve[: record.epochs] for name, curve in curves.items()}


_FIRST = ("trial", "arm", "status", "seed", "fold", "epochs")
_COLUMNS = {*_FIRST, "verdict", *field_types(Experiment), *(name.split(".")[-1] for name in field_types(Experiment))}


def _shown_fields(flats: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the fields that every trial's row shows: all hyperparameters that are there, and whatever else varies."""

    def shown(path: str) -> bool:
        values = {flat[path] for flat in flats}
        return len(values) > 1 or (path.startswith("hyperparameters.") and values != {None})

    elsewhere = ("seed", "epochs", "data.fold")
    paths = dict.fromkeys(path for flat in flats for path in flat)
    return [path for path in paths if path not in elsewhere and shown(path)]


def to_text(specs: Sequence[TrialSpec], records: Sequence[Record]) -> str:
    """Write the table as CSV text."""
    flats = [flatten(spec.experiment) for spec in specs]
    fields = _shown_fields(flats)
    metrics = list(dict.fromkeys(name for record in records for name in record.values))
    short = [path.removeprefix("hyperparameters.") for path in fields]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*_FIRST, *short, *metrics, "verdict"])
    for spec, record, flat in zip(specs, records, flats, strict=True):
        fold = "" if spec.experiment.data.folds is None else spec.experiment.data.fold
        row: list[Any] = [spec.id, spec.arm, record.status, spec.experiment.seed, fold, record.epochs]
        row += [cell(flat[path]) for path in fields] + [cell(record.values.get(name)) for name in metrics]
        writer.writerow([*row, record.verdict])
    return buffer.getvalue()


def cell(value: Any) -> Any:
    """Return a value as trials.csv has it."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:.9g}" if isinstance(value, float) else value
