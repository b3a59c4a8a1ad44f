"""What the files of a run folder say: trials, records and facts about the data as CSV rows and JSON trees."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.checks.finding import Finding
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.fields import field_types, flatten, to_dict
from nnjax.core.types import DataFacts, Scaler
from nnjax.train.storage.records import RUNNING, Record, Stage
from nnjax.train.storage.retention import keep_text

FORMAT = 1
RULES = ("halving", "evolution")  # of config.json: how trials are dropped or replaced while they train
Findings = Sequence[tuple[str, Finding]]


def differences(old: Sequence[TrialSpec], new: Sequence[TrialSpec]) -> list[str]:
    """Say what differs between the trials of two runs: one "field: its values → its values" each; empty if nothing.

    Whether somebody looked inside the networks is no difference: it changes no result.
    """
    old, new = ([_unwatched(spec) for spec in specs] for specs in (old, new))

    def values(specs: Sequence[TrialSpec]) -> dict[str, list[str]]:
        flats = [{"arm": spec.arm, **flatten(spec.experiment)} for spec in specs]
        return {path: list(dict.fromkeys(repr(flat[path]) for flat in flats)) for path in flats[0]}

    def listed(texts: list[str]) -> str:
        return ", ".join(texts[:6]) + (", …" if len(texts) > 6 else "")

    a, b = values(old), values(new)
    what = [f"{path}: {listed(a[path])} → {listed(b[path])}" for path in a if a[path] != b[path]]
    if len(old) != len(new):
        what.append(f"trials: {len(old)} → {len(new)}")
    return what or ([] if list(old) == list(new) else ["the same values are combined in another way"])


def _unwatched(spec: TrialSpec) -> TrialSpec:
    return dataclasses.replace(spec, experiment=dataclasses.replace(spec.experiment, signals=None))


def read_record(record: Record, row: Mapping[str, str], curves: Mapping[str, np.ndarray]) -> None:
    """Fill a record from its row of trials.csv and its curves.

    Raises:
      ValueError, LookupError, TypeError: the row is not as it was written.
    """
    record.status, record.epochs, record.verdict = row["status"], int(row["epochs"]), row["verdict"]
    if record.status not in _STATUSES:
        raise ValueError(f"the status {record.status!r} is unknown")
    record.values = {k: float(v) for k, v in row.items() if k not in _COLUMNS and v != ""}
    there = min((len(curve) for curve in curves.values()), default=0)
    if record.status == RUNNING:
        record.epochs = min(record.epochs, there)  # a kill between the two files may have left curves that began again
    if record.epochs > there:
        raise ValueError(f"{record.epochs} epochs, but {there} in curves.npz")
    record.curves = {name: curve[: record.epochs] for name, curve in curves.items()}


_STATUSES = ("waiting", "running", "done", "stopped", "dropped", "diverged", "failed")
_FIRST = ("trial", "arm", "status", "seed", "fold", "epochs")
_COLUMNS = {*_FIRST, "verdict", *field_types(Experiment), *(name.split(".")[-1] for name in field_types(Experiment))}


def varying_fields(specs: Sequence[TrialSpec]) -> list[str]:
    """Name the fields that every trial's row shows: all hyperparameters that are there, and whatever else varies."""
    flats = [flatten(spec.experiment) for spec in specs]

    def shown(path: str) -> bool:
        values = {flat[path] for flat in flats}
        return len(values) > 1 or (path.startswith("hyperparameters.") and values != {None})

    elsewhere = ("seed", "epochs", "data.fold")
    return [path for path in field_types(Experiment) if path not in elsewhere and shown(path)]


def trials_csv(specs: Sequence[TrialSpec], records: Sequence[Record]) -> str:
    """Write the table of trials as CSV text."""
    fields = varying_fields(specs)
    metrics = list(dict.fromkeys(name for record in records for name in record.values))
    short = [path.removeprefix("hyperparameters.") for path in fields]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*_FIRST, *short, *metrics, "verdict"])
    for spec, record in zip(specs, records, strict=True):
        flat = flatten(spec.experiment)
        fold = "" if spec.experiment.data.folds is None else spec.experiment.data.fold
        row: list[Any] = [spec.id, spec.arm, record.status, spec.experiment.seed, fold, record.epochs]
        row += [cell(flat[path]) for path in fields] + [cell(record.values.get(name)) for name in metrics]
        writer.writerow([*row, record.verdict])
    return buffer.getvalue()


