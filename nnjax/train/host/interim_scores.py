"""Score the trials under way and those that wait, as far as they have come, for a run whose time is over."""

from collections.abc import Sequence

import jax

from nnjax.train.host.active_batches import ActiveBatches
from nnjax.train.host.final_evaluation import finish
from nnjax.train.host.layouts import Layouts
from nnjax.train.host.rungs import Rungs
from nnjax.train.host.trials import Trials
from nnjax.train.layout.lane_batch import Group, LaneBatch, pack
from nnjax.train.storage.records import ENDED, RUNNING


def score_interim(trials: Trials, active: ActiveBatches, rungs: Rungs, layouts: Layouts) -> None:
    """Write the scores of all trials that have begun into their records and keep their weights, now and at their best.

    What the checkpoint has is not changed: trials that go on forget these scores.
    """
    _finish(trials, active, layouts)
    waiting = active.queued + [batch for group in layouts.groups for batch in rungs.paused_batches(group)]
    for group in layouts.groups:
        own = [batch for batch in waiting if layouts.group_of[batch.specs[0].id] is group]
        if own:
            _score(trials, group, own, active, layouts)
    trials.save()


def _score(trials: Trials, group: Group, batches: Sequence[LaneBatch], active: ActiveBatches, layouts: Layouts) -> None:
    """Score lane batches of a group, by the program under way if it is theirs, else by that in which they began."""
    if active.group is group:
        lanes, devices = active.lanes, active.program.mesh.size
    else:
        record = trials.records[batches[0].specs[0].id]
        lanes, devices = record.lanes, min(record.devices, jax.device_count())
    program = layouts.program(group, lanes, devices)
    packed, size = pack(batches, lanes, group.plan.order), program.size // lanes
    for begin in range(0, len(packed), size):
        some = ActiveBatches(program, group, lanes)
        some.place(dict(enumerate(packed[begin : begin + size])), lambda spec: None)
        _finish(trials, some, layouts)


def _finish(trials: Trials, active: ActiveBatches, layouts: Layouts) -> None:
    specs = [spec for spec in active.specs() if trials.records[spec.id].status in (RUNNING, *ENDED)]
    if specs:
        finish(trials, specs, active, layouts.data.data(active.group, active.program))
