"""The class `Run`, which `nnjax.sweep` returns and `nnjax.load` opens."""

from __future__ import annotations

import contextlib
import functools
import io
import operator
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from nnjax.checks.finding import Finding
from nnjax.core import messages
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.files import check_out
from nnjax.core.object_refs import ObjectRef, is_path
from nnjax.core.text import represent
from nnjax.core.types import DataFacts, LayerStatistics, Params, Prepared
from nnjax.models import user_models
from nnjax.models.model import Model, Variables
from nnjax.models.registry import make_model
from nnjax.nn.calibration import Temperature, temper
from nnjax.runs import choice, ensemble_members, replicates, trials_csv, weights
from nnjax.runs import layer_statistics as run_signals
from nnjax.runs.choice import Choice
from nnjax.runs.ensemble_members import Members
from nnjax.runs.folder import FolderStore
from nnjax.runs.lazy_imports import lazy_import
from nnjax.runs.loss_baselines import Baselines, key_of
from nnjax.runs.measured_baselines import measure_baselines
from nnjax.runs.run_data import prepare_again
from nnjax.runs.run_protocol import Setting
from nnjax.runs.settings import collect_settings
from nnjax.runs.statistics import Comparison
from nnjax.train.engine.device_data import output_width
from nnjax.train.scheduler import taken_over
from nnjax.train.storage.records import OVER, Record, Stage, lineage, stack_curves
from nnjax.train.storage.store import Store

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    from nnjax.diagnosis.types import Diagnosis
    from nnjax.exchange.ensemble.ensemble import Ensemble
    from nnjax.exchange.network import Network
    from nnjax.exchange.predictions import Intervals, Predictions, PredictionSets
    from nnjax.verify.certificate import Certificate
    from nnjax.verify.sanity.results import Examined


