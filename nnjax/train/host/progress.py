"""Measure the progress of a population, for a display."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.experiment import TrialSpec
from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.rungs import Rungs
from nnjax.train.host.time_left import PerTrial, TimeLeft, shares_left
from nnjax.train.host.trials import Trials
from nnjax.train.storage.records import OVER, Record


class Progress(NamedTuple):
    """What a display needs after a segment."""

    specs: Sequence[TrialSpec]  # specs, records: of all trials
    records: Sequence[Record]
    running: Sequence[int]  # ids of the trials under way
    work_done: float  # share of all arithmetic that is done, in [0, 1]
    seconds_left: float = math.nan  # as estimated (`nnjax.train.host.time_left`); NaN where nothing is known


Observer = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Observe nothing."""


def measure(
    trials: Trials, actives: Sequence[ActiveBatches], rungs: Rungs, work: PerTrial, time_left: TimeLeft
) -> Progress:
    """Describe how far a population is.

    Args:
      trials, actives: all, and those under way.
      rungs: where some wait.
      work: [trials], the arithmetic of each.
      time_left: the estimate, which takes note.
    """
    epochs = [spec.experiment.epochs for spec in trials.specs]
    trained = np.array([record.epochs / most for record, most in zip(trials.records, epochs, strict=True)])
    for active in actives:
        for batch in active.remaining(trials.is_running) + active.queued:
            for spec in batch.specs:
                trained[spec.id] = batch.step / active.group.total_steps(spec)
    over = {i for i, record in enumerate(trials.records) if record.status in OVER}
    shares = np.where(np.isin(np.arange(len(trained)), list(over)), 1.0, trained)
    done = float(np.sum(work * shares) / max(float(work.sum()), 1.0))
    running = [spec.id for active in actives for spec in active.specs() if trials.is_running(spec)]
    shown = running or [trial for active in actives for trial in active.row_of()]
    left = shares_left(trained, over, rungs.paused, rungs.decision.survival)
    seconds = time_left.note([next(iter(active.row_of())) for active in actives], trained, left)
    return Progress(trials.specs, trials.records, shown, done, seconds)
