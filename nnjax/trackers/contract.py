"""The contract of trackers."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from nnjax.core.types import Float


class Trial(NamedTuple):
    """A trial that is going to be trained.

    Attributes:
      number: from 0, as in trials.csv.
      settings: {dotted field: value}, those in which trials differ; of a single trial those that are not the default.
      group: what it has in common with those that differ in seed or fold only, in words.
      epochs: that it is to train.
    """

    number: int
    settings: Mapping[str, Any]
    group: str
    epochs: int


class Curves(NamedTuple):
    """Epochs of a trial that are new.

    Attributes:
      trial: its number.
      start: the first of them, from 1.
      values: {curve: float [t]}.
    """

    trial: int
    start: int
    values: Mapping[str, Float[np.ndarray, " t"]]


class Outcome(NamedTuple):
    """How a trial stands at the end.

    Attributes:
      trial: its number.
      status: done, stopped, dropped, diverged, failed, or running or waiting where training was interrupted.
      epochs: completed.
      values: final and best metrics, by the columns of trials.csv.
      verdict: a code of nnjax.diagnose; "" where there is none.
    """

    trial: int
    status: str
    epochs: int
    values: Mapping[str, float]
    verdict: str


class Tracker(Protocol):
    """What is told of a run. An exception ends it with a warning; training goes on."""

    def begin(self, trials: Sequence[Trial]) -> None:
        """Take the trials: all at once, of an adaptive search batch by batch."""

    def update(self, curves: Sequence[Curves]) -> None:
        """Take what a segment has added, at its end. A run that is resumed tells all from its first epoch."""

    def end(self, outcomes: Sequence[Outcome], files: Sequence[pathlib.Path]) -> None:
        """Take all outcomes and the run folder's files, also where training was interrupted."""
