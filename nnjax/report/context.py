"""Values that several sections of a report share, computed once a report."""

import functools
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data.baselines import PCA_WIDTHS, Baselines, measure_baselines
from nnjax.models.registry import traits_of
from nnjax.report import snapshots
from nnjax.report.charts import curves
from nnjax.report.snapshots import NetworkSnapshot
from nnjax.report.sweep.data import Sweep, sweep_of
from nnjax.runs.environment import describe_environment
from nnjax.runs.folder import FolderStore
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, mean_cost, settings

MAX_BOARDS = 3  # pairs of data and goal that have baselines and a scoreboard

Key = tuple[DataConfig, str]


class ReportContext:
    """A run and what is computed of it, each on its first use.

    Attributes:
      run: finished, or as far as it came.
    """

    def __init__(self, run: Run):
        self.run = run

    @functools.cached_property
    def settings(self) -> list[Setting]:
        """The settings, in the order in which they first appear."""
        return settings(self.run)

    @functools.cached_property
    def costs(self) -> dict[Setting, float]:
        """What settings are ranked by: the mean cost on the part that chooses, infinite without one."""
        return {setting: mean_cost(self.run, setting) for setting in self.settings}

    @functools.cached_property
    def ranked_by_goal(self) -> dict[str, list[Setting]]:
        """All settings by their goal, the best of each first."""
        out: dict[str, list[Setting]] = {setting.goal: [] for setting in self.settings}
        for setting in sorted(self.settings, key=self.costs.__getitem__):
            out[setting.goal].append(setting)
        return out

    @functools.cached_property
    def groups(self) -> dict[Key, list[Setting]]:
        """The settings that can be compared, by their data and their goal, the best of each first."""
        out: dict[Key, list[Setting]] = {(setting.experiment.data, setting.goal): [] for setting in self.settings}
        for setting in sorted(self.settings, key=self.costs.__getitem__):
            out[setting.experiment.data, setting.goal].append(setting)
        return out

    @functools.cached_property
    def baselines(self) -> dict[Key, Baselines]:
        """The baselines of the first data and goals, with PCA at every width that a code has."""
        out = {}
        for (config, goal), some in list(self.groups.items())[:MAX_BOARDS]:
            widths = [traits_of(setting.experiment.model).code_width(setting.experiment.model) for setting in some]
            try:
                out[config, goal] = measure_baselines(self.run.data(some[0].trials[0]), goal, [*PCA_WIDTHS, *widths])
            except UserError:
                continue  # the data are gone; the page says so where it misses the pictures
        return out

    @functools.cached_property
    def shown(self) -> dict[Setting, int]:
        """The settings whose networks are shown, each with the trial that stands for it."""
        return snapshots.shown_trials(self.run, self.settings, self.ranked_by_goal)

    @functools.cached_property
    def _snapshots(self) -> tuple[list[NetworkSnapshot], list[str]]:
        return snapshots.take_snapshots(self.run, self.shown)

    @property
    def snapshots(self) -> list[NetworkSnapshot]:
        """The networks that are shown, with their outputs; only here weights are read."""
        return self._snapshots[0]

    @property
    def missing(self) -> list[str]:
        """Sentences on data or weights that are not there any more."""
        return self._snapshots[1]

    def best_snapshots(self, goal: str) -> list[NetworkSnapshot]:
        """Sort the network snapshots of a goal, the best first."""
        own = [snapshot for snapshot in self.snapshots if snapshot.goal == goal]
        return sorted(own, key=lambda snapshot: self.costs[snapshot.setting])

    def ordered(self, few: int) -> list[Setting]:
        """The settings in their own order while they are few; else the best first, goal by goal."""
        best_first = [setting for own in self.ranked_by_goal.values() for setting in own]
        return self.settings if len(self.settings) <= few else best_first

    @functools.cached_property
    def quantities(self) -> list[curves.Quantity]:
        """The curves by quantity."""
        return curves.quantities(self.run, self.ordered(curves.MANY))

    @functools.cached_property
    def charts(self) -> list[dict[str, Any]]:
        """The curves for the page's script."""
        return curves.chart_data(self.quantities)

    @functools.cached_property
    def sweep(self) -> Sweep | None:
        """The space that most trials search; None where the run only compares named arms, or seeds."""
        return sweep_of(self.run, self.settings)

    @functools.cached_property
    def environment(self) -> dict[str, Any]:
        """The environment.json of the run folder; of a run in memory, this machine's."""
        store = self.run.store
        return store.read_environment() if isinstance(store, FolderStore) else describe_environment({}, [])

    @property
    def seconds(self) -> float | None:
        """How long training took; None for a run in memory."""
        sessions = self.environment.get("sessions", ()) if self.run.path is not None else ()
        return float(sum(sessions)) if sessions else None
