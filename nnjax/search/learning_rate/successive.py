"""The search for a learning rate: which trials of a grid rates × seeds train, and how far, by their losses alone.

Trials of one seed scout the whole range, then the neighbourhood of the best of them is trained ever longer and looked
at ever closer; at the end the best rates are trained with further seeds. The rate that leads after a few epochs is
mostly too high for the whole training, and a single trial may be lucky: hence windows that reach further down than up,
and losses smoothed over neighbouring rates. Everything is a pure function of the curves, as in `search.halving`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.search.halving import rungs_of
from nnjax.spaces.schedulers import Halving

RUNS = 12  # the budget, in trainings of the full length
RESERVE = 3  # of them are kept for the neighbours of the best rate and for further seeds
SEEDS = 3
STEP = 4  # the widest step of the scouts, in places of the grid
NEAR = np.arange(-12, 7, 3)  # places around the best scout that train to the first rung
CLOSE = np.arange(-8, 3, 2)  # places around the best of those that train on
DROP = 0.2  # half-way, a rate whose log loss lies so far above the lowest leaves
SPAN = 4  # places to either side over which the losses of whole trainings are smoothed
CLIFF = 0.35  # a log loss so far above a rate's own is no neighbour of it: training broke down there
SLACK = 0.02  # a log loss so far above the best one's does not matter
FEWEST = 4  # epochs below which there are no two rungs before the end

Key = tuple[int, int]  # the places of a trial's rate and of its seed in the grid
LogLoss = Callable[
    [int, int, int], float
]  # (place, seed, epochs) -> log of the loss then; infinity where it broke down


class Wave(NamedTuple):
    """How far trials may train now.

    Attributes:
      limits: epochs by trial; of those that are not named 0.
      reach: (lowest, highest) place of the rates that may still be trained further.
    """

    limits: dict[Key, int]
    reach: tuple[int, int]


class Scores(NamedTuple):
    """What whole trainings say of their rates, [rates that have one], by place.

    Attributes:
      places: int.
      seeds: how many trials each rate has.
      values: log loss, half of it the rate's own mean and half smoothed over its neighbours (with more seeds more its
        own).
    """

    places: np.ndarray
    seeds: np.ndarray
    values: np.ndarray


class Ledger:
    """The trial-epochs asked for so far, of a budget of `RUNS` trainings of `epochs` epochs."""

    def __init__(self, epochs: int):
        self.epochs, self.limits = epochs, dict[Key, int]()

    def spent(self) -> int:
        """Trial-epochs."""
        return sum(self.limits.values())

    def ask(self, keys: Iterable[Key], epochs: int, reserve: int = 0) -> list[Key]:
        """Let trials train to some epochs, the first first, as far as the budget goes.

        Args:
          keys: of the trials.
          epochs: that each shall have in the end.
          reserve: trainings of the full length that stay untouched.

        Returns:
          Those that may.
        """
        left = (RUNS - reserve) * self.epochs - self.spent()
        granted = []
        for key in keys:
            cost = max(epochs - self.limits.get(key, 0), 0)
            if cost <= left:
                granted.append(key)
                left -= cost
                self.limits[key] = max(epochs, self.limits.get(key, 0))
        return granted

    def whole(self) -> list[Key]:
        """List the trials that train to the end."""
        return sorted(key for key, limit in self.limits.items() if limit == self.epochs)


def rungs(epochs: int) -> tuple[int, int, int, int]:
    """Give the epochs of the scouts, of the two rungs, and the end.

    Raises:
      UserError: too few epochs.
    """
    if epochs < FEWEST:
        raise UserError(
            f"The trials have {epochs} epoch{'s' * (epochs != 1)}, but the search for a rate has rungs at a quarter "
            f"and at half of them: take at least {FEWEST}."
        )
    first, half, end = rungs_of(Halving(eta=2), epochs)
    return max(1, epochs // 64), first, half, end


def waves(num_rates: int, epochs: int, loss: LogLoss) -> Generator[Wave, None, int]:
    """Say wave by wave how far trials train; after each one the losses asked for must be known.

    Args:
      num_rates: of the grid, in ascending order.
      epochs: of a whole training.
      loss: gives the losses of trials as far as they have been trained.

    Returns:
      The place of the best rate.

    Raises:
      UserError: too few epochs.
    """
    scout, first, half, end = rungs(epochs)
    ledger = Ledger(epochs)
    step = next((s for s in range(1, STEP) if len(range(0, num_rates, s)) * scout <= epochs), STEP)
    places = np.arange(0, num_rates, step)
    ledger.ask([(int(place), 0) for place in places], scout)
    yield Wave(dict(ledger.limits), (0, num_rates - 1))
    best = _lowest(places, [loss(int(p), 0, scout) for p in places], 4 * step)

    places = _around(best, NEAR, num_rates)
    reach = int(places[0]) + int(CLOSE[0]) - 1, int(places[-1]) + int(CLOSE[-1]) + 1
    places = np.sort([key[0] for key in ledger.ask(_nearest(places, best), first, RESERVE)])
    yield Wave(dict(ledger.limits), reach)
    best = _lowest(places, [loss(int(p), 0, first) for p in places], 6)

    places = _around(best, CLOSE, num_rates)
    reach = int(places[0]) - 1, int(places[-1]) + 1
    planned = Ledger(epochs)
    planned.limits = dict(ledger.limits)
    keys = planned.ask(_nearest(places, best), end, RESERVE)
    ledger.ask(keys, half)
    yield Wave(dict(ledger.limits), reach)
    losses = {key: loss(*key, half) for key in keys}
    ledger.ask([key for key in keys if losses[key] <= min(losses.values()) + DROP], end)
    yield Wave(dict(ledger.limits), reach)

    found = scores(ledger.whole(), loss, end)
    ledger.ask(_neighbours(found, num_rates), end)
    yield Wave(dict(ledger.limits), reach)
    while True:
        further = _further_seed(scores(ledger.whole(), loss, end))
        if further is None or not ledger.ask([further], end):
            break
        yield Wave(dict(ledger.limits), reach)
    return choose(ledger.limits, loss, end)


def _around(best: int, offsets: np.ndarray, num_rates: int) -> np.ndarray:
    places = best + offsets
    return places[(places >= 0) & (places < num_rates)]


def _nearest(places: np.ndarray, best: int) -> list[Key]:
    """List the trials of the first seed at some places, the nearest to the best first."""
    return [(int(place), 0) for place in sorted(places, key=lambda place: abs(place - best))]


def _lowest(places: Sequence[int] | np.ndarray, losses: Sequence[float], span: int) -> int:
    """Find the place of the lowest smoothed loss."""
    values = np.asarray(losses, float)
    return int(places[int(np.argmin(smooth(np.asarray(places), values, np.ones(len(values)), span)))])


def smooth(places: np.ndarray, values: np.ndarray, weights: np.ndarray, span: int) -> np.ndarray:
    """Smooth log losses over neighbouring places by a local quadratic fit (Cleveland 1979, with parabolic weights).

    Args:
      places: int [rates], ascending.
      values: [rates]; infinity where training broke down.
      weights: [rates].
      span: places to either side that count; those that lie a cliff above a rate's own value do not.

    Returns:
      [rates]; a value with fewer than three neighbours stays as it is.
    """
    out = np.array(values, float)
    for i, (place, value) in enumerate(zip(places, values, strict=True)):
        near = (np.abs(places - place) <= span) & (values <= value + CLIFF) & np.isfinite(values)
        if np.isfinite(value) and near.sum() > 3:
            t = (places[near] - place).astype(float)
            root = np.sqrt(weights[near] * (1 - (t / (span + 1)) ** 2))
            design = np.stack([np.ones_like(t), t, t**2], axis=1)
            out[i] = np.linalg.lstsq(design * root[:, None], values[near] * root, rcond=None)[0][0]
    return out


def scores(keys: Sequence[Key], loss: LogLoss, epochs: int) -> Scores:
    """Judge rates by the trials that were trained to the end.

    A seed's luck, the median difference from the first seed at the rates that have both, is taken out (shrunk, where
    these are few).
    """
    seeds_of: dict[int, list[int]] = {}
    for place, seed in sorted(keys):
        seeds_of.setdefault(place, []).append(seed)
    luck = _luck(seeds_of, loss, epochs)
    places, counts = np.array(list(seeds_of)), np.array([len(seeds) for seeds in seeds_of.values()])
    own = np.array([np.mean([loss(p, k, epochs) - luck[k] for k in seeds]) for p, seeds in seeds_of.items()])
    smoothed = smooth(places, own, counts.astype(float), SPAN)
    return Scores(places, counts, np.where(np.isfinite(own), (counts * own + smoothed) / (counts + 1), np.inf))


def _luck(seeds_of: dict[int, list[int]], loss: LogLoss, epochs: int) -> dict[int, float]:
    """Estimate each seed's difference from the first one, in log loss."""
    luck = {0: 0.0}
    for seed in {seed for seeds in seeds_of.values() for seed in seeds} - {0}:
        both = [place for place, seeds in seeds_of.items() if seed in seeds and 0 in seeds]
        pairs = [(loss(place, seed, epochs), loss(place, 0, epochs)) for place in both]
        known = [a - b for a, b in pairs if np.isfinite(a) and np.isfinite(b)]
        luck[seed] = float(np.median(known)) * len(known) / (len(known) + 1) if known else 0.0
    return luck


