"""How far a learning rate's losses lie above the best one's, over seeds."""

import math
from typing import NamedTuple

import numpy as np

SHARE = 0.02  # a gap that does not matter


class Gap(NamedTuple):
    """How far a rate's mean loss lies above the best one's: as a share of it, and in paired standard errors."""

    share: float
    errors: float

    def holds(self) -> bool:
        """Whether it is within 2 %, or one standard error if that is larger."""
        return self.share <= SHARE or self.errors <= 1

    def __str__(self) -> str:
        """Write it for a table."""
        return f"{100 * self.share:6.1f} % {self.errors:5.1f} SE {'yes' if self.holds() else 'NO':>4}"


def gap(losses: np.ndarray, place: int) -> Gap:
    """Compare a rate with the best one.

    Args:
      losses: [rates, seeds] after the last epoch; infinity of trials that diverged.
      place: of the rate.
    """
    means = losses.mean(axis=1)
    best = int(np.argmin(means))
    if place == best:
        return Gap(0.0, 0.0)
    if not math.isfinite(means[place]):
        return Gap(math.inf, math.inf)
    error = float((losses[place] - losses[best]).std(ddof=1)) / losses.shape[1] ** 0.5
    difference = float(means[place] - means[best])
    return Gap(difference / float(means[best]), difference / max(error, 1e-300))