class Run:
    """A trained (or partly trained) population: its trials, their curves and their weights.

    Attributes:
      specs, records: the trials and what is known of them.
      findings: of the pre-flight checks, with the arms they concern.
      path: the run folder; None if the run lives in memory.
      schedules: of population-based training, each trial's stages; empty elsewhere.
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

    def __repr__(self) -> str:
        """Say how many trials and settings there are, how they ended, and which setting is chosen."""
        return choice.describe(self)

    def _repr_html_(self) -> str:
        """Show it in a notebook: the best setting, the verdict, curves and a link to the report."""
        shown: str = lazy_import("run_card")(self)
        return shown

    @functools.cached_property
    def all_settings(self) -> list[Setting]:
        """The settings with their trials, in the order in which they first appear."""
        return collect_settings(self)

    def table(self) -> pd.DataFrame:
        """One row a trial: hyperparameters, status, final and best metrics."""
        import pandas as pd

        return pd.read_csv(io.StringIO(trials_csv.to_text(self.specs, self.records)))

    def settings(self, metric: str | None = None) -> pd.DataFrame:
        """One row a setting (trials that differ in their seed or fold only): mean, spread, 95 % interval.

        Of a metric as `table` names it, or by its short name ("accuracy": on the validation part at the best epoch), in
        the order of the rule; None for that by which the best is chosen. Trials that have not finished, or diverged, do
        not count. Folds share training examples, for which the interval allows (see `statistics.estimate`).

        Raises:
          UserError: no trial recorded the metric.
        """
        return replicates.table(self, metric)

    def compare(self, first: str, second: str, metric: str | None = None) -> Comparison:
        """Say whether one setting is really better than another, seed by seed (fold by fold); named as in `settings`.

        Raises:
          UserError: an unknown setting or metric, or no finished seed in common.
        """
        return replicates.compare(self, first, second, metric)

    def curves(self) -> dict[str, np.ndarray]:
        """Arrays [trial, epoch] by name (train_loss, val_loss, ...), NaN past a trial's own epochs."""
        return stack_curves(self.records)

    def signals(self) -> LayerStatistics | None:
        """What was measured inside the networks while they trained; None where nobody looked."""
        return run_signals.stack(self.specs, self.records)

    def facts(self, trial: int | None = None) -> DataFacts:
        """What a trial's network must know of the data it was trained on; None for the chosen one."""
        return self._facts[self._data_config(trial)]

    def _data_config(self, trial: int | None) -> DataConfig:
        """Return the data configuration of a trial; of the chosen one where trials differ in it."""
        if trial is None:
            trial = self.best_trial() if len({spec.experiment.data for spec in self.specs}) > 1 else 0
        return self.specs[trial].experiment.data

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
        out = lazy_import("check_export")(os.fspath(path))
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

    def ensemble(self, k: int = 8, method: str = "greedy") -> Ensemble:
        """Average the outputs of several trials: `predict`, `predict_proba`, `outputs` and `export` as of one network.

        Members are compared on the validation part, or with folds on the predictions of each example by the network
        that has not seen it; then all folds of a setting and seed count as one member.

        Args:
          k: members at most that differ.
          method: "greedy" (Caruana et al. 2004: one by one, again and again, what makes the mean best), "top" (the
            k best alone, equally), "seeds" (the seeds of the chosen setting, equally).

        Raises:
          UserError: nothing can be chosen (`chosen`), or no weights were kept; another k or method.
        """
        found: Ensemble = lazy_import("make_ensemble")(self, k, method)
        return found

    @functools.cached_property
    def members(self) -> Members | None:
        """The members of the latest `ensemble`, also of the run folder; None before.

        Raises:
          UserError: ensemble.json is damaged.
        """
        return ensemble_members.read(self.store)

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

    def refit(self, **options: Any) -> Run:
        """Train the chosen setting again on all data that are not test; see `nnjax.api.refit`."""
        return lazy_import("refit")(self, **options)

    @functools.cached_property
    def diagnoses(self) -> list[Diagnosis | None]:
        """What each trial's curves mean; None for a trial that has not ended, or failed."""
        left = [spec for spec in self.specs if key_of(spec.experiment) not in self._baselines]
        for trial in {spec.experiment.data: spec.id for spec in left}.values():
            with contextlib.suppress(UserError):  # of an older folder without its data the baselines are guessed
                self.data(trial)
        self._baselines |= measure_baselines(left, self._prepared)
        return lazy_import("diagnose_trials")(self.specs, self.records, self._facts, self._baselines)

    @functools.cached_property
    def chosen_scores(self) -> list[Any]:
        """Scores of the chosen networks on the test part (`nnjax.report.chosen_scores`), for report and terminal."""
        return lazy_import("chosen_scores")(self)

    @contextlib.contextmanager
    def weights_read_once(self) -> Iterator[None]:
        """Read each file of weights once, and keep what it holds while this lasts."""
        self._read = functools.cache(self.store.load_weights)
        try:
            yield
        finally:
            self._read = None

    def note_verdicts(self) -> None:
        """Fill in the verdicts of a run that has ended without them; one that goes on is left to its process."""
        if all(record.status in OVER for record in self.records):
            with contextlib.suppress(OSError):  # a folder that cannot be written keeps its table as it is
                lazy_import("note_verdicts")(self)

    @functools.cached_property
    def certificate(self) -> Certificate | None:
        """What `certify` found, or has left in the run folder; None before.

        Raises:
          UserError: certificate.json is damaged.
        """
        return lazy_import("read_certificate")(self.store)

    @functools.cached_property
    def sanity(self) -> list[Examined] | None:
        """What the sanity checks found before training; None where there were none.

        Raises:
          UserError: sanity.json is damaged.
        """
        return lazy_import("read_sanity")(self.store) if isinstance(self.store, FolderStore) else None

    def certify(
        self, log: Callable[[str], None] = messages.send, should_stop: Callable[[], bool] = lambda: False
    ) -> Certificate:
        """Train some trials again, to show that side by side they trained as alone; see `nnjax.verify.certify`."""
        return lazy_import("certify")(self, log, should_stop)

    def plot(self, path: str | os.PathLike[str] | None = None, metric: str = "loss") -> Any:
        """Draw train and validation curves of all trials; saved to `path` if given.

        Returns the matplotlib figure, which shows itself as the last line of a notebook's cell.
        """
        if path is not None:
            path = check_out(os.fspath(path), *FIGURES)
        figure = lazy_import("plot_curves")(self, metric)
        if path is not None:
            figure.savefig(path)
        return figure

    def to_optuna(self, storage: Any, study_name: str | None = None, select: str | None = None) -> optuna.Study:
        """Write the settings as a study that `optuna-dashboard` shows: parameters, values by epoch, states.

        A setting is one trial, as in an adaptive search: the mean over its seeds and folds. Complete are those that
        ended as they were meant to, pruned those that halving dropped, failed those of which a trial diverged.

        Args:
          storage: a new file, study.db (SQLite) or study.log (a journal), a URL, or a storage of Optuna's.
          study_name: None for the name of the run folder.
          select: a metric on the validation part; None for that by which the best setting is chosen.

        Raises:
          UserError: Optuna is not installed, the storage cannot be used or has such a study, or settings cannot be
            compared.
        """
        return lazy_import("write_study")(self, storage, study_name, select)

    def report(self, path: str | os.PathLike[str] | None = None, *, against: Run | None = None) -> pathlib.Path:
        """Write the HTML report, by default into the run folder; returns its path.

        Args:
          path: a folder, or a file that ends in .html.
          against: another run of the same task: one page says which is better, and what differs (comparison.html).

        Raises:
          UserError: the path cannot be written; two runs of other data, goals or metrics.
        """
        if against is not None:
            return lazy_import("write_comparison")(self, against, path)
        return lazy_import("write_report")(self, path)


FIGURES = (".png", ".pdf", ".svg", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".eps", ".ps")
