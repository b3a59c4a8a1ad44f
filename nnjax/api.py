"""Train from Python: `sweep` trains the trials of a search space, `save_weights` writes weights to start from.

run = nnjax.sweep(experiment, {"learning_rate": nnjax.Range(1e-4, 1e-1, 16, log=True), "seed": range(3)})
run.table().sort_values("val_loss")
"""

import dataclasses
import functools
import math
import os
import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core import messages
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.fields import coerce_fields, import_objects, replace
from nnjax.core.files import check_out, write_atomically
from nnjax.core.messages import remedy
from nnjax.core.text import represent
from nnjax.core.types import Params, Prepared
from nnjax.data import Datasets, prepare_loaded
from nnjax.data.in_memory import as_dataset
from nnjax.diagnosis import trials
from nnjax.exchange import start_weights
from nnjax.exchange.start_weights import read_weights
from nnjax.models.adapters.compiled import as_experiment, with_compiled
from nnjax.runs.measured_baselines import measure_baselines
from nnjax.runs.resumed_plan import OTHER_PLAN
from nnjax.runs.run import Run
from nnjax.runs.secondary_process import begin_together, open_folder
from nnjax.search.options import Options, time_over
from nnjax.search.optuna.search import search
from nnjax.search.pbt import PopulationBasedTraining
from nnjax.search.schedulers import Scheduler, make_scheduler
from nnjax.spaces.expansion import expand
from nnjax.spaces.ranges import Axis
from nnjax.spaces.space import ADAPTIVE, Space
from nnjax.trackers.tracking import tracked
from nnjax.train import distributed
from nnjax.train.display import displayed
from nnjax.train.host.population import Population, Stopped
from nnjax.train.host.progress import Observer, silent
from nnjax.train.jax_modes import started
from nnjax.train.layout.plan import Plan, from_json
from nnjax.train.storage import named_arrays, npz
from nnjax.train.storage.records import OVER, is_scored
from nnjax.train.storage.retention import ALL, parse_keep
from nnjax.train.storage.selection import refuse_several_rules
from nnjax.train.storage.store import MemoryStore, Store
from nnjax.verify import data_checks
from nnjax.verify.sanity.run import examine_once


