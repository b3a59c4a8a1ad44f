"""The trials of the settings that a sampler suggests, and the metric by which they are compared."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.text import represent
from nnjax.core.types import Prepared
from nnjax.runs.trials_csv import cell
from nnjax.search.optuna.adaptive_space import AdaptiveSpace
from nnjax.search.optuna.study import Suggestion
from nnjax.train.engine.device_data import make_shapes
from nnjax.train.engine.trial import Trial
from nnjax.train.storage.records import ENDED, FINISHED, Record
from nnjax.train.storage.selection import ALL


class Trials:
    """The trials of all settings so far; one that several settings share is trained once.

    Attributes:
      specs, records: of the trials.
      of: number of a setting in the study -> its trials.
    """

    def __init__(self, space: AdaptiveSpace, resolve: Callable[[Experiment], Experiment]):
        self.space, self.resolve = space, resolve
        self.specs: list[TrialSpec] = []
        self.records: list[Record] = []
        self.of: dict[int, list[int]] = {}
        self._known: dict[tuple[str, Experiment], int] = {}

    def add(self, suggestion: Suggestion) -> None:
        """Add the trials of a setting."""
        trials = []
        for arm, experiment in self.space.trials(suggestion.params):
            key = arm, self.resolve(experiment)
            if key not in self._known:
                self._known[key] = len(self.specs)
                self.specs.append(TrialSpec(len(self.specs), key[1], arm))
                self.records.append(Record())
            trials.append(self._known[key])
        self.of[suggestion.number] = trials

    def of_all(self, suggestions: Iterable[Suggestion]) -> set[int]:
        """Return the trials of some settings."""
        return {trial for one in suggestions for trial in self.of[one.number]}

    def all_ended(self) -> bool:
        """Whether none is to be trained."""
        return all(record.status in ENDED for record in self.records)


def configs(specs: Iterable[TrialSpec]) -> list[DataConfig]:
    """List the data configurations of trials, each once."""
    return list(dict.fromkeys(spec.experiment.data for spec in specs))


def require_metric(metric: str, specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> None:
    """Refuse a metric that some trial will not have, or by which they cannot be compared."""
    known = [final_metrics(spec.experiment, prepared[spec.experiment.data]) for spec in specs]
    common = [name for name in known[0] if all(name in names for names in known)]
    if metric not in common:
        raise UserError(f"The metric is {represent(metric)}, but one of {', '.join(common)} was expected.")
    if metric.endswith(("_loss", "loss_eval")) and len({spec.experiment.loss for spec in specs}) > 1:
        others = [name for name in common if name.startswith("val_") and name != "val_loss"]
        raise UserError(
            f"The loss is an axis of the space, so that {metric} is not one scale; choose another metric, such as "
            f"{' or '.join(others) or 'an accuracy'}."
        )


def final_metrics(experiment: Experiment, prepared: Prepared) -> list[str]:
    """Name the final metrics that a trial will have, the usual one first."""
    trial = Trial(experiment, make_shapes(experiment, prepared))
    names = ("loss", *trial.final_metrics, *trial.objective_metrics)
    parts = {"val": prepared.validation} | ({"test": prepared.test} if experiment.evaluate_test == ALL else {})
    there = [part for part, index in parts.items() if len(index)]
    evaluated = [f"{best}{part}_{name}" for part in there for best in ("", "best_") for name in names]
    train = [f"train_{name}_eval" for name in names] if experiment.train_eval_size != 0 else []
    return [*evaluated, "train_loss", *train]


def value_of(record: Record, metric: str) -> float:
    """Return a metric of a finished trial as trials.csv has it, so that resuming changes nothing; else NaN."""
    value = record.values.get(metric, math.nan) if record.status in FINISHED else math.nan
    return float(cell(value))


def curve_of(records: Sequence[Record], metric: str) -> np.ndarray:
    """Average the curve that belongs to a metric over trials, [epochs that all of them have]; empty without one."""
    curves = [record.curves.get(metric.removeprefix("best_"), np.zeros(0)) for record in records]
    length = min(map(len, curves))
    return np.mean([curve[:length] for curve in curves], axis=0)
