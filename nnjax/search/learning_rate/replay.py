"""Replay a successive search on the records of its trials: how far they may train, and what was measured."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import TrialSpec
from nnjax.diagnosis.rate_regimes import RateSweep
from nnjax.search.learning_rate import successive
from nnjax.search.learning_rate.budget import RUNS, SEEDS, Key
from nnjax.train.scheduler import Decision
from nnjax.train.storage.records import DIVERGED, FAILED, OVER, STOPPED, Record

TAIL = 8  # the loss is that of the last epoch, in one part of so many parts of them; with more epochs their mean


class Search(NamedTuple):
    """The trials of one optimizer."""

    specs: tuple[TrialSpec, ...]  # their specifications, [rates, seeds] flattened
    rates: tuple[float, ...]  # ascending
    epochs: int  # of a whole training
    metric: str  # the curve that decides

    def trial(self, place: int, seed: int) -> int:
        """Number a trial of the population."""
        return self.specs[place * SEEDS + seed].id


def decide(searches: Sequence[Search], records: Sequence[Record]) -> Decision:
    """Replay the searches as far as their trials have come (see `nnjax.search.learning_rate.successive.rounds`)."""
    limits, dropped = dict.fromkeys(range(len(records)), 0), set[int]()
    for search in searches:
        latest, best = _replayed(search, records)
        ids = {(p, k): search.trial(p, k) for p in range(len(search.rates)) for k in range(SEEDS)}
        limits |= {ids[key]: limit for key, limit in latest.limits.items()}
        low, high = latest.reach
        dropped |= {trial for (place, _), trial in ids.items() if not low <= place <= high}
        if best is not None:
            dropped |= {trial for key, trial in ids.items() if latest.limits.get(key, 0) < search.epochs}
    return Decision(limits, frozenset(dropped))


def _replayed(search: Search, records: Sequence[Record]) -> tuple[successive.Round, int | None]:
    """Return the round under way, and once all are over the place of the best rate."""

    def trained(key: Key, limit: int) -> bool:
        record = records[search.trial(*key)]
        return record.epochs >= limit or record.status in OVER

    def loss(place: int, seed: int, epochs: int) -> float:
        return log_loss(records[search.trial(int(place), int(seed))], search.metric, epochs)

    replay = successive.rounds(len(search.rates), search.epochs, loss)
    latest = next(replay)
    while all(trained(key, limit) for key, limit in latest.limits.items()):
        try:
            latest = next(replay)
        except StopIteration as end:
            return latest, int(end.value)
    return latest, None


def log_loss(record: Record, metric: str, epochs: int) -> float:
    """Return the log of a trial's loss after some epochs: the mean over the last eighth of them.

    A trial that stopped early has its lowest loss from then on, that of the weights it ends with; infinity stands for
    one that broke down, or whose loss is not finite.
    """
    curve = record.curves.get(metric, np.zeros(0))[: min(epochs, record.epochs)]
    if not len(curve) or (record.epochs < epochs and record.status in (DIVERGED, FAILED)):
        return math.inf
    tail = curve[-max(1, epochs // TAIL) :]
    if record.status == STOPPED and record.epochs < epochs:
        tail = np.array([np.nanmin(curve)])
    if not np.isfinite(tail).all():
        return math.inf
    return float(np.log(np.maximum(tail, np.finfo(float).tiny)).mean())


def measure(search: Search, records: Sequence[Record]) -> RateSweep:
    """Gather what a finished search has measured; UserError if no rate has a finite loss."""
    own = [records[spec.id] for spec in search.specs]
    latest, best = _replayed(search, records)
    spent = sum(record.epochs for record in own)
    assert spent <= RUNS * search.epochs
    name = search.specs[0].arm
    assert best is not None  # all trials have ended
    if not math.isfinite(log_loss(records[search.trial(best, 0)], search.metric, search.epochs)):
        raise UserError(f"No rate from {search.rates[0]:g} to {search.rates[-1]:g} gives {name} a finite loss.")
    shape = len(search.rates), SEEDS
    losses = np.full((*shape, search.epochs), np.nan)
    for row, record in enumerate(own):
        curve = record.curves.get(search.metric, np.zeros(0))[: record.epochs]
        losses[row // SEEDS, row % SEEDS, : len(curve)] = curve
    diverged = np.array([record.status in (DIVERGED, FAILED) for record in own]).reshape(shape)
    whole = [latest.limits.get(key) == search.epochs for key in np.ndindex(shape)]
    pairs = zip(own, whole, strict=True)
    finals = [log_loss(record, search.metric, search.epochs) if ended else math.nan for record, ended in pairs]
    first = search.specs[0].experiment
    return RateSweep(
        optimizer=name,
        batch_size=first.batch_size,
        metric=search.metric,
        rates=np.array(search.rates),
        seeds=tuple(first.seed + i for i in range(SEEDS)),
        losses=losses,
        diverged=diverged,
        final_log_losses=np.array(finals).reshape(shape),
        best=best,
    )
