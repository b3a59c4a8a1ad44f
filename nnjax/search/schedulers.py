"""Make the scheduler of a search space: halving, population-based training, or none."""

from collections.abc import Sequence

from nnjax.core.experiment import TrialSpec
from nnjax.search.halving import HalvingScheduler, make_brackets
from nnjax.search.pbt_setup import make_pbt
from nnjax.spaces.space import Space
from nnjax.train.scheduler import Scheduler


def make_scheduler(space: Space, specs: Sequence[TrialSpec]) -> Scheduler | None:
    """Make the scheduler of a space for its trials; None where it has none.

    Raises:
      UserError: see `halving.make_brackets` and `pbt_setup.make_pbt`.
    """
    if space.halving is not None:
        return HalvingScheduler(space.halving, make_brackets(space.halving, specs))
    return None if space.evolution is None else make_pbt(space, specs)
