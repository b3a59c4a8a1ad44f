"""Adaptive search: a sampler of Optuna's is asked for a batch of settings, they train as one population, it is told.

    space = nnjax.Space(
        {"learning_rate": nnjax.Range(1e-4, 1e-1, log=True), "widths": [(32,), (64, 64)], "seed": range(3)},
        mode="adaptive", num=64, batch=16,
    )
    run = search(experiment, space, workdir="runs/adaptive", sampler=optuna.samplers.TPESampler())

The study is in runs/adaptive/study.db (or in any storage), where `optuna-dashboard sqlite:///runs/adaptive/study.db`
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
import os
import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnjax.checks.impossible import validate
from nnjax.checks.rules.case import Finding
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.fields import coerce_fields
from nnjax.core.types import Dataset, Prepared
from nnjax.diagnosis import trials as diagnosing
from nnjax.exchange.start_weights import read_weights
from nnjax.nn.optimizers import resolve
from nnjax.runs import folder as runs
from nnjax.runs.layout import OTHER_PLAN, kept_plan
from nnjax.runs.run import Run
from nnjax.search.optuna.questions import Questions, corners, parameter, questions_of
from nnjax.search.optuna.samplers import make_sampler, require_optuna
from nnjax.search.optuna.scores import curve_of, require_metric, value_of
from nnjax.search.optuna.study import Asked, Study, blame, file_storage, open_study, quiet, shown
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import ADAPTIVE, Space
from nnjax.train.host.population import Observer, Population, Progress
from nnjax.train.layout.groups import make_groups
from nnjax.train.layout.lane_batch import Crew, sizes_of
from nnjax.train.layout.plan import Plan, choose_lanes, from_json
from nnjax.train.storage.records import ENDED, MemoryStore, Record
from nnjax.train.storage.retention import ALL, parse_keep
from nnjax.verify import preflight

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage

METRIC = "val_loss"


def search(
    experiment: Experiment,
    space: Space | Mapping[str, Sequence[Any] | Range],
    *,
    sampler: BaseSampler | str | None = None,
    storage: BaseStorage | str | None = None,
    study_name: str | None = None,
    metric: str = METRIC,
    workdir: str | os.PathLike[str] | None = None,
    data: Dataset | None = None,
    plan: Plan | None = None,
    title: str = "",
    keep: str = ALL,
    observe: Observer = lambda progress: None,
    announce: Callable[[str], None] = lambda text: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Run:
    """Train settings that a sampler chooses in view of those before, in batches, each batch as one population.

    Args:
      experiment, workdir, data, plan, title, keep, observe, announce, should_stop: as for `nnjax.sweep`. In a run
        folder that was begun, trials that were asked for and not told are trained and told first; finished ones stay.
      space: of mode "adaptive", which says how many settings (num) and how many at a time (batch); or its axes.
      sampler: of Optuna's, or the name of one: tpe, cmaes, gp, qmc, random; None for TPE. Its random numbers are set
        from the space's draw_seed and the number of the trial.
      storage: of Optuna's, or its URL; None for study.db in the run folder, or without one for memory.
      study_name: None for the name of the run folder.
      metric: a final metric as trials.csv names it; minimised, unless it is an accuracy.

    Returns:
      All trials of all batches. A setting that was asked for twice is trained once.

    Raises:
      UserError: Optuna is not installed, an impossible experiment, space, sampler or metric, a storage that cannot be
        used, or a study or workdir of another search.
      Stopped: `should_stop` said so; the same call goes on.
    """
    require_optuna()
    space = space if isinstance(space, Space) else Space(axes=space, mode=ADAPTIVE)
    questions = questions_of(coerce_fields(experiment), space)
    most = parse_keep(keep)
    folder = None if workdir is None else runs.FolderStore(workdir, announce, most)
    if folder is not None:
        _refuse_unfit(folder, storage)
    prepared, findings = _examined(questions, space, metric, data)
    for sentence in _remarks(questions, sampler, metric, findings):
        announce(sentence)
    with quiet(with_warnings=not isinstance(sampler, str)):
        chosen = make_sampler(sampler, space.draw_seed)
        with contextlib.nullcontext() if folder is None else folder.taken():
            where, run = _places(storage, folder)
            name = study_name or ("nnjax" if run is None else pathlib.Path(run).name)
            opened = open_study(where, name, chosen, metric)
            study = Study(opened, questions.distributions(), space.draw_seed, run)
            task = Task(questions, metric, title, plan or Plan(), data, Hooks(observe, announce, should_stop))
            with blame(where):
                trained = _Search(task, study, folder or MemoryStore(most), prepared, findings).run()
            if isinstance(where, str):
                announce(f"study: {name}, shown by: optuna-dashboard {shown(where)}")
            return trained


class Hooks(NamedTuple):
    """The caller's functions, as for `nnjax.sweep`."""

    observe: Observer
    announce: Callable[[str], None]
    should_stop: Callable[[], bool]


