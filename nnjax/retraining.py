"""Retraining one trial of a run alone, by the program that trained it among others: the same curve."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from nnjax import runs
from nnjax.config import Experiment, TrialSpec
from nnjax.fields import replace
from nnjax.train import Plan
from nnjax.train.crews import Crew, sizes_of
from nnjax.train.plan import choose_lanes
from nnjax.types import UserError


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
      UserError: it is no run folder, it is damaged, or it has no such trial.
    """
    folder = runs.FolderStore(path)
    _, specs, title = folder.read_config()
    if not 0 <= trial < len(specs):
        raise UserError(f"{folder.path} has no trial {trial}; its trials are 0 to {len(specs) - 1}.")
    spec = specs[trial]
    changes = {} if spec.start_from is None else {"start_weights": str(folder.weights_path(spec.start_from).resolve())}
    return Retrial(replace(spec.experiment, changes), f"Trial {trial} of {title}".strip(), _plan(folder, specs, trial))


def _plan(folder: runs.FolderStore, specs: Sequence[TrialSpec], trial: int) -> Plan:
    """Fix the layout in which a trial of a run began; a free one if the run has none on record."""
    for group in folder.read_plan():
        members = group.pop("trials")
        if trial in members:
            plan = Plan(**group)
            sizes = sizes_of([Crew((specs[member],)) for member in members], plan.order)
            return Plan(plan.devices, plan.batch_devices, choose_lanes(plan, sizes), plan.order, fixed=True)
    return Plan()