def cell(value: Any) -> Any:
    """Give a value as trials.csv has it."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:.9g}" if isinstance(value, float) else value


def rule_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say which of the rules by which trials are dropped or replaced differ: one "name: old → new" each."""

    def text(tree: Mapping[str, Any] | None) -> str:
        return "none" if tree is None else " ".join(f"{k} {v}" for k, v in tree.items() if v is not None)

    return [f"{n}: {text(before.get(n))} → {text(now.get(n))}" for n in RULES if before.get(n) != now.get(n)]


def config_json(
    base: Experiment,
    specs: Sequence[TrialSpec],
    title: str,
    rules: Mapping[str, Any] | None = None,
    keep: int | None = None,
) -> dict[str, Any]:
    """Describe a run completely: the base experiment, each trial by what it changes, and the rules of the run.

    Args:
      base, specs, title: of the run.
      rules: {"halving" or "evolution": its description}.
      keep: of how many trials the weights are kept; None for all.
    """
    flat = flatten(base)
    trials = []
    for spec in specs:
        own = flatten(spec.experiment)
        changes = {path: value for path, value in own.items() if value != flat[path]}
        trials.append({"arm": spec.arm, "start_from": spec.start_from, "changes": changes})
    how = {**(rules or {}), **({} if keep is None else {"keep": keep_text(keep)})}
    return {"format": FORMAT, "title": title, "experiment": to_dict(base), "trials": trials, **how}


def schedules_json(schedules: Sequence[Sequence[Stage]]) -> dict[str, Any]:
    """Describe the stages of every trial: {trial: [{epoch, parent, hyperparameters}]}."""
    return {
        str(trial): [{"epoch": s.epoch, "parent": s.parent, "hyperparameters": dict(s.values)} for s in stages]
        for trial, stages in enumerate(schedules)
    }


def schedules_from_json(tree: Mapping[str, Any], num_trials: int) -> list[list[Stage]]:
    """Read back what `schedules_json` says.

    Raises:
      LookupError, TypeError, ValueError: it is not as it was written.
    """
    return [
        [Stage(int(s["epoch"]), s["parent"], {n: float(v) for n, v in s["hyperparameters"].items()}) for s in stages]
        for stages in (tree[str(trial)] for trial in range(num_trials))
    ]


def facts_json(facts: Mapping[DataConfig, DataFacts], findings: Findings) -> dict[str, Any]:
    """Describe the data of a run, and what the pre-flight check found."""
    entries = [{"config": dataclasses.asdict(config), "facts": facts_tree(fact)} for config, fact in facts.items()]
    return {"data": entries, "findings": [[arm, list(finding)] for arm, finding in findings]}


def facts_tree(facts: DataFacts) -> dict[str, Any]:
    """Describe one data set."""
    tree = {field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)}
    for name in ("x_scaler", "y_scaler"):
        tree[name] = {part: np.asarray(value).tolist() for part, value in tree[name]._asdict().items()}
    return tree


def facts_from_json(tree: Mapping[str, Any]) -> DataFacts:
    """Read back what `facts_tree` says.

    Raises:
      LookupError, TypeError, ValueError: it is not as it was written.
    """
    scalers = {
        name: Scaler(*(np.asarray(tree[name][part], np.float32) for part in Scaler._fields))
        for name in ("x_scaler", "y_scaler")
    }
    lists = {name: tuple(tree[name]) for name in ("sizes", "classes", "features", "targets")}
    shape = tree["image_shape"] and tuple(tree["image_shape"])
    categories = {name: tuple(values) for name, values in tree["categories"].items()}
    return DataFacts(**{**tree, **scalers, **lists, "image_shape": shape, "categories": categories})
