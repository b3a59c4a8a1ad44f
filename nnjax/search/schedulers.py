"""What decides while trials train, as the trainer and the run folder take it: halving, evolution, or nothing."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from nnjax.core.experiment import TrialSpec
from nnjax.search import halving, pbt
from nnjax.spaces.space import Space
from nnjax.train.storage.records import Record, Stage, Standing


class Scheduler(NamedTuple):
    """A space's halving or evolution, for given trials.

    Attributes:
      metric: the curve by which trials are compared.
      description: {the space's field: all that decides beside the curves}, in JSON's own types.
      stand: says how far trials may train (see `Standing`).
      schedules: gives each trial's stages; None where hyperparameters stay as they are.
    """

    metric: str
    description: Mapping[str, Any]
    stand: Callable[[Sequence[Record]], Standing]
    schedules: Callable[[Sequence[Record]], list[list[Stage]]] | None = None


def make_scheduler(space: Space, specs: Sequence[TrialSpec]) -> Scheduler | None:
    """Make the scheduler of a space; None where it has none.

    Raises:
      UserError: see `halving.make_brackets` and `evolve.make_rules`.
    """
    if space.halving is not None:
        brackets = halving.make_brackets(space.halving, specs)
        stand = functools.partial(halving.standing, space.halving, brackets)
        return Scheduler(space.halving.metric, {"halving": dataclasses.asdict(space.halving)}, stand)
    if space.evolution is not None:
        rules = pbt.make_rules(space, specs)
        replay = functools.partial(pbt.schedules, rules)
        stand = functools.partial(pbt.standing, rules)
        return Scheduler(space.evolution.metric, {"evolution": pbt.describe(rules)}, stand, replay)
    return None
