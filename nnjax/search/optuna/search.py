"""Search adaptively: ask an Optuna sampler for a batch of settings, train it as one population, tell the results.

    space = nnjax.Space(
        {"learning_rate": nnjax.Range(1e-4, 1e-1, log=True), "widths": [(32,), (64, 64)], "seed": range(3)},
        mode="adaptive", num=64, batch=16,
    )
    run = search(experiment, space, workdir="runs/adaptive", sampler=optuna.samplers.TPESampler())

The study is in runs/adaptive/study.log (or in any storage), where `optuna-dashboard runs/adaptive/study.log`
shows it while it runs. Fields of any kind mix: settings of one static part are a group, compiled once. Each setting is
trained with every seed (and fold) of the space, and the mean of the metric is told.

A loop of your own, with pruners, several objectives or conditional spaces, is not longer: ask for a batch, and train
it with `nnjax.sweep`. An axis is a column of the batch; mode "zip" trains its rows.

    study = optuna.create_study()
    while len(study.trials) < 64:
        asked = [study.ask() for _ in range(16)]
        rates = [trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True) for trial in asked]
        sizes = [trial.suggest_categorical("batch_size", [32, 64]) for trial in asked]
        run = nnjax.sweep(experiment, nnjax.Space({"learning_rate": rates, "batch_size": sizes}, mode="zip"))
        for trial, record in zip(asked, run.records):
            study.tell(trial, record.values["val_loss"])
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnjax.checks.finding import Finding
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import coerce_fields, import_objects
from nnjax.core.messages import remedy
from nnjax.data import Datasets
from nnjax.nn.metrics import directions_of
from nnjax.runs import folder as runs
from nnjax.runs.run import Run
from nnjax.search.options import Options
from nnjax.search.optuna.adaptive_space import AdaptiveSpace, adaptive_space
from nnjax.search.optuna.distributions import parameter
from nnjax.search.optuna.samplers import make_sampler, require_optuna
from nnjax.search.optuna.session import Session
from nnjax.search.optuna.storage import open_study, quiet, shown, storage_errors
from nnjax.search.optuna.study import AskTellStudy
from nnjax.search.optuna.trials import require_metric
from nnjax.spaces.ranges import Axis, Range
from nnjax.spaces.space import ADAPTIVE, Space
from nnjax.train.jax_modes import setup
from nnjax.train.storage.retention import parse_keep
from nnjax.train.storage.selection import BEST_VALIDATION, refuse_several_rules
from nnjax.train.storage.store import MemoryStore
from nnjax.verify import data_checks

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage


def search(
    experiment: Experiment,
    space: Space | Mapping[str, Axis] | AdaptiveSpace,
    *,
    sampler: BaseSampler | str | None = None,
    storage: BaseStorage | str | None = None,
    study_name: str | None = None,
    metric: str | None = None,
    **options: Any,
) -> Run:
    """Train settings that a sampler chooses in view of those before, in batches, each batch as one population.

    Args:
      experiment: the base; what the space does not change.
      space: of mode "adaptive", which says how many settings (num) and how many at a time (batch); or its axes.
      sampler: of Optuna's, or the name of one: tpe, cmaes, gp, qmc, random; None for TPE. Its random numbers are set
        from the space's draw_seed and the number of the trial.
      storage: of Optuna's, or its URL; None for study.log in the run folder, a journal, or without one for memory.
      study_name: None for the name of the run folder.
      metric: a value as trials.csv names it; None for that by which the best setting is chosen (`Experiment.select`).
      options: workdir, data, plan, title, keep, observe, log, should_stop, max_seconds, as for `nnjax.sweep`. In a run
        folder that was begun, trials that were asked for and not told are trained and told first; finished ones stay.

    Returns:
      All trials of all batches. A setting that was asked for twice is trained once.

    Raises:
      UserError: Optuna is not installed, an impossible experiment, space, sampler or metric, a storage that cannot be
        used, or a study or workdir of another search.
      Stopped: `should_stop` said so; the same call goes on.
    """
    setup()
    require_optuna()
    given = Options(**options)
    if not isinstance(space, AdaptiveSpace):
        space = space if isinstance(space, Space) else Space(axes=space, mode=ADAPTIVE)
        experiment = import_objects(coerce_fields(experiment))
        space = adaptive_space(experiment, space)
    most = parse_keep(given.keep)
    folder = None if given.workdir is None else runs.FolderStore(given.workdir, given.log, most)
    if folder is not None:
        _refuse_unfit(folder, storage)
    datasets = Datasets(given.data)
    corners = data_checks.resolve_trials(space.corners, datasets, given.log)
    refuse_several_rules(corners)
    space = dataclasses.replace(space, base=data_checks.with_resolved_fields(space.base, corners))
    prepared, findings = data_checks.check(corners, datasets)
    metric = metric or BEST_VALIDATION.format(corners[0].experiment.select)
    require_metric(metric, corners, prepared)
    for sentence in _remarks(space, sampler, metric, findings):
        given.log(sentence)
    with quiet(with_warnings=not isinstance(sampler, str)):
        chosen = make_sampler(sampler, space.seed)
        with contextlib.nullcontext() if folder is None else folder.taken():
            run = None if folder is None else str(folder.path.resolve())
            where = storage if folder is None or storage is not None else folder.path / runs.STUDY
            name = study_name or ("nnjax" if run is None else pathlib.Path(run).name)
            opened = open_study(where, name, chosen, metric, directions_of(experiment.metrics or ()))
            study = AskTellStudy(opened, space.distributions(), space.seed, run)
            store = MemoryStore(most) if folder is None else folder
            with storage_errors(where):
                trained = Session(space, metric, given, study, store, datasets, prepared, findings).run()
            if isinstance(where, str | pathlib.Path):
                given.log(f"study: {name}, shown by: optuna-dashboard {shown(where)}")
            return trained


def _refuse_unfit(folder: runs.FolderStore, storage: Any) -> None:
    """Refuse a path where no search can be begun or go on, before anything is written."""
    if not (folder.path / "config.json").exists():
        folder.refuse_unfit([])
    elif storage is None and not (folder.path / runs.STUDY).exists():
        raise UserError(
            f"The workdir {folder.path} has no {runs.STUDY}: it was not begun by a search of mode adaptive with its "
            "study there; "
            + remedy(
                "repeat the call that made it, or name a new workdir.",
                "repeat the command that made it, or name a new --workdir.",
            )
        )


def _remarks(space: AdaptiveSpace, sampler: Any, metric: str, findings: Sequence[tuple[str, Finding]]) -> list[str]:
    sentences = [data_checks.format_finding(arm, finding) for arm, finding in findings]
    if "test_" in metric:
        sentences.append(
            f"warning: The search chooses by {metric}, so the test part no longer says how good its best trial is on "
            "new data; choose by a val_ metric."
        )
    lists = [parameter(path) for path, values in space.axes.items() if not isinstance(values, Range)]
    if sampler == "cmaes" and lists:
        sentences.append(f"remark: The sampler cmaes learns of ranges only; it draws {', '.join(lists)} at random.")
    return sentences
