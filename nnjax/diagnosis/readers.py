"""Read learning curves from files: CSV, Keras History as JSON, TensorBoard logs, nnjax run folders."""

import json
import math
import os
import pathlib
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.archives import DAMAGE, describe
from nnjax.core.errors import UserError
from nnjax.core.files import as_path
from nnjax.diagnosis import columns
from nnjax.diagnosis.columns import NOT_FINITE, Table
from nnjax.diagnosis.csv_tables import read_csv
from nnjax.diagnosis.run_curves import contexts_of, curves_of
from nnjax.diagnosis.tensorboard import read_logs
from nnjax.diagnosis.types import Curves, TrainingContext
from nnjax.runs.folder import FolderStore


class Loaded(NamedTuple):
    """Curves with what is known beside them.

    Attributes:
      curves: of m trials.
      names: [m] of the trials; [""] of one that has none.
      contexts: [m].
    """

    curves: Curves
    names: list[str]
    contexts: list[TrainingContext]


def read(path: str | os.PathLike[str]) -> Loaded:
    """Read whatever a path names: a .csv or .json file, a TensorBoard event file or log folder, an nnjax run folder.

    Raises:
      UserError: it is none of these, or there is no loss in it.
    """
    place = as_path(path)
    if not os.path.exists(place):
        raise UserError(
            f"{path} does not exist; name a .csv or .json file, a TensorBoard folder or an nnjax run folder."
        )
    if place.is_dir() and (place / "config.json").exists():
        return _from_run(place)
    if place.is_dir() or ".tfevents." in place.name:
        return stack(read_logs(place), str(path))
    if place.suffix.lower() == ".json":
        return from_columns(_read_json(place), str(path))
    return stack(read_csv(place), str(path))


def _from_run(path: pathlib.Path) -> Loaded:
    folder = FolderStore(path)
    specs = folder.read_config().specs
    facts, _ = folder.read_all_facts(specs)
    names = [f"trial {spec.id}" for spec in specs]
    return Loaded(curves_of(folder.read_records(specs)), names, contexts_of(specs, facts, folder.read_baselines()))


def _read_json(path: pathlib.Path) -> Mapping[str, Any]:
    """Read {name: [numbers]}, or that under the key "history", as Keras's History has it."""
    try:
        tree = json.loads(path.read_text("utf-8-sig"))
    except DAMAGE as error:
        raise UserError(
            f"{path} is not JSON ({describe(error)}); Keras's history.history written by json.dump was expected."
        ) from None
    tree = tree.get("history", tree) if isinstance(tree, dict) else tree
    return tree if isinstance(tree, dict) else {}


def from_columns(by_name: Mapping[str, Any], path: str = "the mapping") -> Loaded:
    """Take the curves of one trial, one number per epoch by name, as Keras's History has them.

    Raises:
      UserError: there is no loss, or one that is not a list of numbers, or curves differ in length.
    """
    if not by_name or not all(isinstance(name, str) for name in by_name):
        raise UserError(f"{path} holds no curves by name; {{'loss': [...], 'val_loss': [...]}} was expected.")
    chosen = set(columns.choose(by_name).values())
    table = {name: _numbers(values, name, path) for name, values in by_name.items() if name in chosen}
    lengths = {name: len(values) for name, values in table.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise UserError(f"The curves in {path} differ in length ({found} epochs); one number per epoch was expected.")
    return stack({"": table}, path)


def _numbers(values: Any, name: str, path: str) -> np.ndarray:
    values = values.tolist() if isinstance(values, np.ndarray) else values
    if not isinstance(values, list | tuple):
        raise UserError(f"{name} in {path} is not a list; one number per epoch was expected.")
    out = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | np.floating):
            raise UserError(f"{name} in {path} holds {value!r} at epoch {i + 1}; a number was expected.")
        beyond = isinstance(value, int) and abs(value) > sys.float_info.max
        number = math.inf if beyond else float(value)
        out[i] = number if math.isfinite(number) else NOT_FINITE
    return out


def stack(tables: Mapping[str, Table], path: str) -> Loaded:
    """Stack the tables of trials by name, NaN past a trial's end.

    Raises:
      UserError: there is no loss in one of them.
    """
    chosen = {trial: _losses(table, path) for trial, table in tables.items()}
    if not chosen:
        raise UserError(
            f"{path} holds no curves; one row an epoch, with a column such as loss or val_loss, was expected."
        )
    longest = max(len(y) for table in chosen.values() for y in table.values())
    arrays = {name: np.full((len(chosen), longest), np.nan) for table in chosen.values() for name in table}
    diverged = np.full(len(chosen), np.nan)
    for row, table in enumerate(chosen.values()):
        for name, y in table.items():
            arrays[name][row, : len(y)] = y
            if "loss" in name and (y == NOT_FINITE).any():
                diverged[row] = np.fmin(diverged[row], float(np.argmax(y == NOT_FINITE)) + 1)
    return Loaded(Curves(**arrays, diverged_at=diverged), list(chosen), [TrainingContext()] * len(chosen))


def _losses(table: Table, path: str) -> dict[str, np.ndarray]:
    chosen = {curve: np.asarray(table[name], float) for curve, name in columns.choose(table).items()}
    known = {curve: y for curve, y in chosen.items() if np.isfinite(y).any()}
    if any("loss" in curve for curve in known):
        return known
    if any("loss" in curve for curve in chosen):
        raise UserError(f"No loss in {path} has a finite number; at least one epoch's was expected.")
    found = ", ".join(map(repr, list(table)[:8])) or "its columns"
    raise UserError(f"{path} has no loss among {found}; a column such as loss or val_loss was expected.")
