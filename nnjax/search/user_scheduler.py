"""A user's scheduler: its decisions are checked, and its name is kept in the run folder."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from nnjax.core.errors import UserError
from nnjax.core.experiment import TrialSpec
from nnjax.core.object_refs import ObjectRef
from nnjax.nn.user_functions import place_of
from nnjax.train.scheduler import Decision
from nnjax.train.storage.records import OVER, Record


class OwnScheduler(NamedTuple):
    """A scheduler of the user's for given trials; see `nnjax.train.scheduler.Scheduler`."""

    scheduler: Any  # it has `decide`, and may have `metric` and `description`
    name: str  # its import path
    specs: tuple[TrialSpec, ...]  # the trials

    @property
    def metric(self) -> str:
        """Name the curve by which trials are compared; "train_loss", which all trials have, where it names none."""
        return str(getattr(self.scheduler, "metric", "train_loss"))

    @property
    def description(self) -> dict[str, Any]:
        """Return what decides beside the curves; UserError if it is not of JSON's own types."""
        own = {"path": self.name, **getattr(self.scheduler, "description", {})}
        try:
            found: dict[str, Any] = json.loads(json.dumps(own))
        except TypeError as error:
            raise UserError(f"The scheduler {self.name} has a description that JSON cannot hold: {error}.") from None
        return {"scheduler": found}

    def decide(self, records: Sequence[Record]) -> Decision:
        """Let it decide; UserError if it fails, or for anything but a `Decision` that can be followed."""
        what = f"The scheduler {self.name}"
        try:
            found = self.scheduler.decide(records)
        except Exception as error:
            raise UserError(f"{what} failed: {type(error).__name__}: {error}{place_of(error)}.") from error
        if not isinstance(found, Decision):
            raise UserError(
                f"{what} returned {type(found).__name__}, but an nnjax.train.scheduler.Decision was expected."
            )
        unknown = {*found.limits, *found.dropped, *found.parents} - {spec.id for spec in self.specs}
        if unknown:
            raise UserError(f"{what} names trial {min(unknown)}, but there are 0 to {len(self.specs) - 1}.")
        limits = {i: min(found.limits.get(i, 0), spec.experiment.epochs) for i, spec in enumerate(self.specs)}
        going = [i for i, record in enumerate(records) if record.status not in OVER and i not in found.dropped]
        if going and all(limits[i] <= records[i].epochs for i in going):
            raise UserError(
                f"{what} lets none of the trials {', '.join(map(str, going[:5]))} go on, which would wait for ever: "
                "raise a limit, or drop them."
            )
        return found._replace(limits=limits)


def make_own(given: Any, specs: Sequence[TrialSpec]) -> OwnScheduler:
    """Make the scheduler of an object with `decide`, or a function of the trials; UserError if it makes another."""
    name = str(ObjectRef(given))
    try:
        scheduler = given if hasattr(given, "decide") and not isinstance(given, type) else given(list(specs))
    except TypeError as error:
        raise UserError(
            f"The scheduler {name} could not be made of a list of trials ({error}): an object with decide(records), or "
            "a function of the trials that makes one, was expected."
        ) from error
    if not hasattr(scheduler, "decide"):
        raise UserError(
            f"The function {name} of trials made a {type(scheduler).__name__}, but an object with decide(records) was "
            "expected."
        )
    return OwnScheduler(scheduler, name, tuple(specs))
