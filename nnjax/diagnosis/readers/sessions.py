"""Place the values of a trial's rows by epoch or step, and tell apart its sessions, where these begin again."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.diagnosis import columns
from nnjax.diagnosis.columns import Table
from nnjax.diagnosis.readers.averaging import align, averaged
from nnjax.diagnosis.thresholds import FEWEST

MOST_EPOCHS = 1_000_000


class Numbers(NamedTuple):
    """The n rows of one trial."""

    file: str  # as the user wrote it
    places: Sequence[str]  # [n]; where each row stands: "Line 7"
    curves: Mapping[str, np.ndarray]  # {column: [n]}, NaN where nothing was measured
    epoch: np.ndarray | None  # [n]; None where there is no such column
    step: np.ndarray | None  # [n]; the same
    counted: str  # the name of the column of steps, or else of epochs


class Session(NamedTuple):
    """The curves of one training."""

    name: str  # "session 2"; "" of the only one
    table: Table  # {column: [t]}
    remarks: list[str]  # sentences on how it was read
    points: str = ""  # what a place of the curves is, where it is no epoch


def sessions_of(rows: Numbers, stride: int) -> list[Session]:
    """Return the sessions of a trial's rows, `stride` epochs apart: by whole epochs, else by step or row."""
    x = None if rows.epoch is None else _filled(rows.epoch)
    if x is None or not np.isfinite(x).all() or np.any(x != np.round(x)):
        return _over_steps(rows)
    said: list[str] = []
    if len(x) > 2 and np.all(np.diff(x) < 0):
        x, rows = (
            x[::-1],
            rows._replace(curves={name: y[::-1] for name, y in rows.curves.items()}, places=rows.places[::-1]),
        )
        said.append(
            f"remark: The rows of {rows.file} go from the last epoch to the first; they are read in the order "
            "of epochs."
        )
    x = x / stride
    epochs, repeats = (
        len(np.unique(x)),
        max((_most_in_one(x, rows.curves[name]) for name in columns.decisive(rows.curves)), default=1),
    )
    if epochs < FEWEST <= repeats and 2 * epochs < repeats:
        said.append(
            f"remark: {rows.file} has {epochs:,} epoch{'s' * (epochs > 1)} of several rows each; its rows are judged, "
            "not its epochs."
        )
        return [
            one._replace(remarks=[*said, *one.remarks], points=one.points or "a value of a row")
            for one in _over_steps(rows._replace(epoch=None))
        ]
    parts = _split(x)
    if _are_blocks(parts, rows.curves):  # first all rows of one curve, then those of another
        parts = [np.argsort(x, kind="stable")]
    tables = [_by_epoch(x[own], {name: y[own] for name, y in rows.curves.items()}) for own in parts]
    unit = f"every {stride} epochs" if stride > 1 else ""
    if (lost := len(x) - sum(map(len, parts))) > 0:
        said.append(
            f"remark: Epochs of {rows.file} go back by {lost} rows (resumed from a checkpoint); the later rows are "
            "judged."
        )
    if len(tables) == 1:
        return [Session("", tables[0], said, unit)]
    return _joined(tables, parts, rows, said, unit)


def _filled(x: np.ndarray) -> np.ndarray:
    """Fill unknown epochs [n] with the one before, the first ones with the one after."""
    known = np.flatnonzero(np.isfinite(x))
    if not len(known):
        return x
    return x[known[np.clip(np.searchsorted(known, np.arange(len(x)), side="right") - 1, 0, None)]]


def _most_in_one(x: np.ndarray, y: np.ndarray) -> int:
    """Count the values of the epoch that has the most."""
    return int(np.unique(x[~np.isnan(y)], return_counts=True)[1].max(initial=0))


def _split(x: np.ndarray) -> list[np.ndarray]:
    """Split rows where epochs begin again; where they go back only in part, what comes later replaces what was."""
    sessions, current = [], [0] if len(x) else []
    for i in range(1, len(x)):
        if x[i] >= x[i - 1]:
            current.append(i)
        elif x[i] > x[current[0]]:  # resumed from a checkpoint
            current = [*(j for j in current if x[j] < x[i]), i]
        else:
            sessions.append(np.array(current))
            current = [i]
    return [*sessions, np.array(current, int)]


