"""Sort learning rates into regimes by the loss that training reaches with them.

Source: deck section 5, "loss and learning rate" (after cs231n): too low a rate falls slowly, a good one fast and then
low, a high one fast and then gets stuck at a worse level, a very high one rises.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

TOO_LOW, GOOD, HIGH, TOO_HIGH = "too low", "good", "high", "too high"
REGIMES = (TOO_LOW, GOOD, HIGH, TOO_HIGH)
WITHIN = 0.1  # a good rate's loss lies at most so far above the best one's, as a share of it
NOTHING = 0.9  # a loss of at least this share of the untrained one: nothing was learned


@dataclasses.dataclass(frozen=True, eq=False)
class RateSweep:
    """The losses of one optimizer at r rates with s seeds over t epochs."""

    optimizer: str  # optimizer, batch_size: of the trials
    batch_size: int
    metric: str  # the name of the loss, such as "val_loss"
    rates: np.ndarray  # [r] float64, ascending
    seeds: tuple[int, ...]  # s of them
    losses: np.ndarray  # [r, s, t] float64; NaN past a trial's own epochs
    diverged: np.ndarray  # [r, s] bool
    # [r, s] float64; the log of the loss of a whole training, infinity of one that broke down, NaN where there was none
    final_log_losses: np.ndarray
    best: int  # the place of the recommended rate

    def epochs(self) -> np.ndarray:
        """Count the epochs of each trial, int [r, s]."""
        return np.isfinite(self.losses).sum(axis=2)

    def runs(self) -> float:
        """Describe how many whole trainings the trials took."""
        return float(self.epochs().sum() / self.losses.shape[2])


class RegimeSpan(NamedTuple):
    """A regime, from a rate to another; ends of the range where it goes on there."""

    regime: str
    low: float
    high: float


def regimes_of(sweep: RateSweep, equal: tuple[float, float]) -> tuple[str, ...]:
    """Sort the rates, each by its loss after as many epochs as it has, against the best one's then.

    Good are those around the best one that are at most 10 % worse, or in the interval of those that may be equal.
    """
    ratios, nothing = _against_best(sweep)
    ratios[(sweep.rates >= equal[0]) & (sweep.rates <= equal[1])] = 1.0
    tried = np.flatnonzero(sweep.epochs().any(axis=1) | sweep.diverged.any(axis=1))
    first, last = run_around(ratios[tried] <= 1 + WITHIN, tried, sweep.best)
    out = [""] * len(sweep.rates)
    above = nothing[tried[last + 1 :]]  # which learn nothing from `broken` on, with as few exceptions as possible
    broken = int(np.argmin([above[:i].sum() + (~above[i:]).sum() for i in range(len(above) + 1)])) + last + 1
    for number, place in enumerate(tried):
        out[place] = TOO_LOW if number < first else GOOD if number <= last else HIGH if number < broken else TOO_HIGH
    return tuple(out)


def _against_best(sweep: RateSweep) -> tuple[np.ndarray, np.ndarray]:
    """Ratios [r] of the longest trained losses to the best rate's, and [r] whether nothing was learned."""
    epochs = sweep.epochs()
    with np.errstate(divide="ignore"):
        best = np.nanmean(np.log(sweep.losses[sweep.best][epochs[sweep.best] > 0]), axis=0)
    ratios, nothing = np.full(len(sweep.rates), np.inf), np.asarray(sweep.diverged.any(axis=1))
    firsts = sweep.losses[: sweep.best, :, 0]
    untrained = next(iter(firsts[np.isfinite(firsts)]), np.inf)  # the lowest rate's, after its first epoch
    for place in np.flatnonzero(epochs.any(axis=1) & ~nothing):
        last = epochs[place].max() - 1
        loss = float(np.nanmean(sweep.losses[place, :, last]))
        ratios[place] = loss / np.exp(best[last])
        nothing[place] = loss >= NOTHING * untrained
    return ratios, nothing


def run_around(holds: np.ndarray, places: np.ndarray, best: int) -> tuple[int, int]:
    """Return the first and the last of the entries around that of the best rate of which all hold."""
    here = int(np.flatnonzero(places == best)[0])
    fails = np.flatnonzero(~np.asarray(holds, bool))
    below, above = fails[fails < here], fails[fails > here]
    return int(below.max(initial=-1)) + 1, int(above.min(initial=len(holds))) - 1


def spans_of(rates: np.ndarray, regimes: tuple[str, ...]) -> tuple[RegimeSpan, ...]:
    """Let each regime reach half-way, in the logarithm, to the next rate that was tried."""
    tried = [place for place, regime in enumerate(regimes) if regime]
    spans: list[RegimeSpan] = []
    for before, place in zip([tried[0], *tried], tried, strict=False):
        if not spans:
            spans.append(RegimeSpan(regimes[place], float(rates[0]), float(rates[-1])))
        elif regimes[place] != spans[-1].regime:
            border = float(np.sqrt(rates[before] * rates[place]))
            spans[-1] = spans[-1]._replace(high=border)
            spans.append(RegimeSpan(regimes[place], border, float(rates[-1])))
    return tuple(spans)
