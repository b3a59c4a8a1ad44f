"""Measure the progress of a population, for a display."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.core.types import Float
from nnjax.train.host.chunk import Chunk
from nnjax.train.host.trials import Trials
from nnjax.train.storage.records import OVER, Record


class Progress(NamedTuple):
    """What a display needs after a segment.

    Attributes:
      specs, records: of all trials.
      running: ids of the trials under way.
      work_done: share of all arithmetic that is done, in [0, 1].
    """

    specs: Sequence[TrialSpec]
    records: Sequence[Record]
    running: Sequence[int]
    work_done: float


Observer = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Observe nothing."""


def measure(
    trials: Trials, chunks: Sequence[Chunk], paused: Collection[int], work: Float[np.ndarray, " trials"]
) -> Progress:
    """Describe how far a population is.

    Args:
      trials, chunks: all, and those under way.
      paused: ids of the trials that wait at a rung.
      work: [trials], the arithmetic of each.
    """
    shares = np.array([float(record.status in OVER) for record in trials.records])
    for trial in paused:
        shares[trial] = trials.records[trial].epochs / trials.specs[trial].experiment.epochs
    for chunk in chunks:
        for batch in chunk.remaining(lambda spec: True) + chunk.queued:
            for spec in batch.specs:
                shares[spec.id] = max(shares[spec.id], batch.step / chunk.group.total_steps(spec))
    done = float(np.sum(work * shares) / max(float(work.sum()), 1.0))
    running = [spec.id for chunk in chunks for spec in chunk.specs() if trials.is_running(spec)]
    ended = [trial for chunk in chunks for trial in chunk.row_of()]
    return Progress(trials.specs, trials.records, running or ended, done)
