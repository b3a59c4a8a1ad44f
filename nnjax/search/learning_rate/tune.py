"""Tuning the learning rate: a search over rates and seeds for each optimizer, and a grid of rates and batch sizes."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, Hyperparameters, TrialSpec
from nnjax.core.fields import coerce_fields, replace
from nnjax.core.types import Dataset, Prepared
from nnjax.diagnosis.learning_rate import Measured
from nnjax.diagnosis.phase_diagram import Phase, phase_of
from nnjax.exchange.start_weights import read_weights
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.search.learning_rate import successive as rates
from nnjax.search.learning_rate.successive import SEEDS, Key
from nnjax.spaces.ranges import Range
from nnjax.train.host.population import Population, Progress
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.records import DIVERGED, FAILED, OVER, STOPPED, MemoryStore, Record, Standing
from nnjax.verify import preflight

TAIL = 8  # the loss is that of the last epoch, in one part of so many parts of them; with more epochs their mean


class Search(NamedTuple):
    """The trials of one optimizer.

    Attributes:
      specs: their specifications, [rates, seeds] flattened.
      rates: ascending.
      epochs: of a whole training.
      metric: the curve that decides.
    """

    specs: tuple[TrialSpec, ...]
    rates: tuple[float, ...]
    epochs: int
    metric: str

    def trial(self, place: int, seed: int) -> int:
        """Number a trial of the population."""
        return self.specs[place * SEEDS + seed].id


class Layout(NamedTuple):
    """What a population of trials is trained with; see `nnjax.train.Population`."""

    observe: Callable[[Progress], None] = lambda progress: None
    announce: Callable[[str], None] = lambda text: None
    should_stop: Callable[[], bool] = lambda: False
    plan: Plan = Plan()
    data: Dataset | None = None


def with_optimizer(experiment: Experiment, name: str) -> Experiment:
    """Give an experiment another optimizer, without the hyperparameters that only others read."""
    foreign = {field for other in OPTIMIZERS.values() for field in other.reads} - set(OPTIMIZERS[name].reads)
    hyper = {
        field: value
        for field, value in experiment.hyperparameters.present().items()
        if field not in foreign or name == experiment.optimizer.name
    }
    kept: dict[str, Any] = dict(hyper)
    return dataclasses.replace(
        experiment,
        optimizer=dataclasses.replace(experiment.optimizer, name=name),
        hyperparameters=Hyperparameters(**kept),
    )


def tune(experiment: Experiment, ranges: Mapping[str, Range], layout: Layout = Layout()) -> list[Measured]:
    """Search the learning rate of some optimizers, as one population; each search takes at most 12 whole trainings.

    Args:
      experiment: the base; its seed and the next two are trained.
      ranges: the rates by optimizer (see `search.rate_ranges`).
      layout: what is asked of the population.

    Returns:
      What was measured of each optimizer.

    Raises:
      UserError: an impossible experiment, unusable data, too few epochs, or no rate with a finite loss.
      Stopped: `should_stop` said so.
    """
    experiment = coerce_fields(experiment)
    rates.rungs(experiment.epochs)
    specs: list[TrialSpec] = []
    for name, some in ranges.items():
        base = with_optimizer(experiment, name)
        for rate in some.points():
            specs += _trials(base, len(specs), name, {"learning_rate": rate}, SEEDS)
    specs = preflight.resolve_trials(specs)
    prepared = _prepare(specs, layout)
    metric = _metric(experiment, prepared)
    searches, first = [], 0
    for some in ranges.values():
        own = tuple(specs[first : first + some.num * SEEDS])
        searches.append(Search(own, tuple(some.points()), experiment.epochs, metric))
        first += len(own)
    records = _population(specs, prepared, layout, functools.partial(standing, searches)).run()
    return [_measured(search, records) for search in searches]


def cross(
    experiment: Experiment, ranges: Mapping[str, Range], batch_sizes: Sequence[int], layout: Layout = Layout()
) -> list[Phase]:
    """Train every rate with every batch size to the end, with one seed, as one population.

    Args:
      experiment, ranges, layout: as for `tune`.
      batch_sizes: ascending.

    Returns:
      The phase diagram of each optimizer.

    Raises:
      UserError: an impossible experiment, unusable data, or a batch larger than the training part.
      Stopped: `should_stop` said so.
    """
    experiment = coerce_fields(experiment)
    specs: list[TrialSpec] = []
    for name, some in ranges.items():
        base = with_optimizer(experiment, name)
        for rate in some.points():
            for size in batch_sizes:
                specs += _trials(base, len(specs), name, {"learning_rate": rate, "batch_size": size}, 1)
    specs = preflight.resolve_trials(specs)
    prepared = _prepare(specs, layout)
    records = _population(specs, prepared, layout).run()
    metric = _metric(experiment, prepared)
    by_name = {name: [spec for spec in specs if spec.arm == name] for name in ranges}
    return [phase_of(own, [records[spec.id] for spec in own], prepared, metric) for own in by_name.values()]


def _trials(base: Experiment, first: int, arm: str, changes: Mapping[str, Any], seeds: int) -> list[TrialSpec]:
    return [TrialSpec(first + i, replace(base, {**changes, "seed": base.seed + i}), arm) for i in range(seeds)]


def _prepare(specs: Sequence[TrialSpec], layout: Layout) -> dict[DataConfig, Prepared]:
    """Load the data, and tell what the pre-flight checks find."""
    prepared, findings = preflight.check(specs, layout.data)
    for arm, finding in findings:
        layout.announce(preflight.format_finding(arm, finding))
    return prepared


def _metric(experiment: Experiment, prepared: Mapping[DataConfig, Prepared]) -> str:
    """Name the curve by which trials are judged: the validation loss where there is one."""
    if all(len(part.validation) for part in prepared.values()):
        return "val_loss"
    return "train_loss_eval" if experiment.train_eval_size != 0 else "train_loss"


def _population(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    layout: Layout,
    stand: Callable[[Sequence[Record]], Standing] | None = None,
) -> Population:
    return Population(
        specs,
        prepared,
        layout.plan,
        MemoryStore(keep=1),
        observe=layout.observe,
        should_stop=layout.should_stop,
        announce=layout.announce,
        stand=stand,
        read_weights=read_weights,
    )


def standing(searches: Sequence[Search], records: Sequence[Record]) -> Standing:
    """Replay the searches as far as their trials have come (see `nnjax.search.learning_rate.successive.waves`)."""
    limits, dropped = dict.fromkeys(range(len(records)), 0), set[int]()
    for search in searches:
        wave, best = _replayed(search, records)
        ids = {(p, k): search.trial(p, k) for p in range(len(search.rates)) for k in range(SEEDS)}
        limits |= {ids[key]: limit for key, limit in wave.limits.items()}
        low, high = wave.reach
        dropped |= {trial for (place, _), trial in ids.items() if not low <= place <= high}
        if best is not None:
            dropped |= {trial for key, trial in ids.items() if wave.limits.get(key, 0) < search.epochs}
    return Standing(limits, frozenset(dropped))


def _replayed(search: Search, records: Sequence[Record]) -> tuple[rates.Wave, int | None]:
    """Give the wave that is under way, and once all are over the place of the best rate."""

    def come(key: Key, limit: int) -> bool:
        record = records[search.trial(*key)]
        return record.epochs >= limit or record.status in OVER

    def loss(place: int, seed: int, epochs: int) -> float:
        return log_loss(records[search.trial(int(place), int(seed))], search.metric, epochs)

    replay = rates.waves(len(search.rates), search.epochs, loss)
    wave = next(replay)
    while all(come(key, limit) for key, limit in wave.limits.items()):
        try:
            wave = next(replay)
        except StopIteration as end:
            return wave, int(end.value)
    return wave, None


def log_loss(record: Record, metric: str, epochs: int) -> float:
    """Give the log of a trial's loss after some epochs: the mean over the last eighth of them.

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


def _measured(search: Search, records: Sequence[Record]) -> Measured:
    """Gather what a finished search has measured.

    Raises:
      UserError: no rate has a finite loss.
    """
    own = [records[spec.id] for spec in search.specs]
    wave, best = _replayed(search, records)
    spent = sum(record.epochs for record in own)
    assert spent <= rates.RUNS * search.epochs
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
    finals = [
        log_loss(record, search.metric, search.epochs)
        if wave.limits.get((i // SEEDS, i % SEEDS)) == search.epochs
        else math.nan
        for i, record in enumerate(own)
    ]
    first = search.specs[0].experiment
    return Measured(
        optimizer=name,
        batch_size=first.batch_size,
        metric=search.metric,
        rates=np.array(search.rates),
        seeds=tuple(first.seed + i for i in range(SEEDS)),
        losses=losses,
        diverged=diverged,
        finals=np.array(finals).reshape(shape),
        best=best,
    )
