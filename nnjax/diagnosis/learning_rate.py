"""Recommend a learning rate from the losses reached with many rates."""

from typing import NamedTuple

import numpy as np

from nnjax.core.messages import remedy
from nnjax.diagnosis.rate_regimes import GOOD, RateSweep, RegimeSpan, regimes_of, run_around, spans_of

LEAST = 0.02  # losses that differ by a smaller share are equal: it would not matter


class Recommendation(NamedTuple):
    """A recommended learning rate and the regimes around it."""

    rate: float  # the recommended one
    loss: float  # of a whole training with it, the geometric mean over its seeds
    interval: tuple[float, float]  # the lowest and the highest rate around it that are not significantly worse
    regimes: tuple[str, ...]  # [r]; of each rate, "" where nothing was trained
    spans: tuple[RegimeSpan, ...]  # the regimes that occur, in ascending order, next to each other
    edge: str  # a sentence if the best rate lies at an end of the range; "" elsewhere

    def sentence(self, optimizer: str) -> str:
        """Say it in plain words."""
        low, high = self.interval
        around = (
            f"rates from {low:.2g} to {high:.2g} are not significantly worse"
            if low < high
            else "every other rate that was trained to the end is worse"
        )
        return f"{optimizer}: take a learning rate of {self.rate:.2g} (loss {self.loss:.4g}); {around}."


def recommend(sweep: RateSweep) -> Recommendation:
    """Choose a rate, and say which others are as good and where the regimes lie."""
    equal = interval(sweep)
    regimes = regimes_of(sweep, equal)
    return Recommendation(
        rate=float(sweep.rates[sweep.best]),
        loss=float(np.exp(np.nanmean(sweep.final_log_losses[sweep.best]))),
        interval=equal,
        regimes=regimes,
        spans=spans_of(sweep.rates, regimes),
        edge=_edge(sweep, regimes),
    )


def interval(sweep: RateSweep) -> tuple[float, float]:
    """Return the rates around the best one that are not significantly worse.

    Trials of one seed are compared, in log loss: a rate is worse if the mean difference from the best one exceeds 2 %,
    and the 95 % quantile of Student's distribution (one-sided) times its standard error. The standard deviation of the
    differences is pooled over all rates with at least two seeds in common with the best one; where there is none, only
    the 2 % count.

    Returns:
      The lowest and the highest rate of a run without gaps among those that were trained to the end.
    """
    from scipy.special import stdtrit

    differences = sweep.final_log_losses - sweep.final_log_losses[sweep.best]
    counts = (~np.isnan(differences)).sum(axis=1)
    known = np.isfinite(differences)
    paired = np.flatnonzero((counts > 1) & known.any(axis=1) & (np.arange(len(counts)) != sweep.best))
    squares = sum(float(np.var(differences[i][known[i]]) * known[i].sum()) for i in paired)
    free = int(sum(known[i].sum() - 1 for i in paired))
    half = float(stdtrit(free, 0.95)) * (squares / free) ** 0.5 if free else 0.0
    places = np.flatnonzero(counts)
    means = [np.nanmean(differences[place]) for place in places]
    equal = np.array(means) <= np.maximum(np.log1p(LEAST), half / counts[places] ** 0.5)
    low, high = run_around(equal, places, sweep.best)
    return float(sweep.rates[places[low]]), float(sweep.rates[places[high]])


def _edge(sweep: RateSweep, regimes: tuple[str, ...]) -> str:
    tried = [regime for regime in regimes if regime]
    lowest = "lowest", "down", remedy("low", "--low"), sweep.rates[0]
    highest = "highest", "up", remedy("high", "--high"), sweep.rates[-1]
    at_edge = [end for end, regime in ((lowest, tried[0]), (highest, tried[-1])) if regime == GOOD]
    if not at_edge:
        return ""
    name, way, flag, rate = at_edge[0] if sweep.best * 2 < len(regimes) else at_edge[-1]
    return (
        f"Good rates reach the {name} one that was tried, {rate:.2g}: the best may lie beyond it; extend the range "
        f"{way} with {flag}."
    )
