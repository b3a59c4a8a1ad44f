"""One session of an adaptive search: ask, train, tell, until every setting has its value."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from nnjax.checks.finding import Finding
from nnjax.checks.invalid_values import validate
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.messages import remedy
from nnjax.core.types import DataFacts, Prepared
from nnjax.data import Datasets
from nnjax.diagnosis.trials import note_verdicts
from nnjax.exchange.start_weights import read_weights
from nnjax.models.envelope import Envelope
from nnjax.models.envelope_json import envelopes_from_json
from nnjax.runs.folder import FolderStore
from nnjax.runs.measured_baselines import measure_baselines
from nnjax.runs.resumed_plan import OTHER_PLAN, resumed_plan
from nnjax.runs.run import Run
from nnjax.search.options import Options, time_over
from nnjax.search.optuna.adaptive_space import AdaptiveSpace
from nnjax.search.optuna.study import AskTellStudy, Suggestion
from nnjax.search.optuna.trials import Trials, configs, curve_of, value_of
from nnjax.train.host.population import Population, TimeOver
from nnjax.train.host.progress import Observer, Progress
from nnjax.train.layout.groups import find_envelopes, make_groups
from nnjax.train.layout.lane_batch import LaneBatch, sizes_of
from nnjax.train.layout.plan import Plan, choose_lanes, from_json
from nnjax.train.storage.records import Record
from nnjax.train.storage.store import Store
from nnjax.verify import data_checks

NOTED = 16  # settings that a study notes at a time: others that work at it wait as long
Item = TypeVar("Item")


class Session:
    """One session of a search.

    Args:
      space, metric, options: what is searched for, see `nnjax.search.optuna.search.search`.
      study: which is asked.
      store: where weights and records are kept.
      datasets: the data.
      prepared: those that are split already.
      findings: of the pre-flight checks.
    """

    def __init__(
        self,
        space: AdaptiveSpace,
        metric: str,
        options: Options,
        study: AskTellStudy,
        store: Store,
        datasets: Datasets,
        prepared: Mapping[DataConfig, Prepared],
        findings: Sequence[tuple[str, Finding]],
    ):
        self.space, self.metric, self.options, self.study, self.store = space, metric, options, study, store
        self.prepared, self.findings = dict(prepared), list(findings)
        self.folder = store if isinstance(store, FolderStore) else None
        self.datasets, self.deadline = datasets, options.deadline()
        self.trials = Trials(space, data_checks.Resolver(datasets))
        self.plan: Plan | None = None
        self.envelopes: Sequence[Envelope] = ()
        self.population: Population | None = None

    def run(self) -> Run:
        """Go on until all settings are told."""
        begin, suggestions = time.monotonic(), self._resume()
        self.study.claim(self.metric)
        try:
            with time_over(self.options, lambda: self.trials.records):
                while self._ask(suggestions) or not self.trials.all_ended():
                    self._train(suggestions)
                    self._tell(suggestions)
                    suggestions = self.study.suggestions()
                    if len(suggestions) < self.space.num and time.monotonic() > (self.deadline or math.inf):
                        raise TimeOver
                (self.population or self._population(self.options.observe)).evaluate_chosen()
        finally:
            if self.population is not None:
                self.store.note_environment(self._layout(self.population), time.monotonic() - begin)
        if self.population is not None and self.population.cost():
            self.options.log(f"cost: {self.population.cost()}")
        specs, records, facts = self.trials.specs, self.trials.records, self._facts(self.trials.specs)
        run = Run(specs, records, self.store, facts, self.prepared, self.findings, self.options.title)
        note_verdicts(run)
        return run

    def _resume(self) -> list[Suggestion]:
        """List the settings of earlier sessions, and read how far their training came."""
        suggestions, study = self.study.suggestions(), self.study
        for one in suggestions:
            self.trials.add(one)
        if self.folder is not None and (self.folder.path / "config.json").exists():
            self._read_records(self.folder, suggestions)
        elif suggestions and (study.owner != study.run or any(one.told for one in suggestions)):
            raise UserError(
                f"The study {study.study.study_name!r} belongs to the run folder {study.owner}, not to {study.run}; "
                f"name another study, or go on with {remedy('workdir', '--workdir')}={study.owner}."
            )
        return suggestions

    def _read_records(self, folder: FolderStore, suggestions: Sequence[Suggestion]) -> None:
        old = folder.read_config().specs
        specs, told = self.trials.specs, self.trials.of_all(one for one in suggestions if one.told)
        folder.refuse_unfit([*specs[: len(old)], *old[len(specs) :]])
        if len(specs) < len(old) or max(told, default=-1) >= len(old):
            raise UserError(
                f"The study {self.study.study.study_name!r} has {len(specs)} trials of this run, but {folder.path} "
                f"has {len(old)}: bring the storage that belongs to it back, or name a new "
                f"{remedy('workdir', '--workdir')}."
            )
        self._prepare()
        self.trials.records[: len(old)] = folder.resume(old, self._facts(old))

    def _ask(self, suggestions: list[Suggestion]) -> bool:
        """Fill the batch under way, or a new one; say whether there is anything to train or to tell."""
        num, size = self.space.num, self.space.batch
        waits = any(not one.told for one in suggestions)
        more = 0 if self.study.exhausted or (waits and len(suggestions) % size == 0) else size - len(suggestions) % size
        for some in _chunks(range(min(more, num - len(suggestions)))):
            with self.study.together():
                suggestions.extend(self._ask_one() for _ in some)
        return any(not one.told for one in suggestions)

    def _ask_one(self) -> Suggestion:
        """Ask for one setting; those that no experiment can have, which were enqueued by hand, are left out."""
        while True:
            number = None
            try:
                one = self.study.ask()
                number = one.number
                for _, experiment in self.space.trials(one.params):
                    validate(experiment)
            except UserError as error:
                if number is not None:
                    self.study.fail(number)
                self.options.log(f"warning: A setting is left out: {error}")
            else:
                self.trials.add(one)
                self.study.keep(one.number, self.trials.of[one.number])
                return one

    def _prepare(self) -> None:
        new = [spec for spec in self.trials.specs if spec.experiment.data not in self.prepared]
        self.prepared |= data_checks.prepare_all(new, self.datasets)

    def _facts(self, specs: Sequence[TrialSpec]) -> dict[DataConfig, DataFacts]:
        return {config: self.prepared[config].facts() for config in configs(specs)}

    def _train(self, suggestions: Sequence[Suggestion]) -> None:
        """Train the settings that were suggested, and those that are left from before."""
        self._prepare()
        trials, options = self.trials, self.options
        if self.folder is not None:
            facts, baselines = self._facts(trials.specs), measure_baselines(trials.specs, self.prepared)
            given = facts, self.findings, options.title, trials.records, baselines
            self.folder.grow(self.space.base, trials.specs, *given)
        if trials.all_ended():
            return
        self.plan = self.plan or self._plan(suggestions)
        to_come = (self.space.num - len(suggestions)) * len(self.space.replicates)
        population = self._population(with_trials_to_come(options.observe, to_come))
        if self.population is not None:
            population.take_over(self.population)
        self.population = population
        if self.folder is not None:
            self.folder.note_environment(self._layout(population))
        trials.records = population.records
        population.run()

    def _population(self, observe: Observer) -> Population:
        given, stop = (self.trials.specs, self.prepared, self.plan, self.store), self.options.should_stop
        how: Any = {"read_weights": read_weights, "deadline": self.deadline, "envelopes": self.envelopes}
        return Population(*given, self.trials.records, observe, stop, **how)

    def _layout(self, population: Population) -> dict[str, Any]:
        """Describe the layout of the search, for the run folder: that of its trials so far, and its envelopes."""
        return population.describe() | {"envelopes": list(map(dataclasses.asdict, self.envelopes))}

    def _plan(self, suggestions: Sequence[Suggestion]) -> Plan:
        """Choose the layout by the first batch, which every session knows; say if it was another one before."""
        given, first = self.options.plan or Plan(), self.trials.of_all(suggestions[: self.space.batch])
        plan = given if self.folder is None else resumed_plan(given, self.folder)
        earlier = [] if self.folder is None else self.folder.read_plan()
        if self.folder is not None and earlier:
            self.envelopes = envelopes_from_json(self.folder.read_environment().get("envelopes", []))
        else:
            count = self.space.num * len(self.space.replicates)
            corners = [dataclasses.replace(s, experiment=self.trials.resolve(s.experiment)) for s in self.space.corners]
            self.envelopes = find_envelopes(corners, self.prepared, plan, count)
        batch = [spec for spec in self.trials.specs if spec.id in first]
        plan = batch_plan(plan, batch, self.prepared, self.envelopes, self.options.log)
        if any(dataclasses.replace(from_json(group), envelope=None) != plan for group in earlier):
            self.options.log(OTHER_PLAN)
        return plan

    def _tell(self, suggestions: Sequence[Suggestion]) -> None:
        """Tell the study the values of the settings that have ended."""
        for some in _chunks([one for one in suggestions if not one.told]):
            with self.study.together():
                for one in some:
                    records = [self.trials.records[trial] for trial in self.trials.of[one.number]]
                    status = ", ".join(dict.fromkeys(record.status for record in records))
                    value = float(np.mean([value_of(record, self.metric) for record in records]))
                    self.study.tell(one.number, value, curve_of(records, self.metric), status)
        done, num = len(suggestions), max(self.space.num, len(suggestions))
        best = self.study.best()
        found = (
            "none has a value yet" if best is None else f"best so far: {self.metric} {best[1]:.4g} (setting {best[0]})"
        )
        self.options.log(f"search: {done} of {num} settings evaluated; {found}")


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Divide what is noted in a study: a journal is locked meanwhile, and waits for the disk once."""
    for begin in range(0, len(items), NOTED):
        yield items[begin : begin + NOTED]


