"""The contract of schedulers: decide by the records which trials go on, to which epoch, and from whose state."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.train.storage.records import Record, Stage

Survival = Sequence[tuple[float, int]]  # stages of a group's training: (share of its trials that train, epochs)
ALL_SURVIVE = ((1.0, 1),)  # where all trials train to their ends


class Decision(NamedTuple):
    """How far trials may train now.

    Attributes:
      limits: trial -> epochs; trials that have completed as many wait until all others have; with 0 they do not begin.
      dropped: trials that do not go on.
      survival: the stages ahead of trials that have not begun; what layouts are chosen by.
      parents: trial -> trial whose state it goes on from, at the rung where both wait; itself where it is left out.
      values: trial -> the hyperparameters that it has now, where they are not those of its `TrialSpec`.
      experiments: trial -> whose network it has now, and the optimizer with it, where they are not its own.
      replaceable: trials that divergence does not end, as they are replaced at their rung.
      schedules: each trial's stages so far; empty where hyperparameters stay as they are.
    """

    limits: Mapping[int, int]
    dropped: frozenset[int] = frozenset()
    survival: Survival = ALL_SURVIVE
    parents: Mapping[int, int] = {}
    values: Mapping[int, Mapping[str, float]] = {}
    experiments: Mapping[int, Experiment] = {}
    replaceable: frozenset[int] = frozenset()
    schedules: Sequence[Sequence[Stage]] = ()

    def current(self, spec: TrialSpec) -> TrialSpec:
        """Return a trial with the network, the optimizer and the hyperparameters that it has now."""
        values, source = self.values.get(spec.id, {}), self.experiments.get(spec.id, spec.experiment)
        return dataclasses.replace(spec, experiment=taken_over(spec.experiment, source, values))


def taken_over(own: Experiment, source: Experiment, values: Mapping[str, Any]) -> Experiment:
    """Return a trial's experiment with another's network, optimizer and hyperparameters, some of which have changed."""
    hyper = dataclasses.replace(source.hyperparameters, **values)
    return dataclasses.replace(own, model=source.model, optimizer=source.optimizer, hyperparameters=hyper)


Decide = Callable[[Sequence[Record]], Decision]


class Scheduler(Protocol):
    """Decides at rungs; a pure function of the records, so that a run that goes on after a kill decides alike.

    Attributes:
      metric: the curve by which trials are compared.
      description: {field of the search space: all that decides beside the curves}, in JSON's own types.
    """

    @property
    def metric(self) -> str:
        """Name the curve by which trials are compared."""

    @property
    def description(self) -> Mapping[str, Any]:
        """Return all that decides beside the curves, by field of the search space, in JSON's own types."""

    def decide(self, records: Sequence[Record]) -> Decision:
        """Decide how far each trial may train, given what is known of all of them."""


def train_all(specs: Sequence[TrialSpec]) -> Decide:
    """Let every trial train to its end."""
    decision = Decision({spec.id: spec.experiment.epochs for spec in specs})
    return lambda records: decision
