"""Statistics over seeds: means with confidence intervals, and paired comparisons of settings.

Seeds are the replicates. Settings that were trained with the same seeds began at the same weights and saw the same
batches, so they are compared seed by seed, which takes the luck of the draw out of the difference.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core import notebook_cards
from nnjax.core.errors import UserError

LEVEL = 0.95  # of all intervals
Z = 1.959964  # of the normal distribution: between -Z and Z lies that share


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over seeds."""

    mean: float  # NaN where no value is finite
    spread: float  # the sample standard deviation; NaN for fewer than two values
    # low, high: ends of the 95 % confidence interval of the mean (Student 1908), cut where no value can be, which
    # leaves its coverage as it is; NaN for fewer than two values
    low: float
    high: float
    count: int  # finite values


def estimate(
    values: Sequence[float] | np.ndarray,
    folds: int | None = None,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """Estimate a mean from the finite ones of some values.

    Args:
      values: of seeds, or of folds.
      folds: k where they come from k-fold cross-validation. Folds share most of their training examples, so their mean
        varies more than that of independent values: its variance is taken as (1/n + 1/(k-1)) of theirs (Nadeau & Bengio
        2003, equation 9).
      within: the smallest and the largest value that there can be (`nnjax.nn.metrics.range_of`).
    """
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    mean = float(finite.mean()) if len(finite) else float("nan")
    if len(finite) < 2:
        return Estimate(mean, float("nan"), float("nan"), float("nan"), len(finite))
    from scipy.special import stdtrit  # the quantile of Student's distribution; scipy.stats takes long to import

    spread = float(finite.std(ddof=1))
    half = float(stdtrit(len(finite) - 1, (1 + LEVEL) / 2)) * spread * _shrink(len(finite), folds)
    low, high = max(mean - half, min(within[0], mean)), min(mean + half, max(within[1], mean))
    return Estimate(mean, spread, low, high, len(finite))


def _shrink(count: int, folds: int | None) -> float:
    """The standard error of a mean over the standard deviation of its values."""
    return float((1 / count + (1 / (folds - 1) if folds else 0)) ** 0.5)


def difference_of_means(
    first: Sequence[float], second: Sequence[float], folds: tuple[int | None, int | None] = (None, None)
) -> Estimate:
    """Estimate the mean of the first values minus that of the second, which are not paired (Welch 1947).

    Args:
      first, second: of seeds, or of folds; those that are not finite are left out.
      folds: of each, as for `estimate`.

    Returns:
      The difference with its 95 % interval (NaN where either has fewer than two values); `spread` is NaN.
    """
    one, other = estimate(first, folds[0]), estimate(second, folds[1])
    mean, nan = one.mean - other.mean, float("nan")
    if min(one.count, other.count) < 2:
        return Estimate(mean, nan, nan, nan, one.count + other.count)
    from scipy.special import stdtrit

    parts = [(own.spread * _shrink(own.count, k)) ** 2 for own, k in zip((one, other), folds, strict=True)]
    total = sum(parts)
    below = sum(part**2 / (own.count - 1) for part, own in zip(parts, (one, other), strict=True))
    half = float(stdtrit(total**2 / below, (1 + LEVEL) / 2)) * total**0.5 if below else 0.0
    return Estimate(mean, nan, mean - half, mean + half, one.count + other.count)


def proportion(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of successes (Wilson 1927), right for shares near 0 and 1 too.

    Raises:
      UserError: no trials, or more successes than trials.
    """
    if not 0 <= successes <= count or count == 0:
        raise UserError(
            f"{successes} successes of {count} trials are not a share: count trials, and successes among them."
        )
    share, weight = successes / count, Z**2 / count
    middle = (share + weight / 2) / (1 + weight)
    half = Z * (share * (1 - share) / count + weight / (4 * count)) ** 0.5 / (1 + weight)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def median(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    """The median of the finite ones of some values, and its 95 % interval between two of them (sign test).

    Returns:
      The median, and the interval's ends; NaN where no value is finite.
    """
    finite = np.sort(np.asarray(values, float))
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return float("nan"), float("nan"), float("nan")
    below = max(int((len(finite) - Z * len(finite) ** 0.5) / 2), 0)
    return float(np.median(finite)), float(finite[below]), float(finite[-1 - below])


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One setting against another over the seeds that both were trained with."""

    difference: Estimate  # of their values, first minus second, seed by seed
    # of the paired t-test, two-sided: how likely a difference this large is by chance alone; NaN where it cannot be
    # computed
    p_value: float
    wins: int  # seeds (with folds, pairs of seed and fold) in which the first has the lower value
    unit: str = "seed"  # what was paired: "seed" or "fold"

    def __str__(self) -> str:
        """Say it in a sentence, for values of which the lower one is better."""
        found = self.difference
        share = f"lower in {self.wins} of {found.count} {self.unit}s"
        if found.count < 2:
            return f"The first is {share}: one {self.unit} cannot tell them apart."
        size = f"by {found.mean:+.3g} on average (95 % interval {found.low:+.3g} to {found.high:+.3g}, {share})"
        if found.low <= 0 <= found.high:
            return f"They cannot be told apart: the first differs {size}."
        return f"The first is really {'lower' if found.mean < 0 else 'higher'}: it differs {size}."

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        found = self.difference
        rows = {
            "difference": f"{found.mean:+.4g} on average over {found.count} {self.unit}s",
            "95 % interval": f"{found.low:+.4g} to {found.high:+.4g}",
            "p-value": f"{self.p_value:.3g} (paired t-test)",
            "lower": f"in {self.wins} of {found.count}",
        }
        known = {name: text for name, text in rows.items() if "nan" not in text}
        return notebook_cards.card(str(self), known)


def compare_paired(first: Mapping[Any, float], second: Mapping[Any, float], folds: int | None = None) -> Comparison:
    """Compare two settings seed by seed.

    Args:
      first, second: {seed (or seed and fold): value}; those of only one, and values that are not finite, are left out.
      folds: as for `estimate`.

    Raises:
      UserError: no seed is common to both.
    """
    seeds = [seed for seed in first if seed in second and np.isfinite(first[seed] - second[seed])]
    if not seeds:
        raise UserError("The settings have no finished seed in common; train both with the same seeds.")
    differences = np.array([first[seed] - second[seed] for seed in seeds])
    found, p_value = estimate(differences, folds), float("nan")
    if found.count > 1 and found.spread > 0:
        from scipy.special import stdtr

        t = found.mean / (found.spread * _shrink(found.count, folds))
        p_value = float(2 * stdtr(found.count - 1, -abs(t)))
    return Comparison(found, p_value, int((differences < 0).sum()), "fold" if folds else "seed")
