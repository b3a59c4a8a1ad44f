"""The class `Run`, which `nnjax.sweep` returns and `nnjax.load` opens."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.core import messages
from nnjax.core.errors import UserError
from nnjax.core.files import check_out
from nnjax.core.layer_statistics import LayerStatistics
from nnjax.runs import choice, ensemble_members, replicates, trials_csv
from nnjax.runs import layer_statistics as run_signals
from nnjax.runs.ensemble_members import Members
from nnjax.runs.folder import FolderStore
from nnjax.runs.lazy_imports import lazy_import
from nnjax.runs.loss_baselines import key_of
from nnjax.runs.measured_baselines import measure_baselines
from nnjax.runs.run_networks import RunNetworks
from nnjax.runs.statistics import Comparison
from nnjax.train.storage.records import OVER, stack_curves

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    from nnjax.diagnosis.types import Diagnosis
    from nnjax.exchange.ensemble.ensemble import Ensemble
    from nnjax.verify.certificate import Certificate
    from nnjax.verify.sanity.results import Examined


class Run(RunNetworks):
    """A trained (or partly trained) population: its trials, their curves and their weights.

    Attributes:
      specs, records: the trials and what is known of them.
      findings: of the pre-flight checks, with the arms they concern.
      path: the run folder; None if the run lives in memory.
      schedules: of population-based training, each trial's stages; empty elsewhere.
    """

    def __repr__(self) -> str:
        """Say how many trials and settings there are, how they ended, and which setting is chosen."""
        return choice.describe(self)

    def _repr_html_(self) -> str:
        """Show it in a notebook: the best setting, the verdict, curves and a link to the report."""
        shown: str = lazy_import("run_card")(self)
        return shown

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

    def keep_epochs(self, trial: int | None = None, epochs: Sequence[int] | None = None) -> list[int]:
        """Train a trial once more, alone, and keep its weights at some epochs: the report then has a slider over them.

        Args:
          trial: None for the one that the report shows of the best setting.
          epochs: from 1; None for a dozen, ever farther apart.

        Returns:
          The epochs that are kept; empty, with a warning, where trained alone it ends at other weights.

        Raises:
          UserError: the trial has not finished, went on from another one's weights, or has no such epoch.
        """
        found: list[int] = lazy_import("keep_epochs")(self, trial, epochs)
        return found

    def plot(self, path: str | os.PathLike[str] | None = None, metric: str = "loss") -> Any:
        """Draw train and validation curves of all trials; saved to `path` if given.

        Returns the matplotlib figure, which shows itself as the last line of a notebook's cell.
        """
        if path is not None:
            path = check_out(path, *FIGURES)
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