class Task(NamedTuple):
    """What a search is given, see `search`."""

    questions: Questions
    metric: str
    title: str
    plan: Plan
    data: Dataset | None
    hooks: Hooks


class _Search:
    """One session of a search.

    Args:
      task, study: what is searched for, and who is asked.
      store: where weights and records are kept.
      prepared: data that are loaded already.
      findings: of the pre-flight checks.
    """

    def __init__(
        self,
        task: Task,
        study: Study,
        store: MemoryStore,
        prepared: Mapping[DataConfig, Prepared],
        findings: Sequence[tuple[str, Finding]],
    ):
        self.task, self.study, self.store = task, study, store
        self.prepared, self.findings = dict(prepared), list(findings)
        self.folder = store if isinstance(store, runs.FolderStore) else None
        self.specs: list[TrialSpec] = []
        self.records: list[Record] = []
        self.known: dict[tuple[str, Experiment], int] = {}
        self.trials_of: dict[int, list[int]] = {}  # number in the study -> trials of the run
        self.plan: Plan | None = None
        self.population: Population | None = None

    def run(self) -> Run:
        """Go on until all settings are told."""
        begin = time.time()
        asked = self._resumed()
        self.study.claim(self.task.metric)
        try:
            while self._ask(asked) or not self._all_ended():
                self._train(asked)
                self._tell(asked)
                asked = self.study.asked()
        finally:
            if self.population is not None:
                self.store.note_environment(self.population.describe(), time.time() - begin)
        if self.population is not None and self.population.cost():
            self.task.hooks.announce(f"cost: {self.population.cost()}")
        facts = {config: self.prepared[config].facts() for config in self._configs(self.specs)}
        diagnosing.note_verdicts(self.specs, self.records, facts, self.prepared, self.store)
        return Run(self.specs, self.records, self.store, facts, self.prepared, self.findings, self.task.title)

    def _resumed(self) -> list[Asked]:
        """List what was asked for in earlier sessions, and read how far its training came.

        Raises:
          UserError: the study and the run folder do not belong together.
        """
        asked = self.study.asked()
        for one in asked:
            self._add(one)
        if self.folder is not None and (self.folder.path / "config.json").exists():
            self._read_records(self.folder, asked)
        elif asked and (self.study.owner != self.study.run or any(one.told for one in asked)):
            raise UserError(
                f"The study {self.study.study.study_name!r} belongs to the run folder {self.study.owner}, not to "
                f"{self.study.run}; name another study, or go on with --workdir={self.study.owner}."
            )
        self._fill_records()
        return asked

    def _read_records(self, folder: runs.FolderStore, asked: Sequence[Asked]) -> None:
        _, old, _ = folder.read_config()
        told = max((trial for one in asked if one.told for trial in self.trials_of[one.number]), default=-1)
        folder.refuse_unfit([*self.specs[: len(old)], *old[len(self.specs) :]])
        if len(self.specs) < len(old) or told >= len(old):
            raise UserError(
                f"The study {self.study.study.study_name!r} has {len(self.specs)} trials of this run, but "
                f"{folder.path} has {len(old)}: bring the storage that belongs to it back, or name a new --workdir."
            )
        self._prepare()
        self.records = folder.resume(old, {config: self.prepared[config].facts() for config in self._configs(old)})

    def _add(self, one: Asked) -> None:
        """Turn a setting into trials; those that there are already are not trained again."""
        trials = []
        for arm, experiment in self.task.questions.trials(one.answers):
            key = arm, resolve(experiment)
            if key not in self.known:
                self.known[key] = len(self.specs)
                self.specs.append(TrialSpec(len(self.specs), key[1], arm))
            trials.append(self.known[key])
        self.trials_of[one.number] = trials

    def _ask(self, asked: list[Asked]) -> bool:
        """Fill the batch under way, or a new one; say whether there is anything to train or to tell."""
        num, size = self.task.questions.num, self.task.questions.batch
        waits = any(not one.told for one in asked)
        more = 0 if self.study.exhausted or (waits and len(asked) % size == 0) else size - len(asked) % size
        for _ in range(min(more, num - len(asked))):
            asked.append(self._ask_one())
        self._fill_records()
        return any(not one.told for one in asked)

    def _ask_one(self) -> Asked:
        """Ask for one setting; those that no experiment can have, which were enqueued by hand, are passed over."""
        while True:
            number = None
            try:
                one = self.study.ask()
                number = one.number
                for _, experiment in self.task.questions.trials(one.answers):
                    validate(experiment)
            except UserError as error:
                if number is not None:
                    self.study.fail(number)
                self.task.hooks.announce(f"warning: A setting is left out: {error}")
            else:
                self._add(one)
                self.study.keep(one.number, self.trials_of[one.number])
                return one

    def _fill_records(self) -> None:
        self.records += [Record() for _ in self.specs[len(self.records) :]]

    def _all_ended(self) -> bool:
        return all(record.status in ENDED for record in self.records)

    def _prepare(self) -> None:
        """Load and split the data that have not been needed before."""
        new = [spec for spec in self.specs if spec.experiment.data not in self.prepared]
        self.prepared |= preflight.prepare_all(new, self.task.data)

    def _configs(self, specs: Sequence[TrialSpec]) -> list[DataConfig]:
        return list(dict.fromkeys(spec.experiment.data for spec in specs))

    def _train(self, asked: Sequence[Asked]) -> None:
        """Train what has not ended, as one population; the run folder knows of it first."""
        self._prepare()
        if self.folder is not None:
            facts = {config: self.prepared[config].facts() for config in self._configs(self.specs)}
            base, title = self.task.questions.base, self.task.title
            self.folder.grow(base, self.specs, facts, self.findings, title, self.records)
        if self._all_ended():
            return
        self.plan = self.plan or self._settled_plan(asked)
        observe, _, should_stop = self.task.hooks
        population = Population(
            self.specs,
            self.prepared,
            self.plan,
            self.store,
            self.records,
            self._observed(asked, observe),
            should_stop,
            read_weights=read_weights,
        )
        if self.population is not None:
            population.count_on(self.population)
        self.population = population
        if self.folder is not None:
            self.folder.note_environment(population.describe())
        self.records = population.run()

    def _settled_plan(self, asked: Sequence[Asked]) -> Plan:
        """Choose the layout by the first batch, which every session knows; it is said if it was another one before."""
        first = {trial for one in asked[: self.task.questions.batch] for trial in self.trials_of[one.number]}
        plan = self.task.plan if self.folder is None else kept_plan(self.task.plan, self.folder)
        plan = batch_plan(plan, [spec for spec in self.specs if spec.id in first], self.prepared)
        earlier = [] if self.folder is None else self.folder.read_plan()
        if any(from_json(group) != plan for group in earlier):
            self.task.hooks.announce(OTHER_PLAN)
        return plan

    def _observed(self, asked: Sequence[Asked], observe: Observer) -> Observer:
        """Let a display see the batches to come as trials that wait."""
        to_come = (self.task.questions.num - len(asked)) * len(self.task.questions.replicates)
        waiting = [Record() for _ in range(max(0, to_come))]

        def seen(progress: Progress) -> None:
            trials = len(progress.records)
            share = progress.work_done * trials / (trials + len(waiting))
            observe(progress._replace(records=[*progress.records, *waiting], work_done=share))

        return seen

    def _tell(self, asked: Sequence[Asked]) -> None:
        """Tell the sampler how the batch did."""
        for one in asked:
            if not one.told:
                records = [self.records[trial] for trial in self.trials_of[one.number]]
                status = ", ".join(dict.fromkeys(record.status for record in records))
                value = float(np.mean([value_of(record, self.task.metric) for record in records]))
                self.study.tell(one.number, value, curve_of(records, self.task.metric), status)
        done, num = len(asked), max(self.task.questions.num, len(asked))
        best = self.study.best()
        found = "none has a value yet" if best is None else f"best {self.task.metric} {best[1]:.4g} (setting {best[0]})"
        self.task.hooks.announce(f"search: {done} of {num} settings told; {found}")


