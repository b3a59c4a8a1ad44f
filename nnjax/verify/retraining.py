"""Retrain trials of a run: one alone under the plan of the run, or some at the places of a program."""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.core.fields import replace
from nnjax.core.messages import remedy
from nnjax.exchange.start_weights import read_weights
from nnjax.models.envelope import merged_part, shared_part
from nnjax.models.envelope_json import envelope_from_json
from nnjax.runs import folder as runs
from nnjax.runs.config_json import refuse_other_draws
from nnjax.runs.run import Run
from nnjax.train.host.population import Population
from nnjax.train.layout.plan import Plan
from nnjax.train.scheduler import Decision
from nnjax.train.storage.records import DONE, Record
from nnjax.train.storage.store import MemoryStore


class Retrial(NamedTuple):
    """What `nnjax.sweep` needs to train a trial of a run again."""

    experiment: Experiment
    title: str
    plan: Plan


def retrial(path: str | os.PathLike[str], trial: int) -> Retrial:
    """Describe the training of one trial of a run folder.

    Under the plan it meets the same program as in the run, in another lane and without neighbors; on one machine its
    curve is then the same bit for bit, unless the run moved it to fewer lanes toward its end (DESIGN: equivalence a).

    Raises:
      UserError: it is no run folder, it is damaged, its draws are of an earlier version, it has no such trial, or that
        took over another one's weights.
    """
    folder = runs.FolderStore(path)
    config = folder.read_config()
    specs = config.specs
    refuse_other_draws(config, f"{folder.path}", "training a trial again")
    if not 0 <= trial < len(specs):
        raise UserError(f"{folder.path} has no trial {trial}; its trials are 0 to {len(specs) - 1}.")
    stages = folder.read_schedules(len(specs))
    if stages and len(stages[trial]) > 1:
        last = stages[trial][-1]
        raise UserError(
            f"Trial {trial} went on from the weights of trial {last.parent} at epoch {last.epoch}, so that it cannot "
            "be trained alone; repeat the whole run, or start from its weights by "
            + remedy("Experiment(start_weights=…).", "--config.start_weights.")
        )
    spec, plan = specs[trial], _plan(folder, folder.read_records(specs)[trial], trial)
    changes = {} if spec.start_from is None else {"start_weights": str(folder.weights_path(spec.start_from).resolve())}
    return Retrial(replace(spec.experiment, changes), f"Trial {trial} of {config.title}".strip(), plan)


def _plan(folder: runs.FolderStore, record: Record, trial: int) -> Plan:
    """Fix the layout in which a trial of a run began; a free one where that is not on record, or not to be had here."""
    for group in folder.read_plan():
        if trial in group["trials"] and 0 < record.devices <= len(jax.devices()):
            return plan_of(record, group)
    return Plan()


def plan_of(record: Record, group: Mapping[str, Any]) -> Plan:
    """Fix the layout of the program that trained a trial, from the description of its group in the run folder."""
    envelope = envelope_from_json(group.get("envelope"))
    return Plan(record.devices, group["batch_devices"], record.lanes, group["order"], fixed=True, envelope=envelope)


def neighbors(run: Run, trial: int, plan: Plan, count: int) -> list[TrialSpec]:
    """Find trials that can be in step with one: others of the run, the last first; else itself at half its rate."""
    own = run.specs[trial].experiment

    def fits(spec: TrialSpec) -> bool:
        """Whether a trial can be in step with the one, in the same program."""
        other = spec.experiment
        in_step = other.epochs == own.epochs and (plan.order == "own" or other.seed == own.seed)
        alike = other.program_key == own.program_key
        if plan.envelope is not None:
            keys = other.program_key, own.program_key
            common = merged_part if plan.envelope.batch_sizes else shared_part
            alike = common(keys[0]) == common(keys[1]) and plan.envelope.holds(other)
        return spec.id != trial and in_step and alike

    slower = replace(own, {"learning_rate": (own.hyperparameters.learning_rate or 1.0) / 2})
    others = [spec.experiment for spec in reversed(run.specs) if fits(spec)] or [slower]
    return [TrialSpec(0, replace(others[i % len(others)], {"start_weights": None})) for i in range(count)]


def retrain(
    run: Run, specs: Sequence[TrialSpec], plan: Plan, epochs: int, should_stop: Callable[[], bool]
) -> list[Record]:
    """Train trials again, at the places of a program in the order given, for some epochs; give their records."""
    parents = dict.fromkeys(spec.start_from for spec in specs if spec.start_from is not None)
    ids = {parent: place for place, parent in enumerate(parents)}
    rows = [
        TrialSpec(i, spec.experiment, "", None if spec.start_from is None else ids[spec.start_from])
        for i, spec in enumerate(specs, len(ids))
    ]
    sources = [dataclasses.replace(run.specs[parent], id=place, start_from=None) for parent, place in ids.items()]
    store = MemoryStore()
    store.weights = {place: run.store.load_weights(parent) for parent, place in ids.items()}
    trials, records = [*sources, *rows], [Record(DONE) for _ in sources] + [Record() for _ in rows]
    firsts = {spec.experiment.data: spec.id for spec in reversed(run.specs)}
    data = {spec.experiment.data: run.data(firsts[spec.experiment.data]) for spec in trials}
    target = Decision({spec.id: epochs for spec in trials})
    population = Population(
        trials, data, plan, store, records, should_stop=should_stop, decide=lambda _: target, read_weights=read_weights
    )
    return population.run()[len(ids) :]
