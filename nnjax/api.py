"""Using nnjax from Python: `sweep` and `load`, and what they give back.

run = nnjax.sweep(experiment, {"learning_rate": nnjax.Range(1e-4, 1e-1, 16, log=True), "seed": range(3)})
run.table().sort_values("val_loss")
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from nnjax import diagnosing, preflight, run_files, run_signals, runs
from nnjax import sanity as sanity_checks
from nnjax.checks import Finding
from nnjax.companions import begin_together, open_folder
from nnjax.config import DataConfig, Experiment, Replicate, TrialSpec, replicate_of
from nnjax.data import prepare
from nnjax.diagnose.types import Diagnosis, Signals
from nnjax.exchange.network import Network, codes, outputs
from nnjax.fields import conform
from nnjax.keeping import ALL, keep_text, parse_keep, spans
from nnjax.metrics import is_maximised
from nnjax.models import Model, make_model
from nnjax.search import ADAPTIVE, Range, Space
from nnjax.search.schedulers import Scheduler, make_scheduler
from nnjax.statistics import Comparison, compare_paired, estimate
from nnjax.train import Plan, Population, Progress, Stopped, checkpoints, processes
from nnjax.train.batches import output_width
from nnjax.train.plan import from_json
from nnjax.train.records import (
    DROPPED,
    FINISHED,
    OVER,
    RUNNING,
    WAITING,
    MemoryStore,
    Record,
    Stage,
    Standing,
    stack_curves,
)
from nnjax.types import DataFacts, Dataset, Params, Prepared, UserError

if TYPE_CHECKING:
    import pandas as pd

    from nnjax.certificate import Certificate
    from nnjax.report.summary import Setting

Observer = Callable[[Progress], None]


class Run:
    """A trained (or partly trained) population: its trials, their curves and their weights.

    Attributes:
      specs, records: the trials and what is known of them.
      findings: of the pre-flight checks, with the arms they concern.
      path: the run folder; None if the run lives in memory.
      schedules: of population-based training, each trial's stages; empty elsewhere.
    """

    def __init__(
        self,
        specs: Sequence[TrialSpec],
        records: Sequence[Record],
        store: MemoryStore,
        facts: Mapping[DataConfig, DataFacts],
        prepared: Mapping[DataConfig, Prepared],
        findings: Sequence[tuple[str, Finding]] = (),
        title: str = "",
        schedules: Sequence[Sequence[Stage]] = (),
    ):
        self.schedules = [list(stages) for stages in schedules]
        self.specs, self.records, self.store = list(specs), list(records), store
        self.findings, self.title = list(findings), title
        self._facts, self._prepared = dict(facts), dict(prepared)
        self.path = store.path if isinstance(store, runs.FolderStore) else None

    def table(self) -> pd.DataFrame:
        """One row a trial: hyperparameters, status, final and best metrics."""
        import io

        import pandas as pd

        return pd.read_csv(io.StringIO(run_files.trials_csv(self.specs, self.records)))

    def settings(self, metric: str = "val_loss") -> pd.DataFrame:
        """One row a setting (trials that differ in their seed or fold only): mean, spread, 95 % interval.

        Trials that have not finished, or diverged, do not count. Folds share training examples, for which the interval
        allows (see `statistics.estimate`).
        """
        import pandas as pd

        rows = [
            {"setting": setting.label, **dataclasses.asdict(estimate(list(values.values()), _folds(setting)))}
            for setting, values in self.by_replicate(metric)
        ]
        return pd.DataFrame(rows)

    def compare(self, first: str, second: str, metric: str = "val_loss") -> Comparison:
        """Say whether one setting is really better than another, seed by seed (fold by fold); named as in `settings`.

        Raises:
          UserError: an unknown setting, or no finished seed in common.
        """
        known = {setting.label: (values, _folds(setting)) for setting, values in self.by_replicate(metric)}
        for name in (first, second):
            if name not in known:
                raise UserError(f"There is no setting {name!r}; there are {'; '.join(list(known)[:10])}.")
        (one, folds), (other, others) = known[first], known[second]
        if folds != others:
            raise UserError(
                f"{first!r} and {second!r} were validated on different folds: give both the same data.folds."
            )
        return compare_paired(one, other, folds)

    def by_replicate(self, metric: str = "val_loss") -> list[tuple[Setting, dict[Replicate, float]]]:
        """The settings, each with a metric's final values by seed and fold."""
        from nnjax.report import summary

        done = {i: r.values.get(metric, float("nan")) for i, r in enumerate(self.records) if r.status in FINISHED}
        return [
            (setting, {replicate_of(self.specs[i].experiment): done[i] for i in setting.trials if i in done})
            for setting in summary.settings(self)
        ]

    def curves(self) -> dict[str, np.ndarray]:
        """Arrays [trial, epoch] by name (train_loss, val_loss, ...), NaN past a trial's own epochs."""
        return stack_curves(self.records)

    def signals(self) -> Signals | None:
        """What was measured inside the networks while they trained; None where nobody looked."""
        return run_signals.stack(self.specs, self.records)

    def facts(self, trial: int = 0) -> DataFacts:
        """What a trial's network must know of the data it was trained on."""
        return self._facts[self.specs[trial].experiment.data]

    def data(self, trial: int = 0) -> Prepared:
        """The data that a trial was trained on, loaded again if need be.

        Raises:
          UserError: it is not there any more, or has changed since.
        """
        config = self.specs[trial].experiment.data
        if config not in self._prepared:
            if self._facts[config].name != config.name:
                raise UserError(f"The data {self._facts[config].name!r} were handed over in Python: do so again.")
            again = prepare(config)
            if again.dataset.sha256 != self._facts[config].sha256:
                raise UserError(f"The data {config.name!r} have changed since the run (their SHA-256 differs).")
            self._prepared[config] = again
        return self._prepared[config]

    def model(self, trial: int = 0) -> Model:
        """The network of a trial, as pure functions of its parameters."""
        return make_model(self.specs[trial].experiment.model, self.facts(trial).num_inputs, self.num_outputs(trial))

    def num_outputs(self, trial: int = 0) -> int:
        """k: the width of a trial's output."""
        return output_width(self.specs[trial].experiment.model, self.facts(trial))

    def params(self, trial: int = 0, which: str = "final") -> Params:
        """The weights of a trial at its last epoch ("final") or at its lowest validation loss ("best").

        Raises:
          UserError: there is no such trial, it has no weights (yet, or any more), or its file holds those of another
            network.
        """
        if which not in ("final", "best"):
            raise UserError(f"The weights {which!r} were asked for, but there are 'final' and 'best' ones.")
        record = self.records[self.known_trial(trial)]
        if record.status == DROPPED:
            raise UserError(
                f"Trial {trial} was dropped after {record.epochs} epochs: its weights were not kept. Train it alone by "
                f"scripts/train.py --from=RUN --trial={trial}."
            )
        if record.status in (WAITING, RUNNING):
            raise UserError(f"Trial {trial} is {record.status}: it has no weights yet; resume its run first.")
        if self.store.keep is not None and not self.store.has_weights(trial):
            there = [i for i in range(len(self.specs)) if self.store.has_weights(i)]
            raise UserError(
                f"The weights of trial {trial} were not kept, those of {spans(there)} were "
                f"(keep={keep_text(self.store.keep)}): name one of these, or train it alone by "
                f"scripts/train.py --from=RUN --trial={trial}."
            )
        blank = jax.eval_shape(self.model(trial).init, jax.random.key(0))
        try:
            return checkpoints.unflatten(blank, self.store.load_weights(trial), f"{which}/")
        except UserError as error:
            raise UserError(f"The weights of trial {trial} cannot be used: {error}") from None

    def network(self, trial: int = 0, which: str = "final") -> Network:
        """A trial's network with its weights and the facts of its data; errors as `params`."""
        params = self.params(trial, which)
        return Network(self.specs[trial].experiment.model, self.facts(trial), params)

    def export(self, path: str | os.PathLike[str], trial: int = 0, which: str = "final") -> None:
        """Write a trial's network to FILE.safetensors or, as a program that runs without nnjax, to FILE.jaxexport.

        FILE's name with .json at its end says what it is (`nnjax.exchange`).

        Raises:
          UserError: the file ends otherwise, or its folder is not there; see `params`.
        """
        from nnjax.exchange import files
        from nnjax.main import check_out

        files.save(self.network(trial, which), check_out(os.fspath(path), files.SAFETENSORS, files.PROGRAM))

    def known_trial(self, trial: int) -> int:
        """Give back the number of a trial.

        Raises:
          UserError: there is no such trial.
        """
        if not 0 <= trial < len(self.specs):
            there = f"trials 0 to {len(self.specs) - 1}" if len(self.specs) > 1 else "only trial 0"
            raise UserError(f"There is no trial {trial}; the run has {there}.")
        return trial

    def predict(self, x: np.ndarray, trial: int = 0, which: str = "final", encode: bool = False) -> np.ndarray:
        """Outputs [n, k] of a trial's network for raw inputs x [n, d], scaled as in training; with encode, codes.

        Outputs of a regression are in the target's own units.

        Raises:
          UserError: x has another width than the network's input; see `params`.
        """
        network = self.network(trial, which)
        x, width = np.asarray(x, np.float32), network.facts.num_inputs
        if x.ndim != 2 or x.shape[1] != width:
            raise UserError(f"The inputs have shape {x.shape}, but (n, {width}) was expected.")
        function = codes(network) if encode else outputs(network)
        parts = [np.asarray(function(x[i : i + 1000])) for i in range(0, len(x), 1000)]
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    def best_trial(self, metric: str = "val_loss") -> int:
        """The finished trial with the lowest final value of a metric; of an accuracy, with the highest.

        Raises:
          UserError: no finished trial has it.
        """
        done = {i: r.values.get(metric, np.nan) for i, r in enumerate(self.records) if r.status in FINISHED}
        found = {trial: value for trial, value in done.items() if np.isfinite(value)}
        if not found:
            raise UserError(f"No trial has finished with a finite {metric}; name a trial yourself.")
        best = max if is_maximised(metric) else min
        return best(found, key=lambda i: found[i])

    @functools.cached_property
    def diagnoses(self) -> list[Diagnosis | None]:
        """What each trial's curves mean; None for a trial that has not ended, or failed."""
        for trial in {spec.experiment.data: spec.id for spec in self.specs}.values():
            with contextlib.suppress(UserError):  # without its data the anchors are guessed
                self.data(trial)
        return diagnosing.diagnose_trials(self.specs, self.records, self._facts, self._prepared)

    def note_verdicts(self) -> None:
        """Fill in the verdicts of a run that has ended without them; one that goes on is left to its process."""
        if all(record.status in OVER for record in self.records):
            with contextlib.suppress(OSError):  # a folder that cannot be written keeps its table as it is
                diagnosing.note_verdicts(self.specs, self.records, self._facts, self._prepared, self.store)

    @functools.cached_property
    def certificate(self) -> Certificate | None:
        """What `certify` found, or has left in the run folder; None before.

        Raises:
          UserError: certificate.json is damaged.
        """
        from nnjax import certificate

        return certificate.read(self.store)

    @functools.cached_property
    def sanity(self) -> list[sanity_checks.Examined] | None:
        """What the sanity checks found before training; None where there were none.

        Raises:
          UserError: sanity.json is damaged.
        """
        if not isinstance(self.store, runs.FolderStore):
            return None
        return self.store.read_optional(sanity_checks.FILE, sanity_checks.from_json)

    def certify(
        self,
        announce: Callable[[str], None] = lambda text: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Certificate:
        """Train some trials again, to show that side by side they trained as alone; see `nnjax.certifying.certify`."""
        from nnjax import certifying

        return certifying.certify(self, announce, should_stop)

    def plot(self, path: str | os.PathLike[str] | None = None, metric: str = "loss") -> Any:
        """Draw train and validation curves of all trials; saved to `path` if given. Returns the matplotlib figure."""
        from nnjax.report.figures import plot_curves

        figure = plot_curves(self, metric)
        if path is not None:
            figure.savefig(path)
        return figure

    def report(self, path: str | os.PathLike[str] | None = None) -> pathlib.Path:
        """Write the HTML report, by default into the run folder; returns its path."""
        from nnjax.report import write_report

        return write_report(self, path)


OTHER_PLAN = "remark: The plan is not the earlier one: the results agree with it closely, but not bit for bit."


def _folds(setting: Setting) -> int | None:
    return setting.experiment.data.folds


def sweep(
    experiment: Experiment,
    space: Space | Mapping[str, Sequence[Any] | Range] = Space(),
    *,
    workdir: str | os.PathLike[str] | None = None,
    data: Dataset | None = None,
    plan: Plan | None = None,
    title: str = "",
    keep: str = ALL,
    observe: Observer = lambda progress: None,
    announce: Callable[[str], None] = lambda text: None,
    should_stop: Callable[[], bool] = lambda: False,
    sanity: bool = False,
) -> Run:
    """Train every trial of a search space as one population.

    Args:
      experiment: the base; what the space does not change.
      space: a `Space`, or its axes for a grid; without one the experiment is trained alone: a population of one.
      workdir: the run folder; a second call with the same folder and experiment resumes. None keeps all in memory.
      data: a data set of your own (see `nnjax.data.from_arrays`); None loads `experiment.data` by name.
      plan: the layout; None to choose.
      title: of the report.
      keep: "all", or "best:K": only the weights of the K trials with the lowest validation loss are kept.
      observe: called with a `Progress` after every segment.
      announce: called with sentences (pre-flight findings, the plan).
      should_stop: asked between segments.
      sanity: whether short trials show first if learning can work at all (see `nnjax.sanity`), once a run folder.

    Raises:
      UserError: an impossible experiment, unusable data, or a workdir of another experiment.
      Stopped: `should_stop` said so; the same call resumes.
    """
    if not isinstance(space, Space | Mapping):
        raise UserError(f"The space is {space!r}, but a Space, or axes such as {{'seed': range(3)}}, was expected.")
    space = space if isinstance(space, Space) else Space(axes=space)
    if space.mode == ADAPTIVE:
        from nnjax.search.adaptive import search

        if sanity:
            raise UserError(
                "The sanity checks look at given settings, but mode adaptive asks for them: train one first."
            )
        return search(
            experiment,
            space,
            workdir=workdir,
            data=data,
            plan=plan,
            title=title,
            keep=keep,
            observe=observe,
            announce=announce,
            should_stop=should_stop,
        )
    if not processes.first():
        observe, announce = lambda progress: None, lambda text: None  # the first process speaks for all
    experiment = conform(experiment)
    specs = preflight.valid_trials(experiment, space, announce)
    scheduler = make_scheduler(space, specs)
    rules = {} if scheduler is None else scheduler.description
    most = parse_keep(keep)
    folder = None if workdir is None else open_folder(workdir, announce, most)
    if folder is not None:
        folder.refuse_unfit(specs, rules)
    prepared, findings = preflight.check(specs, data)
    for arm, finding in findings:
        announce(preflight.told(arm, finding))
    facts = {config: some.facts() for config, some in prepared.items()}
    stand = None if scheduler is None else _noted(scheduler, folder)
    earlier = [] if folder is None else folder.read_plan()
    population = Population(
        specs,
        prepared,
        plan,
        folder or MemoryStore(most),
        observe=observe,
        should_stop=should_stop,
        stand=stand,
        announce=announce,
        planned=lambda: folder.note_environment(population.describe()) if folder is not None else None,
        earlier=earlier,
    )
    if scheduler is not None:
        population.refuse_unknown_curve(scheduler.metric)
    if folder is not None:
        begin = functools.partial(folder.begin, experiment, specs, facts, findings, title, rules)
        population.records = begin_together(begin)
        if earlier and [from_json(group) for group in earlier] != [group.plan for group in population.groups]:
            announce(OTHER_PLAN)
    sane = _examine(specs, prepared, folder, announce, should_stop) if sanity else None
    _train(population, folder, facts, prepared)
    if population.cost():
        announce(f"cost: {population.cost()}")
    schedules = scheduler.schedules(population.records) if scheduler and scheduler.schedules else ()
    run = Run(specs, population.records, population.store, facts, prepared, findings, title, schedules)
    run.sanity = run.sanity if sane is None else sane
    return run


def _examine(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    folder: runs.FolderStore | None,
    announce: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> list[sanity_checks.Examined]:
    """Run the sanity checks, unless the run folder has them; if they are interrupted, let go of it."""
    found = None if folder is None else folder.read_optional(sanity_checks.FILE, sanity_checks.from_json)
    if found is not None:
        for text in (text for one in found for text in sanity_checks.told(one)):
            announce(text)
        return found
    try:
        found = sanity_checks.examine(specs, prepared, announce, should_stop)
        if folder is not None:
            folder.write_json(sanity_checks.FILE, sanity_checks.to_json(found))
    except BaseException:
        if folder is not None:
            folder.release()
        raise
    return found


def _noted(scheduler: Scheduler, folder: runs.FolderStore | None) -> Callable[[Sequence[Record]], Standing]:
    """Let a run folder hear of each decision by which trials replace others."""
    replay = scheduler.schedules
    if folder is None or replay is None:
        return scheduler.stand

    def stand(records: Sequence[Record]) -> Standing:
        folder.save_schedules(replay(records))
        return scheduler.stand(records)

    return stand


def kept_plan(plan: Plan, folder: runs.FolderStore) -> Plan:
    """Fill in the number of devices of the run so far, where none is asked for and there are as many.

    Several processes use all that they have.
    """
    earlier = [group.get("devices", 1) for group in folder.read_plan()]
    if plan.devices is not None or not earlier or max(earlier) > len(jax.devices()) or processes.several():
        return plan
    return dataclasses.replace(plan, devices=max(earlier))


def _train(
    population: Population,
    folder: runs.FolderStore | None,
    facts: Mapping[DataConfig, DataFacts],
    prepared: Mapping[DataConfig, Prepared],
) -> None:
    """Train a population and diagnose it; however that ends, note how long it took, and let go of the run folder.

    Of one that has ended before nothing is noted.
    """
    begin, ended = time.time(), all(record.status in OVER for record in population.records)
    try:
        if not ended:
            population.store.note_environment(population.describe())
            population.run()
        diagnosing.note_verdicts(population.specs, population.records, facts, prepared, population.store)
    finally:
        try:
            if not ended:
                population.store.note_environment(population.describe(), time.time() - begin)
        finally:
            if folder is not None:
                folder.release()


def save_weights(params: Params, path: str | os.PathLike[str]) -> None:
    """Write weights (nested {layer: {kernel, bias}}) to an NPZ file from which `Experiment.start_weights` starts."""
    arrays = checkpoints.flatten(params, checkpoints.FINAL)
    checkpoints.write_atomically(pathlib.Path(path), checkpoints.to_bytes(arrays))


def load(path: str | os.PathLike[str]) -> Run:
    """Open a run folder for reading.

    Raises:
      UserError: it is no run folder, or it is damaged.
    """
    store = runs.FolderStore(path)
    _, specs, title = store.read_config()
    store.keep = store.read_keep()
    facts, findings = store.read_facts()
    schedules = store.read_schedules(len(specs))
    return Run(specs, store.read_records(specs), store, facts, {}, findings, title, schedules)


__all__ = ["Run", "Stopped", "load", "save_weights", "sweep"]
