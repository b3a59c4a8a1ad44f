"""Tune the learning rate: search rates and seeds for each optimizer, or train a grid of rates and batch sizes."""

import dataclasses
import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.fields import coerce_fields, replace
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.types import Prepared
from nnjax.data import Datasets
from nnjax.diagnosis.phase_diagram import PhaseDiagram, phase_diagram
from nnjax.diagnosis.rate_regimes import RateSweep
from nnjax.exchange.start_weights import read_weights
from nnjax.nn.optimizers import OPTIMIZERS, optimizer_of
from nnjax.runs.measured_baselines import measure_baselines
from nnjax.search.learning_rate.budget import SEEDS
from nnjax.search.learning_rate.replay import Search, decide, measure
from nnjax.search.learning_rate.successive import rungs
from nnjax.search.options import Options
from nnjax.spaces.ranges import Range
from nnjax.train.display import displayed
from nnjax.train.host.population import Population
from nnjax.train.jax_modes import setup
from nnjax.train.scheduler import Decide
from nnjax.train.storage.records import Record
from nnjax.train.storage.store import MemoryStore
from nnjax.verify import data_checks

DECADES = 4  # to either side of the usual rate
NUM_RATES = 64
PHASE_DECADES, PHASE_RATES = 3, 12  # of a grid of rates and batch sizes
FINEST = 8  # rates to a decade; a narrow range has fewer than 64


def phase_range(optimizer: str, low: float | None = None, high: float | None = None) -> Range:
    """Return the twelve rates of a phase diagram, in three decades to either side of the usual one; as `rate_range`."""
    return rate_range(optimizer, low, high, PHASE_RATES, PHASE_DECADES)


def rate_range(
    optimizer: str, low: float | None = None, high: float | None = None, num: int = NUM_RATES, decades: int = DECADES
) -> Range:
    """Return the rates to search: four decades to either side of the usual one, unless an end is given.

    Raises:
      UserError: an unknown optimizer, an end that is no positive number, or a range that is empty.
    """
    try:
        record = optimizer_of(optimizer)
    except KeyError:
        raise UserError(f"There is no optimizer {optimizer!r}; choose some of {', '.join(OPTIMIZERS)}.") from None
    if not record.reads_rate:
        raise UserError(f"{record.remark} There is no rate to search.")
    usual = record.usual_rate
    ends = {"low": usual / 10**decades if low is None else low, "high": usual * 10**decades if high is None else high}
    for name, end in ends.items():
        if not (math.isfinite(end) and end > 0):
            raise UserError(f"The {name} end of the rates is {end:g}, but a finite number above 0 was expected.")
    low, high = ends.values()
    if low >= high:
        raise UserError(f"The rates go from {low:g} to {high:g}, but the smaller end comes first: exchange them.")
    most = math.floor(FINEST * math.log10(high / low) + 1e-9) + 1
    if most < 3:
        near = f"The rates from {low:g} to {high:g} differ too little"
        raise UserError(f"{near}: take ends that are at least a factor of 2 apart.")
    return Range(low, high, min(num, most), log=True)


def with_optimizer(experiment: Experiment, name: str) -> Experiment:
    """Return an experiment another optimizer, without the hyperparameters that only others read."""
    foreign = {field for other in OPTIMIZERS.values() for field in other.reads} - set(optimizer_of(name).reads)
    present, same = experiment.hyperparameters.present(), name == experiment.optimizer.name
    kept: dict[str, Any] = {field: value for field, value in present.items() if same or field not in foreign}
    optimizer = dataclasses.replace(experiment.optimizer, name=name)
    return dataclasses.replace(experiment, optimizer=optimizer, hyperparameters=Hyperparameters(**kept))