def with_trials_to_come(observe: Observer, count: int) -> Observer:
    """Show an observer the trials of the batches to come as waiting."""
    waiting = [Record() for _ in range(max(0, count))]

    def observe_all(progress: Progress) -> None:
        """Count the trials to come, too."""
        trials = len(progress.records)
        share = progress.work_done * trials / (trials + len(waiting))
        spent = sum(record.seconds for record in progress.records)  # of what is done of these trials
        each = spent / (trials * progress.work_done) if progress.work_done else math.nan
        left = progress.seconds_left + each * len(waiting)
        observe(progress._replace(records=[*progress.records, *waiting], work_done=share, seconds_left=left))

    return observe_all


def batch_plan(
    plan: Plan,
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    envelopes: Sequence[Envelope] = (),
    log: Callable[[str], None] = lambda text: None,
) -> Plan:
    """Fix lanes and devices for batches like the given one, so that none of them compiles a program of its own.

    The group with the most arithmetic decides.
    """
    groups = make_groups(specs, prepared, dataclasses.replace(plan, fixed=True), envelopes=envelopes, log=log)
    main = max(groups, key=lambda group: sum(map(group.flops, group.specs)))
    sizes = sizes_of([LaneBatch((spec,), main.total_steps(spec)) for spec in main.specs], main.plan.order)
    lanes = choose_lanes(dataclasses.replace(main.plan, fixed=False), sizes)
    return dataclasses.replace(main.plan, lanes=lanes, envelope=None)
