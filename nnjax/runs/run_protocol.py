"""The protocol of `Run` for this package's functions, so that they need not import it."""

from collections.abc import Sequence
from typing import Protocol

from nnjax.core.experiment import TrialSpec
from nnjax.core.types import DataFacts
from nnjax.models.model import Model
from nnjax.train.storage.records import Record
from nnjax.train.storage.store import Store


class TrainedTrials(Protocol):
    """Trials with what is known of them; attributes and methods as in `Run`."""

    @property
    def specs(self) -> Sequence[TrialSpec]: ...  # noqa: D102
    @property
    def records(self) -> Sequence[Record]: ...  # noqa: D102
    @property
    def store(self) -> Store: ...  # noqa: D102
    def facts(self, trial: int = 0) -> DataFacts: ...  # noqa: D102
    def model(self, trial: int = 0) -> Model: ...  # noqa: D102
