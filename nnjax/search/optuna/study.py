"""Ask and tell: an Optuna study that is asked for settings in batches, and resumed by later processes.

What is asked does not depend on when the process was started or killed: before every draw the sampler's random states
are set from (draw_seed, the number of the trial in the study, the parameter), and what else a sampler knows is in the
study's storage.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Float
from nnjax.search.optuna.distributions import contains, described, refuse_other_space, suggest
from nnjax.search.optuna.samplers import reseed
from nnjax.search.optuna.storage import METRIC

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

TRIALS, STATUS, RUN, FIRST = (f"nnjax:{name}" for name in ("trials", "status", "run", "first"))
MAX_POINTS = 25  # of a learning curve that goes into the storage, where each costs milliseconds


class Suggestion(NamedTuple):
    """A setting that a sampler suggested."""

    number: int  # of its trial in the study
    params: dict[str, Any]  # parameter -> value
    told: bool  # whether the study has its value


def stored_points(curve: Float[np.ndarray, " t"]) -> dict[int, float]:
    """Return the points of a learning curve that go into the storage, by their epochs from 1: all, or 25 evenly."""
    epochs = np.unique(np.linspace(1, len(curve), min(len(curve), MAX_POINTS)).round().astype(int))
    return {epoch: float(curve[epoch - 1]) for epoch in epochs.tolist()}


class AskTellStudy:
    """The Optuna study of one run.

    Args:
      study: from `open_study`.
      distributions: of all parameters.
      seed: of every draw.
      run: the run folder whose study it is, so that trials of an earlier process are taken over; None for none.

    Attributes:
      owner: the run folder that the study names as its own; None for a new one.
      exhausted: the sampler has no more settings to suggest.

    Raises:
      UserError: the study has trials of another space.
    """

    def __init__(self, study: optuna.Study, distributions: Mapping[str, BaseDistribution], seed: int, run: str | None):
        self.study, self.distributions, self.seed = study, dict(distributions), seed
        self.storage = study._storage
        refuse_other_space(study, distributions)
        trials = study.get_trials(deepcopy=False)
        first = study.user_attrs.get(FIRST, len(trials)) if run is not None else len(trials)
        self.owner = study.user_attrs.get(RUN)
        self.numbers = [] if run is None else [t.number for t in trials if TRIALS in t.user_attrs]
        asked = [t for t in trials[first:] if t.state.name == "RUNNING"]  # some when the process was killed
        self.unfinished = [t.number for t in asked if TRIALS not in t.user_attrs]
        self.run, self.first, self.exhausted = run, first, False

    def claim(self, metric: str) -> None:
        """Note in the study which run it belongs to and what it compares."""
        if self.run is not None:
            self.study.set_user_attr(FIRST, self.first)
            self.study.set_user_attr(RUN, self.run)
        self.study.set_user_attr(METRIC, metric)
        self.study.set_metric_names([metric])

    def suggestions(self) -> list[Suggestion]:
        """List the settings of this run, in the order in which they were asked for."""
        trials = self.study.get_trials(deepcopy=False)
        return [Suggestion(n, dict(trials[n].params), trials[n].state.is_finished()) for n in self.numbers]

    def ask(self) -> Suggestion:
        """Ask for one more setting; one that a killed process did not finish asking for comes first.

        Raises:
          UserError: a setting that was enqueued by hand is not in the space; the study counts it as failed.
        """
        import optuna

        sampler = self.study.sampler
        trial = optuna.Trial(self.study, self._id(self.unfinished.pop(0))) if self.unfinished else self.study.ask()
        self._refuse_unfit(trial)
        reseed(sampler, self.seed, trial.number, 0)
        _ = trial.relative_params  # drawn here, whichever parameter comes first
        for place, (name, distribution) in enumerate(self.distributions.items(), 1):
            reseed(sampler, self.seed, trial.number, place)
            suggest(trial, name, distribution)
        return Suggestion(trial.number, dict(trial.params), False)

    def together(self) -> contextlib.AbstractContextManager[None]:
        """Let a journal write what is asked and told in a block at its end; other storages write at once."""
        together = getattr(getattr(self.storage, "_backend", None), "together", None)
        synchronize = functools.partial(self.study.get_trials, deepcopy=False)
        return together(synchronize) if together else contextlib.nullcontext()

    def _id(self, number: int) -> int:
        return self.storage.get_trial_id_from_study_id_trial_number(self.study._study_id, number)

    def _refuse_unfit(self, trial: optuna.Trial) -> None:
        for name, value in self.storage.get_trial(trial._trial_id).system_attrs.get("fixed_params", {}).items():
            known = self.distributions.get(name)
            if known is None or not contains(known, value):
                self.fail(trial.number)
                expected = f"one of {', '.join(self.distributions)}" if known is None else described(known)
                raise UserError(f"it was enqueued with {name}={value!r}, but {expected} was expected")

    def keep(self, number: int, trials: Sequence[int]) -> None:
        """Note which trials of the run train a setting."""
        self.storage.set_trial_user_attr(self._id(number), TRIALS, list(trials))
        self.numbers.append(number)

    def tell(self, number: int, value: float, curve: np.ndarray, status: str) -> None:
        """Tell the value of a setting; one that is not finite counts as a failure, as Optuna itself does with NaN.

        Args:
          number: of its trial in the study.
          value: of the metric.
          curve: [epochs], for the dashboard; of a long one some points are stored.
          status: of its trials, for the dashboard.
        """
        trial_id = self._id(number)
        for epoch, loss in stored_points(curve).items():
            self.storage.set_trial_intermediate_value(trial_id, epoch, loss)
        self.storage.set_trial_user_attr(trial_id, STATUS, status)
        if not np.isfinite(value):
            self.fail(number)
            return
        try:
            self.study.tell(number, value)
        except RuntimeError as error:  # a sampler of a finite space stops Optuna's own loop, of which there is none
            if "Study.stop" not in str(error):
                raise
            self.exhausted = True

    def fail(self, number: int) -> None:
        """Tell that a setting has no value."""
        from optuna.trial import TrialState

        self.study.tell(number, state=TrialState.FAIL)

    def best(self) -> tuple[int, float] | None:
        """Find the setting of the best value, its number in the study and that value; None before there is one."""
        try:
            return self.study.best_trial.number, self.study.best_value
        except ValueError:
            return None
