"""JSON: Keras's History, pandas' to_json in all orients, records, nested parts and runs, lists of numbers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.text import represent
from nnjax.diagnosis import columns
from nnjax.diagnosis.columns import Table
from nnjax.diagnosis.readers import headerless, rows
from nnjax.diagnosis.readers.cells import NoNumber, is_number, numbers
from nnjax.diagnosis.readers.source import NO_JSON, Log, Reader, Source

_PARTS = columns.TRAIN | set(columns.VALIDATION)
_WRAPPERS = (
    *("history", "log", "logs", "data", "metrics", "epochs", "results", "curves", "records", "rows"),
    *("training_history", "hist"),
)


def recognizes(source: Source) -> bool:
    """Whether the text is one JSON value, or one as Python prints it."""
    return source.tree is not NO_JSON


def read(source: Source) -> Log:
    """Read whatever shape the curves have; UserError for no curves, or text among their numbers."""
    return from_tree(source.tree, source.name)


def from_tree(tree: Any, name: str) -> Log:
    """Return the curves of a tree of dictionaries and lists; see `read`."""
    if isinstance(tree, Mapping):
        tree = {str(key): value for key, value in tree.items()}
        if set(tree) >= {"columns", "data"} and _is_list(tree["data"]):  # pandas, orient="split"
            return _of_rows([dict(zip(map(str, tree["columns"]), row, strict=False)) for row in tree["data"]], name)
        if set(tree) >= {"schema", "data"}:  # orient="table"
            return _of_rows(tree["data"], name)
        return _of_mapping(tree, name)
    if _is_list(tree) and len(tree) and all(isinstance(row, Mapping) for row in tree):
        if _has_curves(tree[0]) and any(_is_list(value) and len(value) for value in tree[0].values()):
            return (
                from_tree({f"run {i + 1}": row for i, row in enumerate(tree)}, name)
                if len(tree) > 1
                else from_tree(tree[0], name)
            )
        return _of_rows(tree, name)
    if (
        _is_list(tree)
        and len(tree) > 1
        and (all(map(is_number, tree)) or all(_is_list(row) and all(map(is_number, row)) for row in tree))
    ):
        return _of_lists(tree, name)
    raise UserError(f"{name} holds no curves by name; {{'loss': [...], 'val_loss': [...]}} was expected.")


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _of_lists(tree: Sequence[Any], name: str) -> Log:
    if _is_list(tree[0]):
        width = max(map(len, tree))
        return headerless.from_array(name, np.array([numbers([*row, *[None] * (width - len(row))]) for row in tree]))
    return headerless.from_array(name, numbers(tree)[:, None])


def _of_rows(tree: Sequence[Any], name: str) -> Log:
    flat = [flattened(row) for row in tree if isinstance(row, Mapping)]
    return rows.to_log(rows.Rows(flat, [f"Row {i + 1}" for i in range(len(flat))], name))


def flattened(row: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten {"train": {"loss": 1}} to {"train/loss": 1}."""
    out: dict[str, Any] = {}
    for key, value in row.items():
        own = f"{prefix}{key}"
        out |= flattened(value, f"{own}/") if isinstance(value, Mapping) else {own: value}
    return out


