"""Bring long tables to one column a curve: those with a column of parts (train, val) or of names and values."""

from collections.abc import Mapping, Sequence
from typing import Any

from nnjax.diagnosis import columns
from nnjax.diagnosis.readers.cells import is_number

Row = Mapping[str, Any]

_PARTS = {"phase", "split", "mode", "stage", "set", "subset", "part", "dataset", "partition", "type", "kind"}
_NAMES = {"metric", "key", "tag", "name", "variable", "metric_name"}
_VALUES = {"value", "val", "metric_value", "score"}
_DOWNLOAD = {"wall time", "step", "value"}  # TensorBoard's of one tag, which it does not name


def reshaped(rows: Sequence[Row]) -> list[Row]:
    """Turn phase=val, loss=1 into val/loss=1, and metric=loss, value=1 into loss=1."""
    names = {name.strip().lower(): name for row in rows for name in row}
    if set(names) == _DOWNLOAD:
        return [{"step": row.get(names["step"]), "loss": row.get(names["value"])} for row in rows]
    part = next((name for plain, name in names.items() if plain in _PARTS and _are_parts(rows, name)), None)
    key = next((name for plain, name in names.items() if plain in _NAMES and _are_curves(rows, name)), None)
    value = next((name for plain, name in names.items() if plain in _VALUES), None)
    out = list(rows)
    if key and value:
        out = [{str(row.get(key)): row.get(value), **_without(row, key, value)} for row in out]
    return [_renamed(row, part) for row in out] if part else out


def _are_parts(rows: Sequence[Row], name: str) -> bool:
    parts = columns.TRAIN | set(columns.VALIDATION)
    cells = [set(columns.words(str(row.get(name, "")))) for row in rows[:1000]]
    return any(cells) and all(not own or own & parts for own in cells)


def _are_curves(rows: Sequence[Row], name: str) -> bool:
    return any(columns.name_of(str(row.get(name))) for row in rows[:1000] if not is_number(row.get(name)))


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if name not in names}


def _renamed(row: Row, part: str) -> dict[str, Any]:
    prefix = str(row.get(part, "")).strip()
    own = _without(row, part)
    return {f"{prefix}/{name.strip()}" if columns.name_of(name) else name: cell for name, cell in own.items()}