def _neighbours(found: Scores, num_rates: int) -> list[Key]:
    """List the neighbours of the best rate."""
    best = int(found.places[np.argmin(found.values)])
    return [(place, 0) for place in (best - 1, best + 1) if 0 <= place < num_rates]


def _further_seed(found: Scores) -> Key | None:
    """Give the best rate that has not been trained with all seeds its next one."""
    values = np.where(found.seeds < SEEDS, found.values, np.inf)
    best = int(np.argmin(values))
    return (int(found.places[best]), int(found.seeds[best])) if np.isfinite(values[best]) else None


def choose(limits: Mapping[Key, int], loss: LogLoss, epochs: int) -> int:
    """Choose the rate with the best score, of those with two seeds or more if there are any.

    Where training breaks down just above it, with another seed it may do so there: then the next lower rate is chosen,
    if it costs at most 2 %.

    Args:
      limits: epochs of the trials.
      loss: gives their losses.
      epochs: the end.
    """
    found = scores([key for key, limit in limits.items() if limit == epochs], loss, epochs)
    values = np.where(found.seeds > 1, found.values, np.inf)
    best = int(np.argmin(values if np.isfinite(values).any() else found.values))
    place = int(found.places[best])
    if _at_brink(place, limits, loss):
        near = (found.places < place) & (found.places >= place - 2) & (found.values <= found.values[best] + SLACK)
        return int(found.places[near].max(initial=0)) if near.any() else place
    return place


def _at_brink(place: int, limits: Mapping[Key, int], loss: LogLoss) -> bool:
    """Whether a trial of one of the next two rates has lost touch with this rate's first seed."""
    above = {key: limit for key, limit in limits.items() if place < key[0] <= place + 2 and limit}
    return any(loss(*key, limit) > loss(place, 0, limit) + CLIFF for key, limit in above.items())
