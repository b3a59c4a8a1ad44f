"""The contract of stores, which keep a population's weights, records and checkpoints; and a store in memory."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Protocol

import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.core.types import Arrays, Shaped
from nnjax.train.storage.records import Record, Stage

Weights = dict[str, Shaped[np.ndarray, "..."]]
Checkpoint = tuple[Weights, dict[str, Any]]  # named arrays and a JSON note of lane batches


class Checkpoints(Protocol):
    """Keeps the states of trials that have not ended."""

    def save_active(self, arrays: Arrays, note: Mapping[str, Any]) -> None:
        """Keep the trials under way."""

    def load_active(self) -> Checkpoint | None:
        """Return their last good state; None if there is none."""

    def drop_active(self) -> None:
        """Forget them, as they have ended."""

    def clear(self) -> None:
        """Forget all states, as all trials have ended."""

    def save_paused(self, name: str, arrays: Arrays, note: Mapping[str, Any]) -> None:
        """Keep a lane batch that waits at a rung."""

    def load_paused(self, name: str) -> Checkpoint | None:
        """Return it back; None if it is damaged."""

    def list_paused(self) -> list[str]:
        """Name the lane batches that wait, in the order of their names."""

    def drop_paused(self, name: str) -> None:
        """Forget one."""


class Store(Protocol):
    """Keeps weights, records and checkpoints of a population.

    Attributes:
      keep: of how many trials the weights are kept, the best ones' (`nnjax.train.storage.retention`); None for all.
      shared: whether what one process writes the others find.
      checkpoints: of trials that have not ended.
    """

    keep: int | None
    shared: bool

    @property
    def checkpoints(self) -> Checkpoints:
        """Return the store of checkpoints."""

    def note_environment(self, layout: Mapping[str, Any], seconds: float | None = None) -> None:
        """Keep the plan of a population, as `Population.describe` gives it, and the seconds of a session that ended."""

    def read_plan(self) -> list[dict[str, Any]]:
        """Return the plan of each group of trials; empty before there is one."""

    def save_weights(self, weights: Mapping[int, Arrays]) -> None:
        """Keep the arrays of finished trials; they may be written while others train."""

    def finish_writing(self) -> None:
        """Wait until they are kept."""

    def load_weights(self, trial: int) -> Weights:
        """Return them back."""

    def has_weights(self, trial: int) -> bool:
        """Whether there are any."""

    def keep_weights(self, trials: Set[int]) -> None:
        """Forget those of all others."""

    def save_epoch_weights(self, trial: int, arrays: Arrays) -> None:
        """Keep the arrays of some epochs of a finished trial."""

    def load_epoch_weights(self, trial: int) -> Weights:
        """Return them back; {} where none were kept."""

    def save_records(self, specs: Sequence[TrialSpec], records: Sequence[Record]) -> None:
        """Keep what is known of the trials."""

    def save_schedules(self, schedules: Sequence[Sequence[Stage]]) -> None:
        """Keep each trial's stages, where hyperparameters change while it trains."""


def _do_nothing(self: Any, *args: Any, **options: Any) -> None:
    """Keep nothing, and find nothing."""


class MemoryCheckpoints:
    """Keeps lane batches that wait at a rung in memory; what is under way there cannot be resumed."""

    def __init__(self) -> None:
        self._paused: dict[str, Checkpoint] = {}

    save_active = load_active = drop_active = _do_nothing

    def clear(self) -> None:
        """Forget the lane batches that wait."""
        self._paused.clear()

    def save_paused(self, name: str, arrays: Arrays, note: Mapping[str, Any]) -> None:
        """Keep a lane batch."""
        self._paused[name] = dict(arrays), dict(note)

    def load_paused(self, name: str) -> Checkpoint | None:
        """Return it back."""
        return self._paused[name]

    def list_paused(self) -> list[str]:
        """Name the lane batches, in the order of their names."""
        return sorted(self._paused)

    def drop_paused(self, name: str) -> None:
        """Forget one."""
        del self._paused[name]


class MemoryStore:
    """Keeps all in memory, for library use without a workdir; see `Store`. The caller holds records and schedules."""

    shared = False
    save_records = save_schedules = finish_writing = _do_nothing

    def __init__(self, keep: int | None = None) -> None:
        self.keep = keep
        self.checkpoints = MemoryCheckpoints()
        self.weights: dict[int, Weights] = {}
        self.epoch_weights: dict[int, Weights] = {}
        self._plan: list[dict[str, Any]] = []

    def note_environment(self, layout: Mapping[str, Any], seconds: float | None = None) -> None:
        """Keep the plan."""
        self._plan = layout["plan"]

    def read_plan(self) -> list[dict[str, Any]]:
        """Return it back."""
        return self._plan

    def save_weights(self, weights: Mapping[int, Arrays]) -> None:
        """Keep the arrays of some trials."""
        self.weights |= {trial: dict(arrays) for trial, arrays in weights.items()}

    def load_weights(self, trial: int) -> Weights:
        """Return them back."""
        return self.weights[trial]

    def has_weights(self, trial: int) -> bool:
        """Whether there are any."""
        return trial in self.weights

    def keep_weights(self, trials: Set[int]) -> None:
        """Forget those of all others."""
        for trial in self.weights.keys() - trials:
            del self.weights[trial]

    def save_epoch_weights(self, trial: int, arrays: Arrays) -> None:
        """Keep the arrays of some epochs."""
        self.epoch_weights[trial] = dict(arrays)

    def load_epoch_weights(self, trial: int) -> Weights:
        """Return them back."""
        return self.epoch_weights.get(trial, {})
