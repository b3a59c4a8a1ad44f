"""The protocol of `Run` for this package's functions, so that they need not import it."""

from collections.abc import Sequence
from typing import Protocol

from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.types import DataFacts
from nnjax.models.model import Model
from nnjax.train.storage.records import Record
from nnjax.train.storage.store import Store


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

    def experiment(self, trial: int) -> Experiment:
        """Return the experiment whose network a trial has."""

    def facts(self, trial: int = 0) -> DataFacts:
        """Return the facts of a trial's data."""

    def model(self, trial: int = 0) -> Model:
        """Return the network of a trial."""