def _of_mapping(tree: Mapping[str, Any], name: str) -> Log:
    """Read a mapping: what it wraps, runs by name or place, or curves by name."""
    inner = [
        value for key, value in tree.items() if key.lower() in _WRAPPERS and isinstance(value, Mapping | list) and value
    ]
    if not _has_curves(tree) and len(inner) == 1:
        return from_tree(inner[0], name)
    if (by_place := _by_place(tree, name)) is not None:
        return by_place
    if tree and all(key.lstrip("-").isdigit() and isinstance(value, Mapping) for key, value in tree.items()):
        some = [
            {"epoch": int(key), **value} if not any(columns.is_named(str(k), columns.EPOCH) for k in value) else value
            for key, value in tree.items()
        ]
        return _of_rows(some, name)  # pandas, orient="index"
    if by_epoch := _by_epoch(tree):
        return _of_rows(by_epoch, name)
    if lists := _lists_of_rows(tree):
        return _of_rows(_merged(lists), name)
    runs = {
        key: value for key, value in tree.items() if isinstance(value, Mapping) and _has_curves(_flat_columns(value))
    }
    if len(runs) > 1 and not any(set(columns.words(key)) & _PARTS or columns.name_of(key) for key in runs):
        tables = {key: _table(_flat_columns(value), name) for key, value in runs.items()}
        remarks = tuple(dict.fromkeys(said for _, own in tables.values() for said in own))
        return Log({key: table for key, (table, _) in tables.items()}, remarks=remarks)
    flat = _flat_columns(tree)
    if by_step := _with_steps(flat):
        return _of_rows(by_step, name)
    said = []
    if {key.split("/")[0] for key in flat} == {"validation_0", "validation_1"}:  # XGBoost's evals_result
        flat = {key.replace("validation_0", "train"): value for key, value in flat.items()}
        said = [f"remark: validation_0 of {name} is taken for the training data, validation_1 for validation."]
    if not flat:
        raise UserError(f"{name} holds no curves by name; {{'loss': [...], 'val_loss': [...]}} was expected.")
    table, more = _table(flat, name)
    return Log({"": table}, remarks=(*said, *more))


