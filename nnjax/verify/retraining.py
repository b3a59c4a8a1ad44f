"""Retraining one trial of a run alone, by the program that trained it among others: the same curve."""

from __future__ import annotations

import os
from typing import NamedTuple

import jax

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import replace
from nnjax.runs import folder as runs
from nnjax.train.layout.plan import Plan
from nnjax.train.storage.records import Record


class Retrial(NamedTuple):
    """What `nnjax.sweep` needs to train a trial of a run again."""

    experiment: Experiment
    title: str
    plan: Plan


def retrial(path: str | os.PathLike[str], trial: int) -> Retrial:
    """Describe the training of one trial of a run folder.

    Under the plan it meets the same program as in the run, in another lane and without neighbours; on one machine its
    curve is then the same bit for bit, unless the run moved it to fewer lanes towards its end (DESIGN: equivalence a).

    Raises:
      UserError: it is no run folder, it is damaged, it has no such trial, or that took over another one's weights.
    """
    folder = runs.FolderStore(path)
    config = folder.read_config()
    specs = config.specs
    if not 0 <= trial < len(specs):
        raise UserError(f"{folder.path} has no trial {trial}; its trials are 0 to {len(specs) - 1}.")
    stages = folder.read_schedules(len(specs))
    if stages and len(stages[trial]) > 1:
        last = stages[trial][-1]
        raise UserError(
            f"Trial {trial} went on from the weights of trial {last.parent} at epoch {last.epoch}, so that it cannot "
            "be trained alone; repeat the whole run, or start from its weights by --config.start_weights."
        )
    spec, plan = specs[trial], _plan(folder, folder.read_records(specs)[trial], trial)
    changes = {} if spec.start_from is None else {"start_weights": str(folder.weights_path(spec.start_from).resolve())}
    return Retrial(replace(spec.experiment, changes), f"Trial {trial} of {config.title}".strip(), plan)


def _plan(folder: runs.FolderStore, record: Record, trial: int) -> Plan:
    """Fix the layout in which a trial of a run began; a free one where that is not on record, or not to be had here."""
    for group in folder.read_plan():
        if trial in group["trials"] and 0 < record.devices <= len(jax.devices()):
            return Plan(record.devices, group["batch_devices"], record.lanes, group["order"], fixed=True)
    return Plan()