@started()
def sweep(
    experiment: Any,
    space: Space | Mapping[str, Axis] = Space(),
    *,
    workdir: str | os.PathLike[str] | None = None,
    data: Any = None,
    target: str | int | Sequence[str | int] | None = None,
    weight: str | None = None,
    plan: Plan | None = None,
    title: str = "",
    keep: str = ALL,
    observe: Observer = silent,
    log: Callable[[str], None] = messages.send,
    should_stop: Callable[[], bool] = lambda: False,
    sanity: bool = False,
    progress: bool | None = None,
    max_seconds: float | None = None,
    trackers: Any = None,
) -> Run:
    """Train every trial of a search space as one population.

    Args:
      experiment: the base; what the space does not change. A model may stand for it: a name, a Flax module, a function
        rngs -> nnx.Module or key -> equinox.Module, a `keras.Model` (whose loss, optimizer and metrics are taken from
        its `compile`), or (init, apply).
      space: a `Space`, or its axes for a grid; without one the experiment is trained alone: a population of one.
      workdir: the run folder; a second call with the same folder and experiment resumes. None keeps all in memory.
      data: a data set of your own: (x, y), (x, y, sample_weight), a DataFrame with `target`, or what
        `nnjax.from_arrays` or `nnjax.from_frames` makes; None loads `experiment.data` by name.
      target: the column to predict of a DataFrame, or several; the last one by default.
      weight: the column of a DataFrame with the examples' weights (`from_arrays`); it is no input.
      plan: the layout; None to choose.
      title: of the report.
      keep: "all", or "best:K": only the weights of the K best trials and of the chosen setting's are kept.
      observe: called with a `Progress` after every segment.
      log: called with sentences (pre-flight findings, the plan); by default what may be amiss is a warning
        (`nnjax.NnjaxWarning`), and all else goes to the logger "nnjax" as information.
      should_stop: asked between segments.
      sanity: whether short trials show first if learning can work at all (`nnjax.verify.sanity`), once a folder.
      progress: whether to show the training on standard error or in the notebook; None for where someone looks: on a
        terminal and in notebooks, unless something else observes.
      max_seconds: after which the run ends with the best so far: trials under way are scored at their best epoch, and
        with a workdir the same call goes on from there. No part of the experiment: it may differ from call to call.
      trackers: told of settings, curves and verdicts (`nnjax.trackers`): "tensorboard", "jsonl", "wandb", "trackio", or
        objects; several as a list.

    Raises:
      UserError: an impossible experiment, unusable data, or a workdir of another experiment.
      Stopped: `should_stop` said so, or Ctrl-C came (where Python's own handler is in place); the same call resumes.
    """
    if not isinstance(plan, Plan | None) or not isinstance(title, str):
        raise UserError(
            f"The plan is {represent(plan)} and the title {represent(title)}, but a Plan, or None, and a text were "
            "expected."
        )
    if not isinstance(space, Space | Mapping):
        raise UserError(
            f"The space is {represent(space)}, but a Space, or axes such as {{'seed': range(3)}}, was expected."
        )
    space = space if isinstance(space, Space) else Space(axes=space)
    if not distributed.is_main_process():
        observe, log, progress = silent, lambda text: None, False  # the first process speaks for all
    if experiment is None or isinstance(experiment, Mapping | int | float | Space):
        raise UserError(
            f"The experiment is {represent(experiment):.80}, but an Experiment or a model was expected: write "
            "nnjax.Experiment(...)."
        )
    if isinstance(experiment, Experiment):
        experiment, sentence = with_compiled(coerce_fields(experiment))
        if sentence:
            log(f"remark: {sentence}")
    else:
        experiment = coerce_fields(as_experiment(experiment))
    trackers = trackers if distributed.is_main_process() else None
    with displayed(progress, observe) as observe, tracked(trackers, workdir, observe, log) as (observe, ended):
        options = Options(workdir, None, plan, title, keep, observe, log, should_stop, max_seconds)
        if space.mode == ADAPTIVE:
            if sanity:
                raise UserError(
                    "The sanity checks need fixed settings, but mode adaptive chooses them while it runs: turn one of "
                    "the two off."
                )
            options = options._replace(data=as_dataset(data, target, weight, experiment.data))
            return ended(search(experiment, space, **options._asdict()))
        experiment = import_objects(experiment)
        specs = expand(experiment, space, log)
        options = options._replace(data=as_dataset(data, target, weight, specs[0].experiment.data))
        return ended(train_trials(experiment, space, specs, options, sanity))


def train_trials(
    base: Experiment, space: Space, specs: Sequence[TrialSpec], options: Options, sanity: bool = False
) -> Run:
    """Train the trials that a space was expanded into; see `sweep`."""
    deadline = options.deadline()
    most, datasets = parse_keep(options.keep), Datasets(options.data)
    specs = data_checks.resolve_trials(specs, datasets, options.log)
    base = data_checks.with_resolved_fields(base, specs)
    refuse_several_rules(specs)
    scheduler = make_scheduler(space, specs, merge=options.plan is None or options.plan.merge)
    rules = {} if scheduler is None else scheduler.description
    folder = None if options.workdir is None else open_folder(options.workdir, options.log, most)
    if folder is not None:
        folder.refuse_unfit(specs, rules)
    prepared, findings = data_checks.check(specs, datasets)
    for arms, finding in findings:
        options.log(data_checks.format_finding(arms, finding))
    for sentence in start_weights.remarks(specs):
        options.log(sentence)
    facts, baselines = {config: some.facts() for config, some in prepared.items()}, measure_baselines(specs, prepared)
    earlier = [] if folder is None else folder.read_plan()
    population = _population(specs, prepared, scheduler, folder or MemoryStore(most), earlier, options, deadline)
    if folder is not None:
        begin = functools.partial(folder.begin, base, specs, facts, findings, options.title, rules, baselines)
        population.records[:] = begin_together(begin)
        if earlier and [from_json(group) for group in earlier] != [group.plan for group in population.layouts.groups]:
            options.log(OTHER_PLAN)

    def as_run() -> Run:
        schedules = () if scheduler is None else scheduler.decide(population.records).schedules
        given = population.records, population.store, facts, prepared, findings, options.title, schedules, baselines
        return Run(specs, *given)

    try:
        sane = examine_once(specs, prepared, folder, options.log, options.should_stop) if sanity else None
        run = _train(population, as_run, options)
    finally:
        if folder is not None:
            folder.release()
    if population.cost():
        options.log(f"cost: {population.cost()}")
    run.sanity = run.sanity if sane is None else sane
    return run