def _with_steps(flat: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of lists beside a list of epochs or steps that are all of one length; [] where it is not so."""
    lists = {key: value for key, value in flat.items() if _is_list(value) and len(value)}
    counted = [key for key in lists if columns.is_named(key, columns.EPOCH | columns.STEP)]
    curves = [key for key in lists if columns.name_of(key)]
    if not counted or not curves or any(len(lists[key]) != len(lists[counted[0]]) for key in curves):
        return []
    if not all(is_number(cell) for cell in lists[counted[0]]) or any(_is_list(lists[key][0]) for key in curves):
        return []
    same = [key for key in lists if len(lists[key]) == len(lists[counted[0]])]
    return [dict(zip(same, row, strict=True)) for row in zip(*(lists[key] for key in same), strict=True)]


def _by_epoch(tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of {"epoch_1": {"loss": 1}, ...}; [] where it is not so."""
    numbered = {key: re.fullmatch(r"\D*?[ _]?(\d+)", key) for key in tree}
    if len(tree) < 2 or not all(numbered.values()) or not all(isinstance(value, Mapping) for value in tree.values()):
        return []
    rows = [{"epoch": int(match[1]), **flattened(tree[key])} for key, match in numbered.items() if match]
    return rows if any(columns.name_of(key) and is_number(value) for key, value in rows[0].items()) else []


def _merged(lists: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Join the rows of parts, {"train": [...], "val": [...]}: by their epochs, or one after the other."""
    parts = [[{_joined(key, k): v for k, v in flattened(row).items()} for row in own] for key, own in lists.items()]
    every = [row for own in parts for row in own]
    epoch = next((name for name in every[0] if columns.is_named(name, columns.EPOCH | columns.STEP)), None)
    if epoch is not None and all(is_number(row.get(epoch)) for row in every):
        return sorted(every, key=lambda row: float(row[epoch]))
    longest = max(map(len, parts))
    return [{k: v for own in parts if i < len(own) for k, v in own[i].items()} for i in range(longest)]


def _joined(key: str, name: str) -> str:
    return f"{key}/{name}" if columns.name_of(name) else name


def _has_curves(tree: Mapping[str, Any]) -> bool:
    return any(columns.name_of(key) and (_is_list(value) or isinstance(value, Mapping)) for key, value in tree.items())


def _by_place(tree: Mapping[str, Any], name: str) -> Log | None:
    """Return curves given as {name: {"0": number}}, pandas' own orient; None where they are not."""
    if not tree or not all(
        isinstance(value, Mapping) and value and all(str(k).lstrip("-").isdigit() for k in value)
        for value in tree.values()
    ):
        return None
    if not any(is_number(cell) for value in tree.values() for cell in value.values()):
        return None
    places = sorted({int(k) for value in tree.values() for k in value})
    by_column = {key: {int(k): cell for k, cell in value.items()} for key, value in tree.items()}
    return _of_rows([{key: own.get(place) for key, own in by_column.items()} for place in places], name)


def _lists_of_rows(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are lists of dictionaries: {"train": [{"loss": 1}, ...], "val": [...]}."""
    lists = {
        key: value
        for key, value in tree.items()
        if _is_list(value) and len(value) and all(isinstance(row, Mapping) for row in value)
    }
    if lists and not any(set(columns.words(key)) & _PARTS for key in lists):
        return {"": next(iter(lists.values()))} if len(lists) == 1 else {}
    return lists


def _flat_columns(tree: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten a tree to its lists by name: {"train": {"loss": [..]}} becomes {"train/loss": [..]}."""
    out: dict[str, Any] = {}
    for key, value in tree.items():
        own = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and all(str(k).lstrip("-").isdigit() for k in value):
            out[own] = list(value.values())
        elif isinstance(value, Mapping):
            out |= _flat_columns(value, f"{own}/")
        else:
            out[own] = value
    return out


def _table(flat: Mapping[str, Any], name: str) -> tuple[Table, list[str]]:
    """Read the columns that may be curves; of different lengths only where one is a multiple of the other.

    Raises:
      UserError: one is no list of numbers, or their lengths do not fit.
    """
    known = [key for key in flat if columns.name_of(key)]
    lists = [key for key in known if not _is_scalar(flat[key])]
    if known and not lists and len(flat) == len(known):
        key = known[0]
        raise UserError(f"{key} in {name} is not a list; one number per epoch was expected.")
    chosen = {column for choice in columns.choose(lists) for column in choice.columns.values()}
    table, said = _of_one_length({key: _numbers(flat[key], key, name) for key in lists if key in chosen}, name)
    lengths = {len(values) for values in table.values()}
    for key, value in flat.items():
        if key not in table and _is_list(value) and len(value) > 1 and all(map(is_number, value)):
            table |= {key: numbers(value)} if not lengths or len(value) in lengths else {}
            lengths = lengths or {len(value)}
    if not table:
        found = ", ".join(map(repr, list(flat)[:8]))
        raise UserError(f"{name} has no loss among {found}; a list such as loss or val_loss was expected.")
    return table, said


def _is_scalar(value: Any) -> bool:
    return is_number(value) or value is None or (isinstance(value, str) and not value.strip().startswith("["))


def _of_one_length(table: dict[str, np.ndarray], name: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Average the curves that have several values an epoch, so that all are as long as the shortest."""
    lengths = {key: len(values) for key, values in table.items()}
    fewest = min((n for n in lengths.values() if n), default=0)
    if len(set(lengths.values())) < 2:
        return table, []
    if fewest < 2 or any(n % fewest for n in lengths.values()):
        found = ", ".join(f"{key} has {n}" for key, n in lengths.items())
        raise UserError(f"The curves in {name} differ in length ({found} epochs); one number per epoch was expected.")
    longer = ", ".join(f"{key} has {n // fewest}" for key, n in lengths.items() if n > fewest)
    out = {key: values.reshape(fewest, -1).mean(axis=1) if len(values) else values for key, values in table.items()}
    return {key: values for key, values in out.items() if len(values)}, [
        f"remark: Of {name}, {longer} values for each of the others, which are averaged."
    ]


def _numbers(values: Any, key: str, name: str) -> np.ndarray:
    """Read a list of numbers, a text of them, or pairs of a step and a value."""
    if isinstance(values, str):
        values = values.strip().strip("[]").replace(",", " ").split()
    if not _is_list(values):
        raise UserError(f"{key} in {name} is not a list; one number per epoch was expected.")
    values = list(np.asarray(values).tolist() if isinstance(values, np.ndarray) else values)
    if values and all(_is_list(row) and len(row) == len(values[0]) and len(row) in (1, 2, 3) for row in values):
        values = [row[-1] for row in values]  # [step, value]
    try:
        return numbers(values)
    except NoNumber as error:
        cell, i = error.args
        raise UserError(f"{key} in {name} holds {represent(cell)} at epoch {i + 1}; a number was expected.") from None


READER = Reader("JSON", recognizes, read)
