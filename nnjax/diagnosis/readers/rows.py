"""Turn the rows of a log (one an epoch, or a step, or a part of an epoch) into curves of trials and sessions."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.diagnosis import columns
from nnjax.diagnosis.readers.cells import NoNumber, decimal_comma, is_absent, is_number, numbers
from nnjax.diagnosis.readers.refused_tables import refuse_table_of_runs
from nnjax.diagnosis.readers.reshaping import reshaped
from nnjax.diagnosis.readers.sessions import Numbers, sessions_of
from nnjax.diagnosis.readers.source import Log

Row = Mapping[str, Any]


class Rows(NamedTuple):
    """A log's rows."""

    rows: Sequence[Row]  # [n] of {column: cell}; a column that is not there was not measured
    places: Sequence[str]  # [n]; where each stands, for sentences: "Line 7"
    name: str  # of the file, as the user wrote it


def to_log(found: Rows) -> Log:
    """Return the curves of the rows; UserError if rows are runs, or for text where numbers were expected."""
    found = found._replace(rows=_counted(reshaped(found.rows)))
    names = list(dict.fromkeys(name for row in found.rows for name in row))
    epoch = _column(names, columns.EPOCH, found)
    step = _column(names, columns.STEP, found)
    trial = _trial_column(names, found)
    curves = columns.decisive(name for name in names if name not in (epoch, step, trial))
    refuse_table_of_runs(found.name, names, found.rows, epoch, step, trial, curves)
    others = [name for name in names if name not in (epoch, step, trial, *curves)]
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(found.rows):
        if any(not is_absent(row.get(name)) for name in curves):
            groups.setdefault("" if trial is None else str(row.get(trial) or "").strip(), []).append(i)
    if not groups:
        raise UserError(f"{found.name} has no number in {', '.join(curves)[:200]}; one row an epoch was expected.")
    prefix, tables, notes, points = "" if trial is None else f"{trial.strip()} ", {}, {}, ""
    commas = decimal_comma([row.get(name) for row in found.rows for name in curves])
    stride = _stride(found, groups, epoch)
    for key, own in groups.items():
        numeric = _numbers(found, own, [*curves, *others], epoch, step, commas)
        for one in sessions_of(numeric, stride):
            tables[", ".join(filter(None, [f"{prefix}{key}".strip(), one.name]))] = one.table
            notes.update(dict.fromkeys(one.remarks))
            points = points or one.points
    return Log(tables, points, tuple(notes))


_COUNT = re.compile(r"(?:(?:epoch|ep|step|iter(?:ation)?)[\s:#_-]*)?(\d+)(?:\s*(?:/|of)\s*\d+)?", re.I)


def _counted(found: Sequence[Row]) -> Sequence[Row]:
    """Read the numbers of epochs and steps that are written as "Epoch 3", "3/10" or "3 of 10"."""
    names = dict.fromkeys(name for row in found for name in row)
    counted = {name for name in names if columns.is_named(name, columns.EPOCH | columns.STEP)}
    if not any(isinstance(row.get(name), str) and not is_number(row[name]) for row in found for name in counted):
        return found

    def plain(name: str, cell: Any) -> Any:
        match = _COUNT.fullmatch(cell.strip()) if name in counted and isinstance(cell, str) else None
        return match[1] if match else cell

    return [{name: plain(name, cell) for name, cell in row.items()} for row in found]


def _column(names: Sequence[str], wanted: set[str], found: Rows) -> str | None:
    """Find the column with the number of the epoch or step: the shortest of such a name that holds numbers."""
    some = [name for name in names if columns.is_named(name, wanted)]
    some = [name for name in some if any(is_number(row.get(name)) for row in found.rows)]
    return min(some, key=lambda name: (_is_constant(found, name), len(name)), default=None)


def _is_constant(found: Rows, name: str) -> bool:
    return len({str(row.get(name, "")).strip() for row in found.rows[:1000]} - {""}) < 2


def _trial_column(names: Sequence[str], found: Rows) -> str | None:
    named = [
        name
        for name in names
        if columns.is_named(name, columns.TRIAL) or name.strip().lower() in ("trial_id", "run_id", "run_name")
    ]
    replicates = [name for name in names if columns.is_named(name, columns.REPLICATE) and not _is_constant(found, name)]
    return next(iter([*named, *replicates]), None)


def _numbers(
    found: Rows, own: Sequence[int], curves: Sequence[str], epoch: str | None, step: str | None, commas: bool
) -> Numbers:
    """Read the numbers of one trial's rows, with their places."""
    places = [found.places[i] for i in own]
    read = {}
    for name in [*curves, *dict.fromkeys(filter(None, (epoch, step)))]:
        cells = [found.rows[i].get(name) for i in own]
        try:
            read[name] = numbers(cells, commas)
        except NoNumber as error:
            if not columns.name_of(name) and name not in (epoch, step):
                continue  # times, names and notes
            cell, i = error.args
            shown = str(cell).strip()[:40]
            raise UserError(
                f"{places[i]} of {found.name}, column {name.strip()}, holds {shown!r}; a number was expected."
            ) from None
    known = {name: y for name, y in read.items() if name not in (epoch, step) and not np.isnan(y).all()}
    return Numbers(
        found.name, places, known, read.get(epoch or ""), read.get(step or ""), (step or epoch or "").strip()
    )


def _stride(found: Rows, groups: Mapping[str, Sequence[int]], epoch: str | None) -> int:
    """Return the number of epochs from one row to the next, of all trials; 1 where they are not whole or not known."""
    if epoch is None:
        return 1
    try:
        x = numbers([found.rows[i].get(epoch) for own in groups.values() for i in own])
    except NoNumber:
        return 1
    x = x[np.isfinite(x)]
    if not len(x) or np.any(x != np.round(x)) or np.abs(x).max() > 1e15:
        return 1
    return max(1, int(np.gcd.reduce(np.unique(x).astype(np.int64) - np.int64(x.min()))))