def _population(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    scheduler: Scheduler | None,
    store: Store,
    earlier: Sequence[Mapping[str, Any]],
    options: Options,
    deadline: float | None,
) -> Population:
    """Make the population, whose plan is noted in the store."""
    envelopes = scheduler.envelopes if isinstance(scheduler, PopulationBasedTraining) else []
    population = Population(
        specs,
        prepared,
        options.plan,
        store,
        observe=options.observe,
        should_stop=options.should_stop,
        decide=None if scheduler is None else scheduler.decide,
        log=options.log,
        planned=lambda: store.note_environment(population.describe()),
        earlier=earlier,
        read_weights=read_weights,
        deadline=deadline,
        envelopes=envelopes,
    )
    if not {group.shapes.envelope for group in population.layouts.groups}.issuperset(envelopes):
        raise UserError(
            "Evolution copies networks of different architectures into each other, for which the program that holds "
            "all of them does not fit the memory of a device: pass "
            + remedy("plan=nnjax.Plan(merge=False)", "--nomerge")
            + ", so that only networks of one architecture replace each other."
        )
    if scheduler is not None:
        population.refuse_unknown_curve(scheduler.metric)
    return population


def _train(population: Population, as_run: Callable[[], Run], options: Options) -> Run:
    """Train a population and diagnose it; note how long it took, unless it had ended before."""
    begin, ended = time.monotonic(), all(record.status in OVER for record in population.records)
    try:
        if not ended:
            population.store.note_environment(population.describe())
            with time_over(options, lambda: population.records):
                population.run()
        population.evaluate_chosen()
        run = as_run()
        trials.note_verdicts(run)
        return run
    finally:
        if not ended:
            population.store.note_environment(population.describe(), time.monotonic() - begin)


def refit(run: Run, **options: Any) -> Run:
    """Train the chosen setting of a run once more, on all examples that are not test, for its median best epoch.

    With the seed of the chosen network. Where its learning rate follows a schedule, that spans the fewer epochs.

    Args:
      run: with a validation part, or with folds.
      options: workdir, title, observe, log, should_stop, as for `sweep`.

    Returns:
      A run of one trial, without a validation part; its `predict` uses the final weights.

    Raises:
      UserError: nothing can be chosen (`Run.chosen`), the trial took over another one's weights, the data are gone, or
        without a validation part others would be the test examples.
    """
    choice = run.chosen()
    spec, before = run.specs[choice.trial], run.data(choice.trial)
    if spec.start_from is not None or (run.schedules and len(run.schedules[spec.id]) > 1):
        raise UserError(
            f"Trial {spec.id} went on from another trial's weights, so that it cannot be trained again alone."
        )
    scored = [run.records[i] for i in choice.setting.trials if is_scored(run.records[i])]
    ends = [record.values.get("best_epoch", math.nan) for record in scored]
    config = dataclasses.replace(spec.experiment.data, validation=0, folds=None, fold=0, fold_seed=0)
    if not np.array_equal(prepare_loaded(before.dataset, config, spec.experiment.batch_size).test, before.test):
        raise UserError(
            "Without the validation part other examples would be the test part: name the test examples, by a source "
            "that has a test part of its own."
        )
    changes = {"epochs": max(1, math.ceil(np.nanmedian(ends))), "patience": None}
    experiment = dataclasses.replace(replace(spec.experiment, changes), data=config)
    return sweep(experiment, data=before.dataset, **options)


def save_weights(params: Params, path: str | os.PathLike[str]) -> None:
    """Write weights (nested {layer: {kernel, bias}}) to an NPZ file from which `Experiment.start_weights` starts."""
    target = check_out(path, ".npz")
    arrays = named_arrays.flatten(params, named_arrays.FINAL)
    write_atomically(pathlib.Path(target), npz.to_bytes(arrays))


__all__ = ["Stopped", "save_weights", "sweep"]
