"""Choose the plan with which a resumed run goes on."""

import dataclasses

import jax

from nnjax.runs.folder import FolderStore
from nnjax.train import distributed
from nnjax.train.layout.plan import Plan

OTHER_PLAN = "remark: The plan has changed since the last session, so results agree closely with it, not bit for bit."


def resumed_plan(plan: Plan, folder: FolderStore) -> Plan:
    """Fill in the number of devices of the run so far, where none is asked for and there are as many.

    Several processes use all that they have.
    """
    earlier = [group.get("devices", 1) for group in folder.read_plan()]
    if plan.devices is not None or not earlier or max(earlier) > len(jax.devices()) or distributed.is_distributed():
        return plan
    return dataclasses.replace(plan, devices=max(earlier))
