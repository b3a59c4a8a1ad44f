"""Training the gallery: the mistakes and their mended counterparts, a population for each kind of data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnjax.api import sweep
from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.types import Dataset
from nnjax.data import load, prepare_loaded
from nnjax.diagnosis.types import Diagnosis
from nnjax.lectures.gallery.failure_modes import BASE, UPHILL, Horror
from nnjax.lectures.gallery.spoiled import SPOILED
from nnjax.runs.run import Run
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Arm, Space
from nnjax.train.host.population import Population
from nnjax.train.storage.records import Record
from nnjax.train.storage.store import MemoryStore
from nnjax.verify.preflight import resolve_trials


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """A trial in the gallery.

    Attributes:
      experiment, record, diagnosis: of the trial.
    """

    experiment: Experiment
    record: Record
    diagnosis: Diagnosis


@dataclasses.dataclass(frozen=True, eq=False)
class Provoked:
    """A mistake that was made.

    Attributes:
      horror: which.
      shown: the trial that made it: of several seeds the first that got the verdict, else the first.
      mended: the trial without it; None where there is none.
      hits, seeds: how many of how many seeds got the verdict.
    """

    horror: Horror
    shown: Shown
    mended: Shown | None
    hits: int
    seeds: int

    @property
    def codes(self) -> list[str]:
        """All verdicts on it, the first one first."""
        return [self.shown.diagnosis.primary.code, *(other.code for other in self.shown.diagnosis.others)]

    @property
    def found(self) -> bool:
        """Whether it got the verdict for which it was made."""
        return self.horror.code in (self.codes if self.horror.beside else self.codes[:1])


def provoke(horrors: Sequence[Horror]) -> list[Provoked]:
    """Train and diagnose the mistakes, and the same networks without them; in the order given."""
    trials: dict[str, Shown] = {}
    for kind in dict.fromkeys(kind for horror in horrors for kind, _ in _arms(horror).values()):
        arms = {name: arm for h in horrors for name, (own, arm) in _arms(h).items() if own == kind}
        trials |= dict(_trained(kind, arms))
    return [_provoked(horror, trials) for horror in horrors]


def _arms(horror: Horror) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Name a horror's trials: {name: (kind of data, changes)}."""
    out: dict[str, tuple[str, Mapping[str, Any]]] = {
        _name(horror, seed): (horror.data, {**horror.changes, **({"seed": seed} if seed else {})})
        for seed in range(horror.seeds)
    }
    if horror.mended is not None:
        out[_name(horror, None)] = (horror.mended_data, horror.mended)
    return out


def _name(horror: Horror, seed: int | None) -> str:
    return f"{horror.name}, mended" if seed is None else f"{horror.name}, seed {seed}"


def _trained(kind: str, arms: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Shown]]:
    """Train the arms that share a kind of data, and diagnose them."""
    space = Space(arms={name: Arm(changes) for name, changes in arms.items()})
    data: Dataset | None = SPOILED[kind]() if kind in SPOILED else None
    run = _uphill(space) if kind == UPHILL else sweep(BASE, space, data=data)
    for spec, record, diagnosis in zip(run.specs, run.records, run.diagnoses, strict=True):
        assert diagnosis is not None
        yield spec.arm, Shown(spec.experiment, record, diagnosis)


def _uphill(space: Space) -> Run:
    """Train with negative learning rates, which `sweep` refuses: the mistake of a wrong sign."""
    specs = [_climbing(spec) for spec in resolve_trials(expand(BASE, space))]
    prepared = {spec.experiment.data: prepare_loaded(load(BASE.data.name), spec.experiment.data) for spec in specs}
    population = Population(specs, prepared, store=MemoryStore())
    records = population.run()
    facts = {config: some.facts() for config, some in prepared.items()}
    return Run(specs, records, population.store, facts, prepared)


def _climbing(spec: TrialSpec) -> TrialSpec:
    rate = spec.experiment.hyperparameters.learning_rate
    assert rate is not None
    hyper = dataclasses.replace(spec.experiment.hyperparameters, learning_rate=-rate)
    return dataclasses.replace(spec, experiment=dataclasses.replace(spec.experiment, hyperparameters=hyper))


def _provoked(horror: Horror, trials: Mapping[str, Shown]) -> Provoked:
    tried = [trials[_name(horror, seed)] for seed in range(horror.seeds)]
    mended = trials[_name(horror, None)] if horror.mended is not None else None
    every = [Provoked(horror, shown, mended, 0, horror.seeds) for shown in tried]
    hits = [one for one in every if one.found]
    return dataclasses.replace((hits or every)[0], hits=len(hits))
