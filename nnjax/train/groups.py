"""Sorting trials into groups, each with its data on the host and its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nnjax.config import DataConfig, Experiment, TrialSpec, program_key
from nnjax.train.batches import make_device_data, make_shapes
from nnjax.train.crews import Group
from nnjax.train.memory import most_lanes, refuse_too_large
from nnjax.train.plan import Plan, answers, from_json, settle
from nnjax.train.planner import Measured, group_sizes, recalled
from nnjax.train.processes import least
from nnjax.train.trial import Trial
from nnjax.train.windows import make_stream
from nnjax.types import Prepared, TrialState


def make_groups(
    specs: Sequence[TrialSpec],
    prepared: Mapping[DataConfig, Prepared],
    plan: Plan,
    earlier: Sequence[Mapping[str, Any]] = (),
) -> list[Group]:
    """Sort trials into groups, in the order in which they first appear, each with its plan.

    Args:
      specs, prepared: as for `Population`.
      plan: what is asked of the layout.
      earlier: the groups' plans of an earlier session, with the ids of their trials; kept where they answer `plan`.

    Raises:
      UserError: an impossible plan, a window that holds no batch, or a trial or data too large for a device.
    """
    measured = Measured()
    members: dict[Experiment, list[TrialSpec]] = {}
    for spec in specs:
        members.setdefault(program_key(spec.experiment), []).append(spec)
    groups = []
    for key, some in members.items():
        shapes = make_shapes(key, prepared[key.data])
        stream = make_stream(key, prepared[key.data])
        refuse_too_large(key, prepared[key.data])
        data = make_device_data(key, prepared[key.data])
        most = least(most_lanes(key, shapes, data, stream))
        group = Group(key, some, shapes, settle(plan, some, shapes, most), data, stream)
        kept = next((from_json(old) for old in earlier if some[0].id in old.get("trials", ())), None)
        if kept is None or not answers(kept, plan):
            kept = recalled(plan, group.plan, group_sizes(group), measured.table(group))
        groups.append(group._replace(plan=kept))
    return groups


def blank_state(group: Group) -> TrialState:
    """Give the shapes of one trial's state."""
    trial, names = Trial(group.key, group.shapes), group.key.hyperparameters.present()
    number = jax.ShapeDtypeStruct((), trial.dtype)
    return jax.eval_shape(trial.init, dict.fromkeys(names, number), jax.ShapeDtypeStruct((), np.uint32))