def _are_blocks(parts: Sequence[np.ndarray], curves: Mapping[str, np.ndarray]) -> bool:
    """Whether no column has numbers in two of the parts."""
    known = [{name for name in columns.decisive(curves) if not np.isnan(curves[name][own]).all()} for own in parts]
    return len(parts) > 1 and sum(map(len, known)) == len(set().union(*known))


def _joined(
    tables: Sequence[Table], parts: Sequence[np.ndarray], rows: Numbers, said: list[str], unit: str
) -> list[Session]:
    """Say where epochs begin again; sessions whose loss goes on where the one before ended are one training."""
    starts = [rows.places[own[0]].lower() for own in parts[1:]]
    where = ", ".join(starts[:5]) + (", …" if len(starts) > 5 else "")
    if all(len(own) == 1 for own in parts) or all(_goes_on(a, b) for a, b in itertools.pairwise(tables)):
        names = list(dict.fromkeys(name for table in tables for name in table))
        gaps = [np.full(max(map(len, table.values())), np.nan) for table in tables]
        whole = {
            name: np.concatenate([table.get(name, gap) for table, gap in zip(tables, gaps, strict=True)])
            for name in names
        }
        said.append(
            f"remark: Epochs of {rows.file} begin again in {where}, and the loss goes on from where it was: "
            f"the {len(tables)} sessions are judged as one training."
        )
        return [Session("", whole, said, unit)]
    lengths = ", ".join(str(max(map(len, table.values()))) for table in tables[:8])
    said.append(
        f"remark: Epochs of {rows.file} begin again in {where}: {len(tables)} sessions ({lengths} epochs), "
        "each judged by itself."
    )
    return [Session(f"session {i + 1}", table, said, unit) for i, table in enumerate(tables)]


def _goes_on(before: Table, after: Table) -> bool:
    """Whether the losses of a session begin nearer to where those before it ended than to where they began."""
    near = []
    for name in before.keys() & after.keys():
        found = columns.name_of(name)
        old, new = (y[np.isfinite(y)] for y in (before[name], after[name]))
        if found and found.kind in ("loss", "metric") and len(old) > 1 and len(new):
            whole = abs(old[0] - old[-1])
            near.append(whole > 0 and abs(new[0] - old[-1]) < 0.25 * whole)
    return bool(near) and all(near)


def _by_epoch(x: np.ndarray, curves: Mapping[str, np.ndarray]) -> Table:
    """Place values at their epochs; several of one epoch are averaged."""
    place = x - x.min()
    if place.max() > min(MOST_EPOCHS, 50 * len(x)):
        place = np.searchsorted(np.unique(x), x)
    place = place.astype(int)
    known = {name: y for name, y in curves.items() if not np.isnan(y).all()}
    return {name: averaged(y, place, int(place.max()) + 1) for name, y in known.items()}


def _over_steps(rows: Numbers) -> list[Session]:
    """Return curves that stand at steps, at fractions of epochs, or in rows without a number."""
    given = rows.step if rows.step is not None else rows.epoch
    x = np.full(1, np.nan) if given is None else _filled(given)
    counted = rows.counted if np.isfinite(x).all() else ""
    n = len(rows.places)
    x = x if counted else np.arange(n, dtype=float)
    back = [int(i) + 1 for i in np.flatnonzero(np.diff(x) < 0) if x[i + 1] <= x[0]]
    unit = f"a value of {counted}" if counted else ""
    out = []
    for i, (a, b) in enumerate(itertools.pairwise([0, *back, n])):
        known = {name: ~np.isnan(y[a:b]) for name, y in rows.curves.items()}
        points = {
            name: dict(zip(x[a:b][known[name]].tolist(), y[a:b][known[name]].tolist(), strict=True))
            for name, y in rows.curves.items()
        }
        table, said = align(points, rows.file)
        out.append(Session(f"session {i + 1}" if back else "", table, said, unit))
    if back:
        starts = ", ".join(rows.places[a].lower() for a in back[:5])
        again = (
            f"remark: The column {counted} of {rows.file} begins again in {starts}: {len(out)} sessions, "
            "each judged by itself."
        )
        out[0] = out[0]._replace(remarks=[*out[0].remarks, again])
    return [one for one in out if one.table]
