"""Values that several sections of a report share, computed once a report."""

import functools
import math
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data.baselines import PCA_WIDTHS, Baselines, measure_baselines, measured_part
from nnjax.models.registry import traits_of
from nnjax.report import snapshots
from nnjax.report.charts import curves
from nnjax.report.snapshots import NetworkSnapshot
from nnjax.report.sweep.data import Sweep, sweep_of
from nnjax.runs.choice import Choice, choices
from nnjax.runs.environment import describe_environment
from nnjax.runs.folder import FolderStore
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, report_part

MAX_BOARDS = 3  # pairs of data and goal that have baselines and a scoreboard

Key = tuple[DataConfig, str]


class ReportContext:
    """A run and what is computed of it, each on its first use.

    Attributes:
      run: finished, or as far as it came.
    """

    def __init__(self, run: Run):
        self.run = run

    @property
    def settings(self) -> list[Setting]:
        """The settings, in the order in which they first appear."""
        return self.run.all_settings

    @functools.cached_property
    def groups(self) -> dict[Key, list[Setting]]:
        """The settings that can be compared, by their first data and their goal, in the order of the rule.

        The rule is that by which the best is chosen (`nnjax.train.storage.selection`).
        """
        known, out = {setting.trials: setting for setting in self.settings}, {}
        for ranking in self.run.rankings:
            first = self.run.specs[min(one.trials[0] for one in ranking.candidates)].experiment.data
            some = [known[one.trials] for one in ranking.candidates]
            out[first, some[0].goal] = some
        return out

    @functools.cached_property
    def choices(self) -> dict[Key, Choice]:
        """The chosen setting of each group that has one."""
        found = {choice.setting.trials: choice for choice in choices(self.run)}
        return {key: found[some[0].trials] for key, some in self.groups.items() if some[0].trials in found}

    @functools.cached_property
    def decided(self) -> dict[Key, Choice]:
        """The chosen setting of each group; of a single setting, from which nothing was chosen, that."""
        single = {key: some[0] for key, some in self.groups.items() if len(some) == 1}
        alone = {key: Choice(setting, setting.trials[0], "", math.nan, 1) for key, setting in single.items()}
        return {key: found for key in self.groups if (found := self.choices.get(key) or alone.get(key))}

    @functools.cached_property
    def ranked_by_goal(self) -> dict[str, list[Setting]]:
        """All settings by their goal, the best of each group first."""
        out: dict[str, list[Setting]] = {setting.goal: [] for setting in self.settings}
        for (_, goal), some in self.groups.items():
            out[goal] += some
        return out

    @functools.cached_property
    def baselines(self) -> dict[Key, Baselines]:
        """The baselines of the first data and goals on the part by which settings are compared."""
        found = {key: self._baselines(key, report_part(some[0])) for key, some in self._first_groups}
        return {key: one for key, one in found.items() if one is not None}

    @functools.cached_property
    def test_baselines(self) -> dict[Key, Baselines]:
        """The same on the test part, beside which the chosen setting's test scores stand."""
        found = {
            key: one if one.part == "test" else self._baselines(key, "test") for key, one in self.baselines.items()
        }
        return {key: one for key, one in found.items() if one is not None}

    @property
    def _first_groups(self) -> list[tuple[Key, list[Setting]]]:
        return list(self.groups.items())[:MAX_BOARDS]

    def _baselines(self, key: Key, part: str) -> Baselines | None:
        """Measure baselines on a part, with PCA at every width that a code has; None where the data are gone."""
        some = self.groups[key]
        widths = [traits_of(setting.experiment.model).code_width(setting.experiment.model) for setting in some]
        try:
            prepared = self.run.data(some[0].trials[0])
        except UserError:
            return None  # the page says so where it misses the images
        if not len(measured_part(prepared, part)[1]):
            return None
        return measure_baselines(prepared, key[1], [*PCA_WIDTHS, *widths], part)

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
        return sorted(own, key=lambda snapshot: self.ranked_by_goal[goal].index(snapshot.setting))

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