def tune(
    experiment: Experiment,
    ranges: Mapping[str, Range],
    options: Options = Options(),
    progress: bool | None = None,
) -> list[RateSweep]:
    """Search the learning rate of some optimizers, as one population; each search takes at most 12 whole trainings.

    Args:
      experiment: the base; its seed and the next two are trained.
      ranges: the rates by optimizer (see `rate_range`).
      options: data, plan, observe, log and should_stop, as for `nnjax.sweep`.
      progress: as for `nnjax.sweep`.

    Returns:
      What was measured of each optimizer.

    Raises:
      UserError: an impossible experiment, unusable data, too few epochs, or no rate with a finite loss.
      Stopped: `should_stop` said so, or Ctrl-C came.
    """
    setup()
    experiment = coerce_fields(experiment)
    rungs(experiment.epochs)
    specs, prepared = _prepare(_specs(experiment, ranges, [experiment.batch_size], SEEDS), options)
    metric, own = _metric(experiment, prepared), _by_arm(specs)
    searches = [Search(own[name], tuple(some.points()), experiment.epochs, metric) for name, some in ranges.items()]
    records = _trained(specs, prepared, options, progress, functools.partial(decide, searches))
    return [measure(search, records) for search in searches]


def train_grid(
    experiment: Experiment,
    ranges: Mapping[str, Range],
    batch_sizes: Sequence[int],
    options: Options = Options(),
    progress: bool | None = None,
) -> list[PhaseDiagram]:
    """Train every rate with every batch size to the end, with one seed, as one population.

    Args:
      experiment, ranges, options, progress: as for `tune`.
      batch_sizes: ascending.

    Returns:
      The phase diagram of each optimizer.

    Raises:
      UserError: an impossible experiment, unusable data, or a batch larger than the training part.
      Stopped: `should_stop` said so, or Ctrl-C came.
    """
    setup()
    experiment = coerce_fields(experiment)
    specs, prepared = _prepare(_specs(experiment, ranges, batch_sizes, 1), options)
    records = _trained(specs, prepared, options, progress)
    metric = _metric(experiment, prepared)
    known = {config: part.facts() for config, part in prepared.items()}, measure_baselines(specs, prepared)
    return [phase_diagram(own, [records[s.id] for s in own], *known, metric) for own in _by_arm(specs).values()]


def _specs(
    experiment: Experiment, ranges: Mapping[str, Range], batch_sizes: Sequence[int], seeds: int
) -> list[TrialSpec]:
    out: list[TrialSpec] = []
    for name, some in ranges.items():
        base = with_optimizer(experiment, name)
        for rate, size, seed in itertools.product(some.points(), batch_sizes, range(seeds)):
            changes = {"learning_rate": rate, "batch_size": size, "seed": base.seed + seed}
            out.append(TrialSpec(len(out), replace(base, changes), name))
    return out


def _by_arm(specs: Sequence[TrialSpec]) -> dict[str, tuple[TrialSpec, ...]]:
    return {name: tuple(own) for name, own in itertools.groupby(specs, lambda spec: spec.arm)}


def _prepare(specs: Sequence[TrialSpec], options: Options) -> tuple[Sequence[TrialSpec], Mapping[DataConfig, Prepared]]:
    """Resolve trials and prepare their data."""
    datasets = Datasets(options.data)
    specs = data_checks.resolve_trials(specs, datasets, options.log)
    prepared, findings = data_checks.check(specs, datasets)
    for arm, finding in findings:
        options.log(data_checks.format_finding(arm, finding))
    return specs, prepared


def _metric(experiment: Experiment, prepared: Mapping[DataConfig, Prepared]) -> str:
    """Name the curve by which trials are judged: the validation loss where there is one."""
    if all(len(part.validation) for part in prepared.values()):
        return "val_loss"
    return "train_loss_eval" if experiment.train_eval_size != 0 else "train_loss"


def _trained(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    options: Options,
    progress: bool | None,
    decide: Decide | None = None,
) -> list[Record]:
    with displayed(progress, options.observe) as observe:
        given = specs, prepared, options.plan, MemoryStore(keep=1), None
        hooks = observe, options.should_stop, decide, options.log
        return Population(*given, *hooks, read_weights=read_weights).run()
