"""Convert lane batches and their trials' records to checkpoints (named arrays with a note), and back."""

import dataclasses
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.core.archives import DAMAGE, describe
from nnjax.core.experiment import TrialSpec
from nnjax.core.types import Arrays, TrialState
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.layout.lane_batch import LaneBatch
from nnjax.train.storage.named_arrays import flatten, unflatten
from nnjax.train.storage.records import Record
from nnjax.train.storage.store import Checkpoint

MISSING: Checkpoint = ({}, {"trials": {}, "lane_batches": []})  # stands for one that is not there, or damaged
_RECORDED = ("status", "epochs", "values", "seconds", "lanes", "devices", "moved")  # fields of a record in the note


def of_active(active: ActiveBatches, records: Sequence[Record]) -> Checkpoint:
    """Make the checkpoint of active batches, with their layout; also of diverged trials, whose weights are not kept."""
    arrays, note = to_arrays(active.take() + active.queued, records)
    layout = {"lanes": active.lanes, "devices": active.program.mesh.size, "plan": dataclasses.asdict(active.group.plan)}
    return arrays, note | {"placed": len(active.placed)} | layout


def to_arrays(batches: Sequence[LaneBatch], records: Sequence[Record]) -> Checkpoint:
    """Make the checkpoint of lane batches that have begun, for `from_arrays` and `restore_records`."""
    states = jax.tree.map(lambda *leaves: np.concatenate(leaves), *(batch.state for batch in batches))
    arrays, trials = flatten(states, "state/"), {}
    for spec in (spec for batch in batches for spec in batch.specs):
        record = records[spec.id]
        arrays |= {f"curves/{spec.id}/{name}": curve for name, curve in record.curves.items()}
        arrays |= {f"signals/{spec.id}/{name}": values for name, values in record.signals.items()}
        trials[str(spec.id)] = {name: getattr(record, name) for name in _RECORDED}
    described = [{"trials": [s.id for s in one.specs], "step": one.step, "until": one.until} for one in batches]
    return arrays, {"lane_batches": described, "trials": trials}


def sound(found: Checkpoint | None, num_trials: int) -> Checkpoint:
    """Return a checkpoint as it was read; `MISSING` for none, and for one that is not as it was written: warned of."""
    if found is None:
        return MISSING
    try:
        _check(*found, num_trials)
    except DAMAGE as error:
        warnings.warn(f"A checkpoint is damaged ({describe(error)}). The trials in it begin again.", stacklevel=2)
        return MISSING
    return found


def _check(arrays: Arrays, note: Mapping[str, Any], num_trials: int) -> None:
    """Refuse the checkpoint of lane batches whose note was changed, by one of `DAMAGE`."""
    trials, batches = {int(trial) for trial in note["trials"]}, list(note["lane_batches"])
    placed = [int(trial) for batch in batches for trial in batch["trials"]]
    if sorted(placed) != sorted(trials) or not placed or min(placed) < 0 or max(placed) >= num_trials:
        raise ValueError("its lane batches do not hold its trials once each")
    numbers = [number for batch in batches for number in (batch["step"], batch["until"])]
    numbers += [record["epochs"] for record in note["trials"].values()]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError("its steps and epochs are not whole numbers")
    for record in note["trials"].values():
        if not isinstance(record["values"], dict) or not isinstance(record["status"], str):
            raise ValueError("its records are not as they were written")
        float(record["seconds"])
    for name in ("lanes", "devices"):
        if type(note.get(name, 1)) is not int or note.get(name, 1) < 1:
            raise ValueError(f"its {name} are {note[name]!r}")
    if type(note.get("placed", 0)) is not int or not 0 <= note.get("placed", 0) <= len(batches):
        raise ValueError("its number of placed lane batches is impossible")
    for name, array in arrays.items():
        kind, _, rest = name.partition("/")
        if kind in ("curves", "signals"):
            axes, epochs = (1, 2)[kind == "signals"], note["trials"][rest.partition("/")[0]]["epochs"]
            if array.ndim != axes or array.dtype.kind not in "fiu" or len(array) != epochs:
                raise ValueError(f"its array {name} has the shape {array.shape}")
    states = [array for name, array in arrays.items() if name.startswith("state/")]
    if not states or any(not array.ndim or len(array) != len(placed) for array in states):
        raise ValueError("its states are not one a trial")


def from_arrays(
    arrays: Arrays, note: Mapping[str, Any], blank: TrialState, specs: Sequence[TrialSpec]
) -> list[LaneBatch]:
    """Read lane batches back with their states.

    Args:
      arrays, note: a checkpoint.
      blank: one trial's state, or its shapes.
      specs: of all trials.

    Raises:
      UserError: the arrays are those of other trials.
    """
    batches, begin = [], 0
    for one in note["lane_batches"]:
        size = len(one["trials"])
        own = {name: a[begin : begin + size] for name, a in arrays.items() if name.startswith("state/")}
        rows = jax.tree.map(lambda leaf, size=size: jax.ShapeDtypeStruct((size, *leaf.shape), leaf.dtype), blank)
        state = unflatten(rows, own, "state/")
        batches.append(LaneBatch(tuple(specs[i] for i in one["trials"]), one["until"], one["step"], state))
        begin += size
    return batches


def restore_records(
    arrays: Arrays, note: Mapping[str, Any], records: Sequence[Record], trials: Collection[int]
) -> None:
    """Fill in the records of some trials as a checkpoint has them."""
    for trial in trials:
        record = records[trial]
        for name, value in note["trials"][str(trial)].items():
            setattr(record, name, value)
        record.curves = _below(arrays, f"curves/{trial}/")
        record.signals = _below(arrays, f"signals/{trial}/")


def _below(arrays: Arrays, prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
