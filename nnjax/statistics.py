"""What seeds say about settings: mean with confidence interval, and whether one setting is really better than another.

Seeds are the replicates. Settings that were trained with the same seeds began at the same weights and saw the same
batches, so they are compared seed by seed, which takes the luck of the draw out of the difference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from nnjax.types import UserError

LEVEL = 0.95  # of all intervals


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Attributes:
      mean: NaN where no value is finite.
      spread: the sample standard deviation; NaN for fewer than two values.
      low, high: ends of the 95 % confidence interval of the mean (Student 1908); NaN for fewer than two values.
      count: finite values.
    """

    mean: float
    spread: float
    low: float
    high: float
    count: int


def estimate(values: Sequence[float] | np.ndarray) -> Estimate:
    """Estimate a mean from the finite ones of some values."""
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    mean = float(finite.mean()) if len(finite) else float("nan")
    if len(finite) < 2:
        return Estimate(mean, float("nan"), float("nan"), float("nan"), len(finite))
    from scipy import stats

    spread = float(finite.std(ddof=1))
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(finite) - 1)) * spread / len(finite) ** 0.5
    return Estimate(mean, spread, mean - half, mean + half, len(finite))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One setting against another over the seeds that both were trained with.

    Attributes:
      difference: of their values, first minus second, seed by seed.
      p_value: of the paired t-test, two-sided: how likely a difference this large is by chance alone; NaN where it
        cannot be computed.
      wins: seeds in which the first has the lower value.
    """

    difference: Estimate
    p_value: float
    wins: int

    def __str__(self) -> str:
        """Say it in a sentence, for values of which the lower one is better."""
        found = self.difference
        share = f"lower in {self.wins} of {found.count} seeds"
        if found.count < 2:
            return f"The first is {share}: one seed cannot tell them apart."
        size = f"by {found.mean:+.3g} on average (95 % interval {found.low:+.3g} to {found.high:+.3g}, {share})"
        if found.low <= 0 <= found.high:
            return f"They cannot be told apart: the first differs {size}."
        return f"The first is really {'lower' if found.mean < 0 else 'higher'}: it differs {size}."


def compare_paired(first: Mapping[int, float], second: Mapping[int, float]) -> Comparison:
    """Compare two settings seed by seed.

    Args:
      first, second: {seed: value}; seeds of only one, and values that are not finite, are left out.

    Raises:
      UserError: no seed is common to both.
    """
    seeds = [seed for seed in first if seed in second and np.isfinite(first[seed] - second[seed])]
    if not seeds:
        raise UserError("The settings have no finished seed in common; train both with the same seeds.")
    differences = np.array([first[seed] - second[seed] for seed in seeds])
    found, p_value = estimate(differences), float("nan")
    if found.count > 1 and found.spread > 0:
        from scipy import stats

        t = found.mean / (found.spread / found.count**0.5)
        p_value = float(2 * stats.t.sf(abs(t), found.count - 1))
    return Comparison(found, p_value, int((differences < 0).sum()))
