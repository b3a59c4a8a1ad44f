"""The trials of the settings that a sampler suggests."""

from collections.abc import Iterable

from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.nn.optimizers import resolve
from nnjax.search.optuna.adaptive_space import AdaptiveSpace
from nnjax.search.optuna.study import Suggestion
from nnjax.train.storage.records import ENDED, Record


class Trials:
    """The trials of all settings so far; one that several settings share is trained once.

    Attributes:
      specs, records: of the trials.
      of: number of a setting in the study -> its trials.
    """

    def __init__(self, space: AdaptiveSpace):
        self.space = space
        self.specs: list[TrialSpec] = []
        self.records: list[Record] = []
        self.of: dict[int, list[int]] = {}
        self._known: dict[tuple[str, Experiment], int] = {}

    def add(self, suggestion: Suggestion) -> None:
        """Add the trials of a setting."""
        trials = []
        for arm, experiment in self.space.trials(suggestion.params):
            key = arm, resolve(experiment)
            if key not in self._known:
                self._known[key] = len(self.specs)
                self.specs.append(TrialSpec(len(self.specs), key[1], arm))
                self.records.append(Record())
            trials.append(self._known[key])
        self.of[suggestion.number] = trials

    def of_all(self, suggestions: Iterable[Suggestion]) -> set[int]:
        """Give the trials of some settings."""
        return {trial for one in suggestions for trial in self.of[one.number]}

    def all_ended(self) -> bool:
        """Whether none is to be trained."""
        return all(record.status in ENDED for record in self.records)


def configs(specs: Iterable[TrialSpec]) -> list[DataConfig]:
    """List the data configurations of trials, each once."""
    return list(dict.fromkeys(spec.experiment.data for spec in specs))
