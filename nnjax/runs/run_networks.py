"""The networks of a run: their weights, and what they predict."""

from __future__ import annotations

import contextlib
import functools
import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from nnjax.checks.finding import Finding
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.object_refs import ObjectRef, is_path
from nnjax.core.text import represent
from nnjax.core.types import DataFacts, Params, Prepared
from nnjax.models import user_models
from nnjax.models.model import Model, Variables
from nnjax.models.registry import make_model
from nnjax.nn.calibration import Temperature, temper
from nnjax.runs import choice, weights
from nnjax.runs.choice import Choice
from nnjax.runs.folder import FolderStore
from nnjax.runs.lazy_imports import lazy_import
from nnjax.runs.loss_baselines import Baselines
from nnjax.runs.run_data import prepare_again
from nnjax.runs.run_protocol import Setting
from nnjax.runs.settings import collect_settings
from nnjax.train.engine.device_data import output_width
from nnjax.train.scheduler import taken_over
from nnjax.train.storage.records import Record, Stage, lineage
from nnjax.train.storage.selection import Ranking
from nnjax.train.storage.store import Store

if TYPE_CHECKING:
    from nnjax.exchange.network import Network
    from nnjax.exchange.predictions import Intervals, Predictions, PredictionSets


class RunNetworks:
    """The trained networks of a population; `Run` has what is said of them all.

    Attributes as of `Run`.
    """

    def __init__(
        self,
        specs: Sequence[TrialSpec],
        records: Sequence[Record],
        store: Store,
        facts: Mapping[DataConfig, DataFacts],
        prepared: Mapping[DataConfig, Prepared],
        findings: Sequence[tuple[str, Finding]] = (),
        title: str = "",
        schedules: Sequence[Sequence[Stage]] = (),
        baselines: Baselines = MappingProxyType({}),
    ):
        self.schedules = [list(stages) for stages in schedules]
        self.specs, self.records, self.store = list(specs), list(records), store
        self.findings, self.title = list(findings), title
        self._facts, self._prepared, self._baselines = dict(facts), dict(prepared), dict(baselines)
        self.path = store.path if isinstance(store, FolderStore) else None
        self._read: weights.Read | None = None

    @functools.cached_property
    def all_settings(self) -> list[Setting]:
        """The settings with their trials, in the order in which they first appear."""
        return collect_settings(self)

    @functools.cached_property
    def rankings(self) -> list[Ranking]:
        """The settings by the rule that chooses the best, ranked once; those apart that cannot be compared."""
        return choice.rank_settings(self)

    def facts(self, trial: int | None = None) -> DataFacts:
        """What a trial's network must know of the data it was trained on; None for the chosen one."""
        return self._facts[self._data_config(trial)]

    def _data_config(self, trial: int | None) -> DataConfig:
        """Return the data configuration of a trial; of the chosen one where trials differ in it."""
        if trial is None:
            trial = self.best_trial() if len({spec.experiment.data for spec in self.specs}) > 1 else 0
        return self.specs[self.known_trial(trial)].experiment.data

    def data(self, trial: int | None = None) -> Prepared:
        """The data that a trial was trained on, loaded again if need be; None for the chosen one.

        Raises:
          UserError: it is not there any more, or has changed since.
        """
        config = self._data_config(trial)
        if config not in self._prepared:
            self._prepared[config] = prepare_again(config, self._facts[config])
        return self._prepared[config]

    def experiment(self, trial: int) -> Experiment:
        """The experiment whose network a trial has: its own, or what it took over in population-based training."""
        trial = self.known_trial(trial)
        own = self.specs[trial].experiment
        if not self.schedules:
            return own
        line = lineage(self.schedules, trial)
        return taken_over(own, self.specs[line[0][0]].experiment, line[-1][1].values)

    def model(self, trial: int | None = None) -> Model:
        """The network of a trial, as pure functions of its parameters; None for the chosen one."""
        trial = self.best_trial() if trial is None else trial
        return make_model(self.experiment(trial).model, self.facts(trial).example_shape, self.num_outputs(trial))

    def num_outputs(self, trial: int | None = None) -> int:
        """k: the width of a trial's output; None for the chosen one."""
        trial = self.best_trial() if trial is None else trial
        return output_width(self.experiment(trial).model, self.facts(trial))

    def params(self, trial: int | None = None, which: str | None = None) -> Params:
        """The weights of a trial at its last epoch ("final") or at its lowest validation loss ("best").

        Args:
          trial: None for the chosen network (`chosen`), or the only one.
          which: None for the final weights of a trial that is named, and for the best ones of the chosen network, by
            which it was chosen (its final ones where there is no validation part).

        Raises:
          UserError: there is no such trial, or none can be chosen, it has no weights (yet, or any more), or its file
            holds those of another network.
        """
        return self.variables(trial, which).params

    def variables(self, trial: int | None = None, which: str | None = None) -> Variables:
        """The weights of a trial with its model's state (batch statistics; {} for most); arguments as `params`."""
        return weights.read_variables(self, *self.resolve(trial, which), self._read or self.store.load_weights)

    def resolve(self, trial: int | None = None, which: str | None = None) -> tuple[int, str]:
        """Return the number of a trial and which of its weights are meant; arguments and errors as `params`."""
        if trial is not None:
            return self.known_trial(trial), which or "final"
        chosen = self.best_trial()
        return chosen, which or ("best" if self.facts(chosen).sizes[1] else "final")

    def keras_model(self, trial: int | None = None, which: str | None = None) -> Any:
        """A trial's network as a `keras.Model` with equal outputs.

        Of a `keras.Model` such a model again, for scaled inputs in their shape; of a dense network of ours a Sequential
        for raw inputs [b, d], the scaling inside.

        Raises:
          UserError: the trial's model is another one, or is only named (see `load`); and as `params`.
        """
        trial, which = self.resolve(trial, which)
        kind = self.experiment(trial).model.kind
        if not isinstance(kind, ObjectRef) and not is_path(kind):
            return lazy_import("dense_to_keras")(self.network(trial, which))
        return user_models.keras_model(kind, self.variables(trial, which))

    def network(self, trial: int | None = None, which: str | None = None) -> Network:
        """A trial's network with its weights and the facts of its data; arguments and errors as `params`."""
        trial, which = self.resolve(trial, which)
        variables = self.variables(trial, which)
        experiment = self.experiment(trial)
        hyper = {name: np.float32(value) for name, value in experiment.hyperparameters.present().items()}
        return lazy_import("network")(experiment.model, self.facts(trial), *variables, hyper)

    def export(self, path: str | os.PathLike[str], trial: int | None = None, which: str | None = None) -> None:
        """Write the chosen network, or a trial's, to FILE.safetensors, FILE.onnx or FILE.jaxexport (without nnjax).

        FILE's name with .json at its end says what it is (`nnjax.exchange`).

        Raises:
          UserError: the file ends otherwise, or its folder is not there; see `params`.
        """
        out = lazy_import("check_export")(path)
        lazy_import("export")(self.network(trial, which), out)

    def known_trial(self, trial: int) -> int:
        """Return the number of a trial.

        Raises:
          UserError: there is no such trial.
        """
        try:
            known = operator.index(trial)
        except TypeError:  # no whole number
            known = -1
        if not 0 <= known < len(self.specs):
            there = f"trials 0 to {len(self.specs) - 1}" if len(self.specs) > 1 else "only trial 0"
            raise UserError(f"There is no trial {represent(trial)}; the run has {there}.")
        return known

    def outputs(self, x: Any, trial: int | None = None, which: str | None = None, encode: bool = False) -> np.ndarray:
        """Outputs [n, k] of the chosen network for raw inputs x, scaled as in training; with encode, codes.

        Inputs are rows [n, d], examples in the shape they were trained on, or the several arrays that they were.
        `trial` and `which` as for `params`. Outputs of a regression are in the target's own units.

        Raises:
          UserError: x has another width than the network's input; see `params`.
        """
        network = self.network(trial, which)
        return weights.outputs_of(network, lazy_import("codes" if encode else "outputs")(network), x)

    @overload
    def predict(self, x: Any, trial: int | None = None, which: str | None = None) -> np.ndarray: ...

    @overload
    def predict(
        self, x: Any, trial: int | None = None, which: str | None = None, *, interval: float, calibration: Any = None
    ) -> Intervals | PredictionSets: ...

    def predict(
        self,
        x: Any,
        trial: int | None = None,
        which: str | None = None,
        *,
        interval: float | None = None,
        calibration: Any = None,
    ) -> Any:
        """The answers of the chosen network to raw inputs x, as for `outputs`, or the rows of a DataFrame.

        Class names [n] (whole numbers where all names are); values [n] of one target, or [n, k], in its own units;
        copies [n, d] of an autoencoder. Arguments and errors as `outputs`; for probabilities see `predict_proba`.

        Args:
          interval: a probability, such as .9: `Intervals` of a regression, or `PredictionSets` of classes, that hold
            the truth so often (`nnjax.nn.conformal`).
          calibration: (x, y) that nothing has used, or "test"; None for the folds (CV+, jackknife+) or the validation
            part (split conformal) of a run of one setting at its final weights.

        Raises:
          UserError: the calibration examples served stopping or choosing, or are too few.
        """
        if interval is not None:
            return lazy_import("predict_intervals")(self, x, interval, trial, which, calibration)
        if calibration is not None:
            raise UserError("calibration was given without an interval: write run.predict(x, interval=0.9, ...).")
        return self._predictions(x, trial, which).values()

    def predict_proba(
        self, x: Any, trial: int | None = None, which: str | None = None, *, temperature: float | None = None
    ) -> np.ndarray:
        """Probabilities [n, classes] of the chosen network, in the order of `facts().classes`; arguments as `predict`.

        Args:
          temperature: by which their logarithms are divided, see `temperature`; None for 1.

        Raises:
          UserError: its outputs are no probabilities of classes; and as `outputs`.
        """
        found: Predictions = lazy_import("probabilities")(self._predictions(x, trial, which))
        return found.scores if temperature is None else temper(found.scores, temperature)

    def temperature(self, trial: int | None = None, which: str | None = None) -> Temperature:
        """Fit the temperature of a classifier on the validation part (Guo et al. 2017), and measure what it changes.

        run.predict_proba(x, temperature=run.temperature().value)

        Raises:
          UserError: there is no validation part, or the outputs are no probabilities; and as `params`.
        """
        found: Temperature = lazy_import("find_temperature")(self, trial, which)
        return found

    def _predictions(self, x: Any, trial: int | None, which: str | None) -> Predictions:
        found, network = self.outputs(x, trial, which), self.network(trial, which)
        return lazy_import("interpret")(found, network.architecture, network.facts)

    def chosen(self, select: str | None = None) -> Choice:
        """The best setting by the rule `Experiment.select`, or another metric on the validation part.

        Raises:
          UserError: there is no validation part, no trial has finished, the settings cannot be compared, or no trial
            recorded the metric.
        """
        return choice.choose(self, select)

    def best_trial(self, select: str | None = None) -> int:
        """The best replicate of the chosen setting, or the only trial; errors as `chosen`."""
        if select is not None:
            choice.validation_metric(self, select)
        return 0 if len(self.specs) == 1 else self.chosen(select).trial

    @contextlib.contextmanager
    def weights_read_once(self) -> Iterator[None]:
        """Read each file of weights once, and keep what it holds while this lasts."""
        self._read = functools.cache(self.store.load_weights)
        try:
            yield
        finally:
            self._read = None
