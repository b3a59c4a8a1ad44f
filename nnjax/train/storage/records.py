"""What is known of each trial while a population trains, and where finished weights are kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.experiment import TrialSpec

WHOLE = ((1.0, 1),)  # the course of trials that all train to their ends
WAITING, RUNNING, DONE, STOPPED = "waiting", "running", "done", "stopped"
DROPPED, DIVERGED, FAILED = "dropped", "diverged", "failed"
FINISHED = (DONE, STOPPED)  # as they were meant to
ENDED = (*FINISHED, DIVERGED)  # and have weights
OVER = (*ENDED, DROPPED, FAILED)  # and do not go on


@dataclasses.dataclass
class Record:
    """What is known of one trial so far.

    Attributes:
      status: waiting, running, done, stopped (early, its patience being at an end), dropped, diverged or failed.
      epochs: completed.
      values: final and best metrics by column name.
      curves: {name: float [epochs]}.
      verdict: a diagnosis, once there is one.
      seconds: of wall time spent on it: its share of its chunk's, compilation included.
      lanes, devices: of the program in which it began; 0 before.
      moved: epochs that it had completed when another program took it over; None if none has.
      signals: {name: float [epochs, layers]}, see `nnjax.train.engine.probe`; empty where nobody looked.
    """

    status: str = WAITING
    epochs: int = 0
    values: dict[str, float] = dataclasses.field(default_factory=dict)
    curves: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    verdict: str = ""
    seconds: float = 0.0
    lanes: int = 0
    devices: int = 0
    moved: int | None = None
    signals: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


class Standing(NamedTuple):
    """How far trials may train now.

    Attributes:
      limits: trial -> epochs; those that have taken as many wait until all others have, those of 0 to begin.
      dropped: trials that do not go on.
      course: the stages that lie ahead of trials that have not begun, (share of them that trains, epochs).
      parents: trial -> that whose state it goes on from, at the rung where both wait; itself where it is left out.
      values: trial -> the hyperparameters that it has now, where they are not those of its `TrialSpec`.
      spared: trials whose divergence does not end them, as they are replaced at their rung.
    """

    limits: Mapping[int, int]
    dropped: frozenset[int] = frozenset()
    course: tuple[tuple[float, int], ...] = WHOLE
    parents: Mapping[int, int] = {}
    values: Mapping[int, Mapping[str, float]] = {}
    spared: frozenset[int] = frozenset()

    def now(self, spec: TrialSpec) -> TrialSpec:
        """Give a trial with the hyperparameters that it has now."""
        if spec.id not in self.values:
            return spec
        values: Mapping[str, Any] = self.values[spec.id]
        hyper = dataclasses.replace(spec.experiment.hyperparameters, **values)
        return dataclasses.replace(spec, experiment=dataclasses.replace(spec.experiment, hyperparameters=hyper))


class Stage(NamedTuple):
    """A part of an evolving trial's life.

    Attributes:
      epoch: after which it begins; 0 for the first.
      parent: the trial whose weights it goes on from; None for the first.
      values: the hyperparameters that evolve, until the next stage.
    """

    epoch: int
    parent: int | None
    values: Mapping[str, float]


Packed = tuple[dict[str, np.ndarray], dict[str, Any]]  # named arrays and a note, as chunk.pack gives them


class MemoryStore:
    """Keeps the weights and records of a population in memory, for library use without a workdir.

    Args:
      keep: how many trials' weights to keep, the best ones' (see `nnjax.train.storage.retention`); None for all.

    Attributes:
      shared: whether what one process writes the others find.
    """

    shared = False

    def __init__(self, keep: int | None = None) -> None:
        self.keep = keep
        self.weights: dict[int, dict[str, np.ndarray]] = {}
        self.paused: dict[str, Packed] = {}
        self.plan: list[dict[str, Any]] = []

    def note_environment(self, layout: Mapping[str, Any], seconds: float | None = None) -> None:
        """Keep the plan of a population, as `Population.describe` gives it."""
        self.plan = layout["plan"]

    def read_plan(self) -> list[dict[str, Any]]:
        """Give back the plan of each group of trials; empty before there is one."""
        return self.plan

    def save_weights(self, trial: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep a finished trial's arrays."""
        self.weights[trial] = dict(arrays)

    def load_weights(self, trial: int) -> dict[str, np.ndarray]:
        """Give them back."""
        return self.weights[trial]

    def has_weights(self, trial: int) -> bool:
        """Whether there are any."""
        return trial in self.weights

    def keep_weights(self, trials: Set[int]) -> None:
        """Forget those of all others."""
        for trial in self.weights.keys() - trials:
            del self.weights[trial]

    def save_chunk(self, arrays: Mapping[str, np.ndarray], note: Mapping[str, Any]) -> None:
        """Do nothing: what lives in memory cannot be resumed."""

    def load_chunk(self) -> Packed | None:
        """Find no chunk."""
        return None

    def drop_chunk(self) -> None:
        """Do nothing."""

    def save_paused(self, name: str, arrays: Mapping[str, np.ndarray], note: Mapping[str, Any]) -> None:
        """Keep a crew that waits at a rung."""
        self.paused[name] = dict(arrays), dict(note)

    def load_paused(self, name: str) -> Packed | None:
        """Give it back; None if it is damaged."""
        return self.paused[name]

    def list_paused(self) -> list[str]:
        """Name the crews that wait, in the order of their names."""
        return sorted(self.paused)

    def drop_paused(self, name: str) -> None:
        """Forget one."""
        del self.paused[name]

    def save_records(self, specs: Sequence[TrialSpec], records: Sequence[Record]) -> None:
        """Do nothing: the caller holds the records."""


def stop_epoch(watched: np.ndarray, patience: int | None) -> int | None:
    """Give the epoch (from 1) that is `patience` epochs after the lowest value until then; None if there is none yet.

    As Keras's EarlyStopping(patience, min_delta=0) counts.
    """
    best, best_epoch = np.inf, 0
    for epoch, value in enumerate(watched, 1):
        if value < best:
            best, best_epoch = value, epoch
        elif patience is not None and epoch - best_epoch >= patience:
            return epoch
    return None


def drop(record: Record) -> None:
    """End a trial at a rung: its values are the last ones of its curves; its weights are not kept."""
    record.status = DROPPED
    record.values |= {name: float(curve[-1]) for name, curve in record.curves.items() if len(curve)}


def stack_curves(records: Sequence[Record]) -> dict[str, np.ndarray]:
    """Stack the trials' curves into arrays [trial, epoch], NaN past a trial's own epochs."""
    names = dict.fromkeys(name for record in records for name in record.curves)
    length = max((record.epochs for record in records), default=0)
    out = {name: np.full((len(records), length), np.nan) for name in names}
    for row, record in enumerate(records):
        for name, curve in record.curves.items():
            out[name][row, : record.epochs] = curve[: record.epochs]
    return out