def batch_plan(plan: Plan, specs: Sequence[TrialSpec], prepared: Mapping[DataConfig, Prepared]) -> Plan:
    """Fix lanes and devices for batches like the given one, so that none of them compiles a program of its own.

    The group with the most arithmetic decides.
    """
    groups = make_groups(specs, prepared, dataclasses.replace(plan, fixed=True))
    main = max(groups, key=lambda group: sum(map(group.flops, group.specs)))
    sizes = sizes_of([Crew((spec,), main.total_steps(spec)) for spec in main.specs], main.plan.order)
    lanes = choose_lanes(dataclasses.replace(main.plan, fixed=False), sizes)
    return dataclasses.replace(main.plan, lanes=lanes)


def _refuse_unfit(folder: runs.FolderStore, storage: Any) -> None:
    """Refuse a path where no search can be begun or go on, before anything is written.

    Raises:
      UserError: it is such a one.
    """
    if not (folder.path / "config.json").exists():
        folder.refuse_unfit([])
    elif storage is None and not (folder.path / runs.STUDY).exists():
        raise UserError(
            f"The workdir {folder.path} has no {runs.STUDY}: it was not begun by a search of mode adaptive with its "
            "study there; repeat the command that made it, or name a new --workdir."
        )


def _places(storage: Any, folder: runs.FolderStore | None) -> tuple[Any, str | None]:
    """Say where the study is, and which run folder it serves."""
    if folder is None:
        return storage, None
    return file_storage(folder.path / runs.STUDY) if storage is None else storage, str(folder.path.resolve())


def _examined(
    questions: Questions, space: Space, metric: str, data: Dataset | None
) -> tuple[dict[DataConfig, Prepared], list[tuple[str, Finding]]]:
    """Check the corners of a space as `nnjax.sweep` checks its trials; the data are loaded for that.

    Raises:
      UserError: a corner is impossible, or has not the metric.
    """
    specs = preflight.valid_trials(questions.base, corners(space), lambda text: None)
    prepared, findings = preflight.check(specs, data)
    require_metric(metric, specs, prepared)
    return prepared, findings


def _remarks(questions: Questions, sampler: Any, metric: str, findings: Sequence[tuple[str, Finding]]) -> list[str]:
    """Say what should be known before a search."""
    sentences = [preflight.told(arm, finding) for arm, finding in findings]
    if "test_" in metric:
        sentences.append(
            f"warning: The search chooses by {metric}, so the test part no longer says how good its best trial is on "
            "new data; choose by a val_ metric."
        )
    lists = [parameter(path) for path, values in questions.axes.items() if not isinstance(values, Range)]
    if sampler == "cmaes" and lists:
        sentences.append(f"remark: The sampler cmaes learns of ranges only; it draws {', '.join(lists)} at random.")
    return sentences
