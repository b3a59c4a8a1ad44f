"""An Optuna study that is asked in batches and outlives the process.

What is asked does not depend on when the process was started or killed: before every draw the sampler's random states
are set from (draw_seed, the number of the trial in the study, the parameter), and what else a sampler knows is in the
study's storage.
"""

from __future__ import annotations

import contextlib
import pathlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.nn.metrics import is_maximised
from nnjax.search.optuna.samplers import reseed

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

TRIALS, STATUS, RUN, FIRST, METRIC = (f"nnjax:{name}" for name in ("trials", "status", "run", "first", "metric"))
MAX_POINTS = 25  # of a learning curve that goes into the storage, where each costs milliseconds


class Asked(NamedTuple):
    """A setting that a sampler gave.

    Attributes:
      number: of its trial in the study.
      answers: parameter -> value.
      told: whether the study knows how it did.
    """

    number: int
    answers: dict[str, Any]
    told: bool


@contextlib.contextmanager
def quiet(with_warnings: bool = True) -> Iterator[None]:
    """Keep Optuna's log to its warnings, or to its errors, and let its experimental parts be used without one."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING if with_warnings else optuna.logging.ERROR))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def file_storage(path: pathlib.Path) -> str:
    """Name the storage in a file, as Optuna and its dashboard take it."""
    import sqlalchemy

    return sqlalchemy.URL.create("sqlite", database=str(path)).render_as_string()


def shown(storage: BaseStorage | str | None) -> str:
    """Name a storage without its password."""
    import sqlalchemy

    if storage is None:
        return "memory"
    if not isinstance(storage, str):
        return type(storage).__name__
    try:
        return sqlalchemy.make_url(storage).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return repr(storage)


@contextlib.contextmanager
def blame(storage: BaseStorage | str | None, *others: type[Exception]) -> Iterator[None]:
    """Say as one sentence that a storage cannot be used.

    Args:
      storage: as it was given.
      others: errors that mean so beside the database's own.

    Raises:
      UserError: it cannot.
    """
    import optuna
    import sqlalchemy.exc

    failures: tuple[type[Exception], ...] = (
        sqlalchemy.exc.SQLAlchemyError,
        optuna.exceptions.StorageInternalError,
        *others,
    )
    try:
        yield
    except failures as error:
        cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
        reason = str(cause or error).strip().split("\n")[0].rstrip(".")
        raise UserError(
            f"The storage {shown(storage)} cannot be used ({reason}); expected was a URL such as sqlite:///study.db, "
            "of a database that can be reached and written."
        ) from None


def open_study(storage: BaseStorage | str | None, name: str, sampler: BaseSampler, metric: str) -> optuna.Study:
    """Open a study, or make it.

    Raises:
      UserError: the storage cannot be used, or the study was made for another metric.
    """
    import optuna

    maximised = is_maximised(metric)
    with blame(storage, ImportError, RuntimeError, ValueError):
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            sampler=sampler,
            direction="maximize" if maximised else "minimize",
            load_if_exists=True,
        )
    known, goals = study.user_attrs.get(METRIC, metric), [direction.name for direction in study.directions]
    if known != metric or goals != ["MAXIMIZE" if maximised else "MINIMIZE"]:
        found = f"is told {known}" if known != metric else f"is to {' and to '.join(goals).lower()}"
        raise UserError(
            f"The study {name!r} {found}, but {metric} was asked for; name another study, or the metric that it was "
            "begun with."
        )
    return study


class Study:
    """A study, asked by one run.

    Args:
      study: from `open_study`.
      distributions: of all parameters.
      seed: of every draw.
      run: the run folder whose study it is, so that trials of an earlier process are taken over; None for none.

    Attributes:
      owner: the run folder that the study names as its own; None for a new one.
      exhausted: the sampler has no more settings to give.

    Raises:
      UserError: the study has trials of another space.
    """

    def __init__(self, study: optuna.Study, distributions: Mapping[str, BaseDistribution], seed: int, run: str | None):
        self.study, self.distributions, self.seed = study, dict(distributions), seed
        self.storage = study._storage
        _refuse_other_space(study, distributions)
        trials = study.get_trials(deepcopy=False)
        first = study.user_attrs.get(FIRST, len(trials)) if run is not None else len(trials)
        self.owner = study.user_attrs.get(RUN)
        self.numbers = [] if run is None else [t.number for t in trials if TRIALS in t.user_attrs]
        self.half_asked = [t.number for t in trials if t.number >= first and _is_half_asked(t)]
        self.run, self.first, self.exhausted = run, first, False

    def claim(self, metric: str) -> None:
        """Note in the study whose it is and what it is told."""
        if self.run is not None:
            self.study.set_user_attr(FIRST, self.first)
            self.study.set_user_attr(RUN, self.run)
        self.study.set_user_attr(METRIC, metric)
        self.study.set_metric_names([metric])

    def asked(self) -> list[Asked]:
        """List the settings of this run, in the order in which they were asked for."""
        trials = self.study.get_trials(deepcopy=False)
        return [Asked(n, dict(trials[n].params), trials[n].state.is_finished()) for n in self.numbers]

    def ask(self) -> Asked:
        """Ask for one more setting; one that a killed process had half asked for comes first.

        Raises:
          UserError: a setting that was enqueued by hand is not in the space; it is told as failed.
        """
        sampler = self.study.sampler
        trial = self._again(self.half_asked.pop(0)) if self.half_asked else self.study.ask()
        self._refuse_unfit(trial)
        reseed(sampler, self.seed, trial.number, 0)
        _ = trial.relative_params  # drawn here, whichever parameter comes first
        for place, (name, distribution) in enumerate(self.distributions.items(), 1):
            reseed(sampler, self.seed, trial.number, place)
            _suggest(trial, name, distribution)
        return Asked(trial.number, dict(trial.params), False)

    def _again(self, number: int) -> optuna.Trial:
        import optuna

        return optuna.Trial(self.study, self._id(number))

    def _id(self, number: int) -> int:
        return self.storage.get_trial_id_from_study_id_trial_number(self.study._study_id, number)

    def _refuse_unfit(self, trial: optuna.Trial) -> None:
        for name, value in self.storage.get_trial(trial._trial_id).system_attrs.get("fixed_params", {}).items():
            known = self.distributions.get(name)
            if known is None or not _contains(known, value):
                self.fail(trial.number)
                expected = f"one of {', '.join(self.distributions)}" if known is None else described(known)
                raise UserError(f"it was enqueued with {name}={value!r}, but {expected} was expected")

    def keep(self, number: int, trials: Sequence[int]) -> None:
        """Note which trials of the run train a setting."""
        self.storage.set_trial_user_attr(self._id(number), TRIALS, list(trials))
        self.numbers.append(number)

    def tell(self, number: int, value: float, curve: np.ndarray, status: str) -> None:
        """Tell how a setting did; a value that is not finite counts as a failure, as Optuna itself does with NaN.

        Args:
          number: of its trial in the study.
          value: of the metric.
          curve: [epochs], for the dashboard; of a long one some points are stored.
          status: of its trials, for the dashboard.
        """
        trial_id = self._id(number)
        for epoch in np.unique(np.linspace(1, len(curve), min(len(curve), MAX_POINTS)).round().astype(int)).tolist():
            self.storage.set_trial_intermediate_value(trial_id, epoch, float(curve[epoch - 1]))
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
        """Find the best setting that was told, its number in the study and its value; None before there is one."""
        try:
            return self.study.best_trial.number, self.study.best_value
        except ValueError:
            return None


def _is_half_asked(trial: FrozenTrial) -> bool:
    return not trial.state.is_finished() and trial.state.name == "RUNNING" and TRIALS not in trial.user_attrs


def _suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> None:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        trial.suggest_categorical(name, distribution.choices)
    elif isinstance(distribution, IntDistribution):
        trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
    elif isinstance(distribution, FloatDistribution):
        trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)


def _contains(distribution: BaseDistribution, value: Any) -> bool:
    try:
        return bool(distribution._contains(distribution.to_internal_repr(value)))
    except (ValueError, TypeError):
        return False


def described(distribution: BaseDistribution) -> str:
    """Say what values a parameter may have: "8, 16, 32" or "0.001 to 0.1, logarithmic"."""
    choices = getattr(distribution, "choices", None)
    if choices is not None:
        return ", ".join(map(str, choices))
    shape = vars(distribution)
    return f"{shape['low']:g} to {shape['high']:g}" + ", logarithmic" * shape["log"]


def _refuse_other_space(study: optuna.Study, distributions: Mapping[str, BaseDistribution]) -> None:
    for trial in study.get_trials(deepcopy=False):
        for name, found in trial.distributions.items():
            if found != distributions.get(name):
                now = distributions.get(name)
                raise UserError(
                    f"The study {study.study_name!r} was begun with another space ({name}: {described(found)} → "
                    f"{'not asked' if now is None else described(now)}); repeat the command that began it, or name "
                    "another study."
                )
        missing = set(distributions) - set(trial.distributions)
        if trial.state.is_finished() and trial.distributions and missing:
            raise UserError(
                f"The study {study.study_name!r} was begun with another space (without {', '.join(sorted(missing))}); "
                "repeat the command that began it, or name another study."
            )
