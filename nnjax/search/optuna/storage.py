"""Optuna storages: open a study by URL, and report storage errors in a sentence."""

from __future__ import annotations

import contextlib
import pathlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from nnjax.core.errors import UserError
from nnjax.nn.metrics import Directions, is_maximized

if TYPE_CHECKING:
    import optuna
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage

METRIC = "nnjax:metric"  # the attribute of a study that names what it compares


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


def shown(storage: BaseStorage | str | pathlib.Path | None) -> str:
    """Name a storage without its password."""
    import sqlalchemy

    if storage is None:
        return "memory"
    if isinstance(storage, pathlib.Path):
        return str(storage)
    if not isinstance(storage, str):
        return type(storage).__name__
    try:
        return sqlalchemy.make_url(storage).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return repr(storage)


@contextlib.contextmanager
def storage_errors(storage: BaseStorage | str | pathlib.Path | None, *others: type[Exception]) -> Iterator[None]:
    """Report in one sentence that a storage cannot be used, by errors of the database and `others`."""
    import optuna
    import sqlalchemy.exc

    known: tuple[type[Exception], ...] = (
        sqlalchemy.exc.SQLAlchemyError,
        optuna.exceptions.StorageInternalError,
        *others,
    )
    try:
        yield
    except known as error:
        cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
        reason = str(cause or error).strip().split("\n")[0].rstrip(".")
        expected = (
            "a journal of Optuna's; bring it back, or name another folder or file"
            if isinstance(storage, pathlib.Path)
            else "a URL such as sqlite:///study.db, of a database that can be reached and written"
        )
        raise UserError(f"The storage {shown(storage)} cannot be used ({reason}); expected was {expected}.") from None


def open_study(
    storage: BaseStorage | str | pathlib.Path | None,
    name: str,
    sampler: BaseSampler,
    metric: str,
    directions: Directions,
) -> optuna.Study:
    """Open a study, or make it.

    Args:
      storage: Optuna's, its URL, or the file of a journal.
      name, sampler: Optuna's.
      metric: what it optimizes.
      directions: of the user's metrics.

    Raises:
      UserError: the storage cannot be used, or the study was made for another metric.
    """
    import optuna

    from nnjax.search.optuna.journal import open_journal

    goal: Literal["maximize", "minimize"] = "maximize" if is_maximized(metric, directions) else "minimize"
    with storage_errors(storage, ImportError, RuntimeError, ValueError, LookupError, OSError):
        opened = open_journal(storage) if isinstance(storage, pathlib.Path) else optuna.storages.get_storage(storage)
        if name in optuna.get_all_study_names(opened):  # asking to make it would be noted in a journal
            study = optuna.load_study(study_name=name, storage=opened, sampler=sampler)
        else:
            study = optuna.create_study(
                storage=opened, study_name=name, sampler=sampler, direction=goal, load_if_exists=True
            )
    known, goals = study.user_attrs.get(METRIC, metric), [direction.name for direction in study.directions]
    if known != metric or goals != [goal.upper()]:
        found = f"optimizes {known}" if known != metric else f"is to {' and to '.join(goals).lower()}"
        raise UserError(
            f"The study {name!r} {found}, but {metric} was asked for; name another study, or the metric that it was "
            "begun with."
        )
    return study
