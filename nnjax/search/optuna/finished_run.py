"""Write the settings of any run as an Optuna study, which the Optuna dashboard shows."""

from __future__ import annotations

import math
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.core.fields import flatten
from nnjax.core.files import check_out
from nnjax.core.text import represent
from nnjax.runs.choice import rank_settings, validation_metric
from nnjax.runs.run_protocol import TrainedTrials
from nnjax.search.optuna.distributions import choice, parameter
from nnjax.search.optuna.storage import METRIC, file_storage, quiet, shown, storage_errors
from nnjax.search.optuna.study import RUN, STATUS, TRIALS, stored_points
from nnjax.search.optuna.trials import curve_of
from nnjax.train.storage.records import DROPPED, FINISHED, OVER, WAITING, Record
from nnjax.train.storage.selection import BEST_VALIDATION, Candidate, Ranking

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

REPLICATES = ("seed", "data.fold", "data.fold_seed")
LOG_RATIO = 50  # of the largest and the smallest value, from which an axis is taken to be logarithmic


def write_study(
    run: TrainedTrials,
    storage: BaseStorage | str | os.PathLike[str],
    study_name: str | None = None,
    select: str | None = None,
) -> optuna.Study:
    """Write a run as a study; see `Run.to_optuna`."""
    require("optuna", "nnjax[optuna]", "to_optuna")
    import optuna

    found = run.rankings if select is None else rank_settings(run, validation_metric(run, select))
    if len(found) != 1 or not all(run.facts(spec.id).sizes[1] for spec in run.specs):
        what = (
            f"has {len(found)} kinds of settings that cannot be compared"
            if len(found) > 1
            else "has no validation part"
        )
        raise UserError(f"The run {what}, but a study compares its settings by one value on the validation part.")
    [ranking] = found
    with quiet():
        where = _opened(storage)
        path = getattr(run.store, "path", None)
        name = study_name or ("nnjax" if path is None else pathlib.Path(path).resolve().name)
        goal: Literal["maximize", "minimize"] = "maximize" if ranking.maximized else "minimize"
        with storage_errors(storage if isinstance(storage, str) else where, ImportError, OSError, ValueError):
            try:
                study = optuna.create_study(storage=where, study_name=name, direction=goal)
            except optuna.exceptions.DuplicatedStudyError:
                raise UserError(
                    f"The storage {shown(where)} has a study {name!r} already, and a written study is not changed: "
                    "give another study_name, or a new file."
                ) from None
            metric = BEST_VALIDATION.format(ranking.metric)
            study.set_metric_names([metric])
            study.set_user_attr(METRIC, metric)
            if path is not None:
                study.set_user_attr(RUN, str(pathlib.Path(path).resolve()))
            study.add_trials(_trials(run, ranking, metric))
    return study


def _opened(storage: Any) -> BaseStorage | str:
    """Return a storage as Optuna takes it: URLs and objects as they are, a file by its ending."""
    from optuna.storages import BaseStorage

    if isinstance(storage, BaseStorage) or (isinstance(storage, str) and "://" in storage):
        return storage
    if not isinstance(storage, str | os.PathLike):
        raise UserError(
            f"The storage is {represent(storage)}, but a file (.db, .log), a URL such as sqlite:///study.db, or a "
            "storage of Optuna's was expected."
        )
    path = pathlib.Path(check_out(storage, *FILES))
    if path.suffix != ".log":
        return file_storage(path)
    with storage_errors(path, OSError, ValueError, LookupError):
        from nnjax.search.optuna.journal import open_journal

        return open_journal(path)


FILES = (".db", ".log")  # SQLite, and Optuna's journal


def _trials(run: TrainedTrials, ranking: Ranking, metric: str) -> list[FrozenTrial]:
    """Make a trial of each setting, in the order in which they first appear."""
    rows, by_trials = _parameters(run), {one.trials: one for one in ranking.candidates}
    axes = {name: _distribution([row[name] for row in rows if name in row]) for name in _names(rows)}
    return [
        _trial(run, by_trials[setting.trials], metric, row, axes)
        for setting, row in zip(run.all_settings, rows, strict=True)
    ]


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _parameters(run: TrainedTrials) -> list[dict[str, Any]]:
    """Return what settings differ in, each by its own; numbers that a setting does not have are left out."""
    firsts = [run.specs[setting.trials[0]] for setting in run.all_settings]
    flats = [flatten(first.experiment) for first in firsts]
    paths = [path for path in dict.fromkeys(path for flat in flats for path in flat) if path not in REPLICATES]
    varying = [path for path in paths if len({repr(flat.get(path)) for flat in flats}) > 1]
    numbers = {path for path in varying if all(_is_number(flat.get(path)) or flat.get(path) is None for flat in flats)}
    rows = [
        {
            parameter(path): _plain(flat.get(path))
            for path in varying
            if path not in numbers or flat.get(path) is not None
        }
        for flat in flats
    ]
    named = len({first.arm for first in firsts}) > 1
    return [{"arm": first.arm} | row if named else row for first, row in zip(firsts, rows, strict=True)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    """Return a value as Optuna stores it: what is no number, text, truth value or None as text."""
    value = choice(value)
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _distribution(values: Sequence[Any]) -> BaseDistribution:
    """Describe what values a parameter has had."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not all(map(_is_number, values)):
        return CategoricalDistribution(list(dict.fromkeys(values)))
    low, high = min(values), max(values)
    log = low > 0 and high >= LOG_RATIO * low
    if all(isinstance(value, int) for value in values):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _trial(
    run: TrainedTrials, one: Candidate, metric: str, row: Mapping[str, Any], axes: Mapping[str, BaseDistribution]
) -> FrozenTrial:
    """Make the trial of a setting: its mean over replicates, and the mean curve by epoch."""
    import optuna
    from optuna.trial import TrialState

    records = [run.records[i] for i in one.trials]
    state = TrialState[_state(one, records)]
    return optuna.create_trial(
        state=state,
        value=one.mean if state == TrialState.COMPLETE else None,
        params=dict(row),
        distributions={name: axes[name] for name in row},
        intermediate_values=stored_points(curve_of(records, metric)),
        user_attrs={TRIALS: list(one.trials), STATUS: ", ".join(dict.fromkeys(record.status for record in records))},
    )


def _state(one: Candidate, records: Sequence[Record]) -> str:
    """Name how Optuna would call the end of a setting."""
    statuses = {record.status for record in records}
    if statuses <= set(FINISHED):
        return "COMPLETE" if math.isfinite(one.mean) and not one.broken else "FAIL"
    if statuses <= {WAITING}:
        return "WAITING"
    if not statuses <= set(OVER):
        return "RUNNING"
    return "PRUNED" if DROPPED in statuses and statuses <= {DROPPED, *FINISHED} else "FAIL"
