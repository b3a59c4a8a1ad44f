"""What the loss says of the learning rate: which rates are too low, good, high and too high, and which to take.

Source: deck section 5, "loss and learning rate" (after cs231n): too low a rate falls slowly, a good one fast and then
low, a high one fast and then gets stuck at a worse level, a very high one rises.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

TOO_LOW, GOOD, HIGH, TOO_HIGH = "too low", "good", "high", "too high"
REGIMES = (TOO_LOW, GOOD, HIGH, TOO_HIGH)
WITHIN = 0.1  # a good rate's loss lies at most so far above the best one's, as a share of it
NOTHING = 0.9  # a loss of at least this share of the untrained one: nothing was learned
LEAST = 0.02  # differences below this share are not looked at: they would not matter


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """The losses of one optimizer at r rates with s seeds over t epochs.

    Attributes:
      optimizer, batch_size: of the trials.
      metric: the name of the loss, such as "val_loss".
      rates: [r] float64, ascending.
      seeds: s of them.
      losses: [r, s, t] float64; NaN past a trial's own epochs.
      diverged: [r, s] bool.
      finals: [r, s] float64; the log of the loss of a whole training, infinity of one that broke down, NaN where there
        was none.
      best: the place of the recommended rate.
    """

    optimizer: str
    batch_size: int
    metric: str
    rates: np.ndarray
    seeds: tuple[int, ...]
    losses: np.ndarray
    diverged: np.ndarray
    finals: np.ndarray
    best: int

    def epochs(self) -> np.ndarray:
        """Count the epochs of each trial, int [r, s]."""
        return np.isfinite(self.losses).sum(axis=2)

    def runs(self) -> float:
        """Say how many whole trainings the trials took."""
        return float(self.epochs().sum() / self.losses.shape[2])


class Span(NamedTuple):
    """A regime, from a rate to another; ends of the range where it goes on there."""

    regime: str
    low: float
    high: float


class View(NamedTuple):
    """What was found.

    Attributes:
      rate: the recommended one.
      loss: of a whole training with it, the geometric mean over its seeds.
      interval: the lowest and the highest rate around it that are not significantly worse.
      regimes: [r]; of each rate, "" where nothing was trained.
      spans: the regimes that occur, in ascending order, next to each other.
      edge: a sentence if the best rate lies at an end of the range; "" elsewhere.
    """

    rate: float
    loss: float
    interval: tuple[float, float]
    regimes: tuple[str, ...]
    spans: tuple[Span, ...]
    edge: str

    def sentence(self, optimizer: str) -> str:
        """Say it in plain words."""
        low, high = self.interval
        around = (
            f"rates from {low:.2g} to {high:.2g} cannot be told from it"
            if low < high
            else "every other rate that was trained to the end is worse"
        )
        return f"{optimizer}: take a learning rate of {self.rate:.2g} (loss {self.loss:.4g}); {around}."


def view(measured: Measured) -> View:
    """Judge the rates that were measured."""
    equal = interval(measured)
    regimes = _regimes(measured, equal)
    return View(
        rate=float(measured.rates[measured.best]),
        loss=float(np.exp(np.nanmean(measured.finals[measured.best]))),
        interval=equal,
        regimes=regimes,
        spans=_spans(measured.rates, regimes),
        edge=_edge(measured, regimes),
    )


def interval(measured: Measured) -> tuple[float, float]:
    """Give the rates around the best one that are not significantly worse.

    Trials of one seed are compared, in log loss: a rate is worse if the mean difference from the best one exceeds 2 %,
    and the 95 % quantile of Student's distribution (one-sided) times its standard error. The standard deviation of the
    differences is pooled over all rates with at least two seeds in common with the best one; where there is none, only
    the 2 % count.

    Returns:
      The lowest and the highest rate of a run without gaps among those that were trained to the end.
    """
    from scipy.special import stdtrit

    differences = measured.finals - measured.finals[measured.best]
    counts = (~np.isnan(differences)).sum(axis=1)
    known = np.isfinite(differences)
    paired = np.flatnonzero((counts > 1) & known.any(axis=1) & (np.arange(len(counts)) != measured.best))
    squares = sum(float(np.var(differences[i][known[i]]) * known[i].sum()) for i in paired)
    free = int(sum(known[i].sum() - 1 for i in paired))
    half = float(stdtrit(free, 0.95)) * (squares / free) ** 0.5 if free else 0.0
    places = np.flatnonzero(counts)
    means = [np.nanmean(differences[place]) for place in places]
    equal = np.array(means) <= np.maximum(np.log1p(LEAST), half / counts[places] ** 0.5)
    low, high = _run_around(equal, places, measured.best)
    return float(measured.rates[places[low]]), float(measured.rates[places[high]])


def _run_around(holds: np.ndarray, places: np.ndarray, best: int) -> tuple[int, int]:
    """Give the first and the last of the entries around that of the best rate of which all hold."""
    first = last = int(np.flatnonzero(places == best)[0])
    while first > 0 and holds[first - 1]:
        first -= 1
    while last < len(holds) - 1 and holds[last + 1]:
        last += 1
    return first, last


def _regimes(measured: Measured, equal: tuple[float, float]) -> tuple[str, ...]:
    """Sort the rates, each by its loss after as many epochs as it has, against the best one's then.

    Good are those around the best one that are at most 10 % worse, or in the interval of those that may be equal.
    """
    ratios, nothing = _against_best(measured)
    ratios[(measured.rates >= equal[0]) & (measured.rates <= equal[1])] = 1.0
    tried = np.flatnonzero(measured.epochs().any(axis=1) | measured.diverged.any(axis=1))
    first, last = _run_around(ratios[tried] <= 1 + WITHIN, tried, measured.best)
    out = [""] * len(measured.rates)
    broken = _first_broken(nothing[tried[last + 1 :]]) + last + 1
    for number, place in enumerate(tried):
        out[place] = TOO_LOW if number < first else GOOD if number <= last else HIGH if number < broken else TOO_HIGH
    return tuple(out)


def _against_best(measured: Measured) -> tuple[np.ndarray, np.ndarray]:
    """Compare each rate, by its seeds that were trained longest, with the best one.

    Returns:
      [r] ratios of losses, infinity for a rate that diverged, and [r] whether nothing was learned.
    """
    epochs = measured.epochs()
    with np.errstate(divide="ignore"):
        best = np.nanmean(np.log(measured.losses[measured.best][epochs[measured.best] > 0]), axis=0)
    ratios, nothing = np.full(len(measured.rates), np.inf), np.asarray(measured.diverged.any(axis=1))
    untrained = _untrained(measured)
    for place in np.flatnonzero(epochs.any(axis=1) & ~nothing):
        last = epochs[place].max() - 1
        loss = float(np.nanmean(measured.losses[place, :, last]))
        ratios[place] = loss / np.exp(best[last])
        nothing[place] = loss >= NOTHING * untrained
    return ratios, nothing


def _untrained(measured: Measured) -> float:
    """Estimate the loss before training: that of the lowest rate after its first epoch."""
    firsts = measured.losses[: measured.best, :, 0]
    known = firsts[np.isfinite(firsts)]
    return float(known[0]) if len(known) else np.inf


def _first_broken(nothing: np.ndarray) -> int:
    """Find the place from which on rates learn nothing, such that as few as possible lie on the wrong side."""
    wrong = [int(nothing[:i].sum() + (~nothing[i:]).sum()) for i in range(len(nothing) + 1)]
    return int(np.argmin(wrong))


def _spans(rates: np.ndarray, regimes: tuple[str, ...]) -> tuple[Span, ...]:
    """Let each regime reach half-way, in the logarithm, to the next rate that was tried."""
    tried = [place for place, regime in enumerate(regimes) if regime]
    spans: list[Span] = []
    for before, place in zip([tried[0], *tried], tried, strict=False):
        if not spans:
            spans.append(Span(regimes[place], float(rates[0]), float(rates[-1])))
        elif regimes[place] != spans[-1].regime:
            border = float(np.sqrt(rates[before] * rates[place]))
            spans[-1] = spans[-1]._replace(high=border)
            spans.append(Span(regimes[place], border, float(rates[-1])))
    return tuple(spans)


def _edge(measured: Measured, regimes: tuple[str, ...]) -> str:
    """Warn where better rates may lie outside of the range."""
    tried = [regime for regime in regimes if regime]
    ends = (("lowest", "down", tried[0], measured.rates[0]), ("highest", "up", tried[-1], measured.rates[-1]))
    at_edge = [(name, way, rate) for name, way, regime, rate in ends if regime == GOOD]
    if not at_edge:
        return ""
    name, way, rate = at_edge[0] if measured.best * 2 < len(regimes) else at_edge[-1]
    flag = "--low" if way == "down" else "--high"
    return (
        f"Good rates reach the {name} one that was tried, {rate:.2g}: the best may lie beyond it; extend the range "
        f"{way} with {flag}."
    )
