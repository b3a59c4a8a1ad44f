"""Train the failure modes and their corrected counterparts, on digits as they are or with the flaws of real data."""

import collections
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.api import sweep
from nnjax.core.experiment import Experiment
from nnjax.core.fields import replace
from nnjax.core.types import Dataset
from nnjax.data import Datasets, from_arrays, load, prepare_loaded
from nnjax.diagnosis.types import Diagnosis, Verdict
from nnjax.lectures.gallery.failure_modes import BASE, UPHILL, FailureMode
from nnjax.runs.run import Run
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Arm, Space
from nnjax.train.host.population import Population
from nnjax.train.storage.records import Record
from nnjax.train.storage.store import MemoryStore
from nnjax.verify.data_checks import resolve_trials

TRAINING = 0.6  # share of the examples, of which some are mislabeled
WRONG = 0.25  # of their labels are drawn anew


def silent(sentence: str) -> None:
    """Leave out what the checks find: it is wrong on purpose."""


def shuffled() -> Dataset:
    """Permute the labels: nothing can be learned."""
    data = load("digits")
    assert data.y is not None
    return _again(data, data.x[:], data.y[np.random.default_rng(1).permutation(len(data.y))])


def mislabeled() -> Dataset:
    """Draw a quarter of the training part's labels anew: the validation part is easier ("given" as split)."""
    data, rng = load("digits"), np.random.default_rng(2)
    assert data.y is not None
    order = rng.permutation(len(data.y))
    y, cut = data.y[order].copy(), int(TRAINING * len(order))
    wrong = rng.random(cut) < WRONG
    y[:cut][wrong] = rng.permutation(data.y)[:cut][wrong]
    return _again(data, data.x[order], y, validation_start=cut, test_start=cut + (len(y) - cut) // 2)


def in_order() -> Dataset:
    """Sort the digits by class, as files in folders are."""
    data = load("digits")
    assert data.y is not None
    order = np.argsort(data.y, kind="stable")
    return _again(data, data.x[order], data.y[order])


def _again(data: Dataset, x: np.ndarray, y: np.ndarray, **starts: Any) -> Dataset:
    facts: dict[str, Any] = {"classes": data.classes, "image_shape": data.image_shape, "full_scale": data.full_scale}
    return from_arrays(x, y, data.name, **facts, **starts)


FLAWED: dict[str, Callable[[], Dataset]] = {"shuffled": shuffled, "mislabeled": mislabeled, "in order": in_order}


@dataclasses.dataclass(frozen=True, eq=False)
class DiagnosedTrial:
    """A trial in the gallery, with its diagnosis."""

    experiment: Experiment
    record: Record
    diagnosis: Diagnosis

    @property
    def codes(self) -> list[str]:
        """All verdicts, the first one first."""
        return [verdict.code for verdict in self.verdicts]

    @property
    def verdicts(self) -> list[Verdict]:
        """All of them, the most important first."""
        return [self.diagnosis.primary, *self.diagnosis.others]

    def finds(self, mode: FailureMode) -> bool:
        """Whether a verdict (the first, unless any counts) has the mode's code, and names its cause and remedy."""
        asked = self.verdicts if mode.any_verdict else self.verdicts[:1]
        said = (f"{verdict.sentence} {verdict.next}" for verdict in asked if verdict.code == mode.code)
        return any(re.search(mode.says, text, re.IGNORECASE) for text in said)


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """A reproduced failure mode.

    Attributes:
      mode: which.
      shown: the trial with it: of several seeds the first that got the verdict, else the first.
      corrected: the trial without it; None where there is none.
      hits: how many of the seeds got the verdict, its cause and its remedy.
    """

    mode: FailureMode
    shown: DiagnosedTrial
    corrected: DiagnosedTrial | None
    hits: int

    @property
    def detected(self) -> bool:
        """Whether every seed got the verdict for which it was made."""
        return self.hits == self.mode.seeds


def reproduce(modes: Sequence[FailureMode]) -> list[Outcome]:
    """Train and diagnose failure modes, and the same networks without them; in the order given."""
    by_data: dict[str, dict[str, Arm]] = collections.defaultdict(dict)
    for mode in modes:
        for seed in range(mode.seeds):
            by_data[mode.data][_name(mode, seed)] = Arm({**mode.changes, **({"seed": seed} if seed else {})})
        if mode.corrected is not None:
            by_data[mode.corrected_data][_name(mode, None)] = Arm(mode.corrected)
    trials = {name: trial for kind, arms in by_data.items() for name, trial in _trained(kind, arms)}
    return [_outcome(mode, trials) for mode in modes]


def _name(mode: FailureMode, seed: int | None) -> str:
    return f"{mode.name}, corrected" if seed is None else f"{mode.name}, seed {seed}"


def _outcome(mode: FailureMode, trials: Mapping[str, DiagnosedTrial]) -> Outcome:
    tried = [trials[_name(mode, seed)] for seed in range(mode.seeds)]
    hits = [trial for trial in tried if trial.finds(mode)]
    return Outcome(mode, (hits or tried)[0], trials.get(_name(mode, None)), len(hits))


def _trained(kind: str, arms: Mapping[str, Arm]) -> Iterator[tuple[str, DiagnosedTrial]]:
    """Train the arms that share a kind of data, and diagnose them."""
    space = Space(arms=arms)
    data = FLAWED[kind]() if kind in FLAWED else None
    # Nothing is said of mistakes made on purpose.
    run = _uphill(space) if kind == UPHILL else sweep(BASE, space, data=data, log=silent, progress=False)
    for spec, record, diagnosis in zip(run.specs, run.records, run.diagnoses, strict=True):
        assert diagnosis is not None
        yield spec.arm, DiagnosedTrial(spec.experiment, record, diagnosis)


def _uphill(space: Space) -> Run:
    """Train with negative learning rates, which `sweep` refuses: the mistake of a wrong sign."""
    specs = []
    for spec in resolve_trials(expand(BASE, space), Datasets()):
        uphill = {"learning_rate": -(spec.experiment.hyperparameters.learning_rate or 0.0)}
        specs.append(dataclasses.replace(spec, experiment=replace(spec.experiment, uphill)))
    prepared = {spec.experiment.data: prepare_loaded(load(BASE.data.name), spec.experiment.data) for spec in specs}
    population = Population(specs, prepared, store=MemoryStore())
    records = population.run()
    facts = {config: some.facts() for config, some in prepared.items()}
    return Run(specs, records, population.store, facts, prepared)
