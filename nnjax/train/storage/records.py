"""Records: the status, scores and curves of each trial while a population trains."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.types import Float

WAITING, RUNNING, DONE, STOPPED = "waiting", "running", "done", "stopped"
DROPPED, DIVERGED, FAILED = "dropped", "diverged", "failed"
FINISHED = (DONE, STOPPED)  # as they were meant to
ENDED = (*FINISHED, DIVERGED)  # and have weights
OVER = (*ENDED, DROPPED, FAILED)  # and do not go on
STATUSES = (WAITING, RUNNING, *OVER)
EXPLODED = 1e3  # times its first value: no loss comes back from there


@dataclasses.dataclass
class Record:
    """The results of one trial so far."""

    # waiting, running, done, stopped (early, its patience being at an end), dropped, diverged or failed
    status: str = WAITING
    epochs: int = 0  # completed
    values: dict[str, float] = dataclasses.field(default_factory=dict)  # final and best metrics by column name
    curves: dict[str, Float[np.ndarray, " t"]] = dataclasses.field(default_factory=dict)  # {name: float [epochs]}
    verdict: str = ""  # a diagnosis, once there is one
    seconds: float = 0.0  # of wall time spent on it: its share of that of the trials beside it, compilation included
    lanes: int = 0  # lanes, devices: of the program in which it began; 0 before
    devices: int = 0
    moved: int | None = None  # epochs that it had completed when another program took it over; None if none has
    # {name: float [epochs, layers]}, see `nnjax.train.engine.probe`; empty where they were not measured
    signals: dict[str, Float[np.ndarray, "t p"]] = dataclasses.field(default_factory=dict)


def is_scored(record: Record) -> bool:
    """Whether a trial has scores and weights to be compared by.

    It has finished, or has come through an epoch when its run's time was over.
    """
    under_way = record.status == RUNNING and record.epochs > 0 and "best_epoch" in record.values
    return record.status in FINISHED or under_way


def is_evaluated(record: Record) -> bool:
    """Whether a trial that has ended has its final scores: those that ended between two looks may not have them yet."""
    return record.status not in ENDED or "best_epoch" in record.values


class Stage(NamedTuple):
    """A part of the training of a trial whose hyperparameters change."""

    epoch: int  # after which it begins; 0 for the first
    parent: int | None  # the trial whose weights it goes on from; None for the first
    values: Mapping[str, float]  # the hyperparameters that change, until the next stage


def lineage(stages: Sequence[Sequence[Stage]], trial: int) -> list[tuple[int, Stage]]:
    """Follow a trial's weights back to where they began: (trial in which they were, stage) from the first on."""
    out: list[tuple[int, Stage]] = []
    before = math.inf
    while True:
        stage = next(stage for stage in reversed(stages[trial]) if stage.epoch < before)
        out.append((trial, stage))
        if stage.parent is None:
            return out[::-1]
        trial, before = stage.parent, stage.epoch


def stop_epoch(
    watched: Float[np.ndarray, " t"], patience: int | None, min_delta: float = 0.0, lowest: float | None = None
) -> int | None:
    """Return the epoch (from 1) that is `patience` epochs after the lowest value until then; None if there is none yet.

    As Keras's EarlyStopping(patience, min_delta) counts, in the type of the values. With a patience a value that cannot
    be lower (`lowest`) ends the training at once.
    """
    if patience is None:
        return None
    delta = watched.dtype.type(min_delta)
    best, best_epoch = np.inf, 0
    for epoch, value in enumerate(watched, 1):
        if value < best - delta:
            best, best_epoch = value, epoch
            if lowest is not None and value <= lowest:
                return epoch
        elif epoch - best_epoch >= patience:
            return epoch
    return None


def drop(record: Record) -> None:
    """End a trial at a rung: its values are the last ones of its curves; its weights are not kept."""
    record.status = DROPPED
    record.values |= {name: float(curve[-1]) for name, curve in record.curves.items() if len(curve)}


def layouts_of(records: Sequence[Record]) -> dict[str, list[float | None]]:
    """List what each trial cost and the programs that trained it, as environment.json has them."""
    return {
        "trial_seconds": [round(record.seconds, 4) for record in records],
        "trial_lanes": [record.lanes for record in records],
        "trial_devices": [record.devices for record in records],
        "trial_moved": [record.moved for record in records],
    }


def stack_curves(records: Sequence[Record]) -> dict[str, Float[np.ndarray, "m t"]]:
    """Stack the trials' curves into arrays [trial, epoch], NaN past a trial's own epochs."""
    names = dict.fromkeys(name for record in records for name in record.curves)
    length = max((record.epochs for record in records), default=0)
    out = {name: np.full((len(records), length), np.nan) for name in names}
    for row, record in enumerate(records):
        for name, curve in record.curves.items():
            out[name][row, : record.epochs] = curve[: record.epochs]
    return out
