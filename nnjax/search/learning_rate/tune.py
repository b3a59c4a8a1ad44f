"""Tune the learning rate: search rates and seeds for each optimizer, or train a grid of rates and batch sizes."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from nnjax.core.experiment import DataConfig, Experiment, Hyperparameters, TrialSpec
from nnjax.core.fields import coerce_fields, replace
from nnjax.core.types import Prepared
from nnjax.diagnosis.phase_diagram import PhaseDiagram, phase_diagram
from nnjax.diagnosis.rate_regimes import RateSweep
from nnjax.exchange.start_weights import read_weights
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.search.learning_rate.budget import SEEDS
from nnjax.search.learning_rate.replay import Search, decide, measure
from nnjax.search.learning_rate.successive import rungs
from nnjax.search.options import Options
from nnjax.spaces.ranges import Range
from nnjax.train.host.population import Population
from nnjax.train.scheduler import Decide
from nnjax.train.storage.store import MemoryStore
from nnjax.verify import preflight


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


def tune(experiment: Experiment, ranges: Mapping[str, Range], options: Options = Options()) -> list[RateSweep]:
    """Search the learning rate of some optimizers, as one population; each search takes at most 12 whole trainings.

    Args:
      experiment: the base; its seed and the next two are trained.
      ranges: the rates by optimizer (see `nnjax.search.learning_rate.ranges`).
      options: data, plan, observe, log and should_stop, as for `nnjax.sweep`.

    Returns:
      What was measured of each optimizer.

    Raises:
      UserError: an impossible experiment, unusable data, too few epochs, or no rate with a finite loss.
      Stopped: `should_stop` said so.
    """
    experiment = coerce_fields(experiment)
    rungs(experiment.epochs)
    specs: list[TrialSpec] = []
    for name, some in ranges.items():
        base = with_optimizer(experiment, name)
        for rate in some.points():
            specs += _trials(base, len(specs), name, {"learning_rate": rate}, SEEDS)
    specs = preflight.resolve_trials(specs)
    prepared = _prepare(specs, options)
    metric = _metric(experiment, prepared)
    searches, first = [], 0
    for some in ranges.values():
        own = tuple(specs[first : first + some.num * SEEDS])
        searches.append(Search(own, tuple(some.points()), experiment.epochs, metric))
        first += len(own)
    records = _population(specs, prepared, options, functools.partial(decide, searches)).run()
    return [measure(search, records) for search in searches]


def cross(
    experiment: Experiment, ranges: Mapping[str, Range], batch_sizes: Sequence[int], options: Options = Options()
) -> list[PhaseDiagram]:
    """Train every rate with every batch size to the end, with one seed, as one population.

    Args:
      experiment, ranges, options: as for `tune`.
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
    prepared = _prepare(specs, options)
    records = _population(specs, prepared, options).run()
    metric = _metric(experiment, prepared)
    by_name = {name: [spec for spec in specs if spec.arm == name] for name in ranges}
    return [phase_diagram(own, [records[spec.id] for spec in own], prepared, metric) for own in by_name.values()]


def _trials(base: Experiment, first: int, arm: str, changes: Mapping[str, Any], seeds: int) -> list[TrialSpec]:
    return [TrialSpec(first + i, replace(base, {**changes, "seed": base.seed + i}), arm) for i in range(seeds)]


def _prepare(specs: Sequence[TrialSpec], options: Options) -> dict[DataConfig, Prepared]:
    """Load the data, and tell what the pre-flight checks find."""
    prepared, findings = preflight.check(specs, options.data)
    for arm, finding in findings:
        options.log(preflight.format_finding(arm, finding))
    return prepared


def _metric(experiment: Experiment, prepared: Mapping[DataConfig, Prepared]) -> str:
    """Name the curve by which trials are judged: the validation loss where there is one."""
    if all(len(part.validation) for part in prepared.values()):
        return "val_loss"
    return "train_loss_eval" if experiment.train_eval_size != 0 else "train_loss"


def _population(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    options: Options,
    decide: Decide | None = None,
) -> Population:
    return Population(
        specs,
        prepared,
        options.plan,
        MemoryStore(keep=1),
        observe=options.observe,
        should_stop=options.should_stop,
        log=options.log,
        decide=decide,
        read_weights=read_weights,
    )
