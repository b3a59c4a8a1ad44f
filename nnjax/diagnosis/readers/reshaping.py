"""Bring long tables to one column a curve: those with a column of parts (train, val) or of names and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nnjax.diagnosis import columns
from nnjax.diagnosis.readers.cells import is_number

if TYPE_CHECKING:
    from nnjax.diagnosis.readers.rows import Rows

_PARTS = {"phase", "split", "mode", "stage", "set", "subset", "part", "dataset", "partition", "type", "kind"}
_NAMES = {"metric", "key", "tag", "name", "variable", "metric_name"}
_VALUES = {"value", "val", "metric_value", "score"}


def reshaped(found: Rows) -> Rows:
    """Turn phase=val, loss=1 into val/loss=1, and metric=loss, value=1 into loss=1."""
    names = list(dict.fromkeys(name for row in found.rows for name in row))
    part = next((name for name in names if name.strip().lower() in _PARTS and _are_parts(found, name)), None)
    key = next((name for name in names if name.strip().lower() in _NAMES and _are_curves(found, name)), None)
    value = next((name for name in names if name.strip().lower() in _VALUES), None)
    rows = list(found.rows)
    if {name.strip().lower() for name in names} == {"wall time", "step", "value"}:  # TensorBoard's download of one tag
        return found._replace(rows=[{"step": row["Step"], "loss": row["Value"]} for row in rows])
    if key and value:
        rows = [{str(row.get(key)): row.get(value), **_without(row, (key, value))} for row in rows]
    if part:
        rows = [_renamed(row, part) for row in rows]
    return found._replace(rows=rows)


def _are_parts(found: Rows, name: str) -> bool:
    parts = columns.TRAIN | set(columns.VALIDATION)
    cells = [set(columns.words(str(row.get(name, "")))) for row in found.rows[:1000]]
    return bool(cells) and all(not own or own & parts for own in cells) and any(cells)


def _are_curves(found: Rows, name: str) -> bool:
    return any(columns.name_of(str(row.get(name))) for row in found.rows[:1000] if not is_number(row.get(name)))


def _without(row: object, names: Sequence[str]) -> dict[str, object]:
    return {name: cell for name, cell in dict(row).items() if name not in names}  # type: ignore[call-overload]


def _renamed(row: object, part: str) -> dict[str, object]:
    own = dict(row)  # type: ignore[call-overload]
    prefix = str(own.pop(part, "")).strip()
    return {f"{prefix}/{name.strip()}" if columns.name_of(name) else name: cell for name, cell in own.items()}
