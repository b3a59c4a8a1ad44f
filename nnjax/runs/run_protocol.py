"""A setting, and the protocol of `Run` for this package's functions, so that they need not import it."""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.types import DataFacts
from nnjax.models.model import Model
from nnjax.train.storage.records import Record
from nnjax.train.storage.selection import Ranking
from nnjax.train.storage.store import Store


@dataclasses.dataclass(frozen=True, eq=False)
class Setting:
    """Trials of one arm that differ in their seed or fold only."""

    label: str  # the arm's name, the values that set it apart, or the layers where there is nothing else
    arm: str  # the arm's name; "" where there are no arms
    trials: tuple[int, ...]  # their ids
    goal: str  # "reconstruction", "classification" or "regression"
    experiment: Experiment  # whose network the first of them has
    facts: DataFacts  # of their data


class TrainedTrials(Protocol):
    """Trials with what is known of them; attributes and methods as in `Run`."""

    @property
    def specs(self) -> Sequence[TrialSpec]:
        """The trials."""

    @property
    def records(self) -> Sequence[Record]:
        """Status, curves and scores of each trial."""

    @property
    def store(self) -> Store:
        """What keeps their weights."""

    @property
    def all_settings(self) -> list[Setting]:
        """Its settings, in the order in which they first appear."""

    @property
    def rankings(self) -> list[Ranking]:
        """Its settings by the rule, those apart that cannot be compared."""

    def experiment(self, trial: int) -> Experiment:
        """Return the experiment whose network a trial has."""

    def facts(self, trial: int = 0) -> DataFacts:
        """Return the facts of a trial's data."""

    def model(self, trial: int = 0) -> Model:
        """Return the network of a trial."""
