"""Successive search for a learning rate: which trials of a grid rates × seeds train, and how far.

Trials of one seed scout the whole range, then the neighborhood of the best of them is trained ever longer and ever
more finely; at the end the best rates are trained with further seeds. The rate that leads after a few epochs is mostly
too high for the whole training, and a single trial may be lucky: hence windows that reach further down than up, and
losses smoothed over neighboring rates. Everything is a pure function of the curves, as in `search.halving`.
"""

from collections.abc import Generator, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.search.halving import rungs_of
from nnjax.search.learning_rate.budget import RESERVE, EpochBudget, Key
from nnjax.search.learning_rate.scores import LogLoss, choose, further_seed, neighbors, scores, smooth
from nnjax.spaces.space import Halving

STEP = 4  # the widest step of the scouts, in places of the grid
NEAR = np.arange(-12, 7, 3)  # places around the best scout that train to the first rung
CLOSE = np.arange(-8, 3, 2)  # places around the best of those that train on
DROP = 0.2  # half-way, a rate whose log loss lies so far above the lowest leaves
FEWEST = 4  # epochs below which there are no two rungs before the end


class Round(NamedTuple):
    """One round of a search: how far trials may train."""

    limits: dict[Key, int]  # epochs by trial; of those that are not named 0
    reach: tuple[int, int]  # (lowest, highest) place of the rates that may still be trained further


def rungs(epochs: int) -> tuple[int, int, int, int]:
    """Return the epochs of the scouts, of the two rungs, and the end; UserError for too few epochs."""
    if epochs < FEWEST:
        raise UserError(
            f"The trials have {epochs} epoch{'s' * (epochs != 1)}, but the search for a rate has rungs at a quarter "
            f"and at half of them: take at least {FEWEST}."
        )
    first, half, end = rungs_of(Halving(eta=2), epochs)
    return max(1, epochs // 64), first, half, end


def rounds(num_rates: int, epochs: int, loss: LogLoss) -> Generator[Round, None, int]:
    """Yield round by round how far trials train; after each one the losses asked for must be known.

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
    budget = EpochBudget(epochs)
    step = next((s for s in range(1, STEP) if len(range(0, num_rates, s)) * scout <= epochs), STEP)
    places = np.arange(0, num_rates, step)
    budget.ask([(int(place), 0) for place in places], scout)
    yield Round(dict(budget.limits), (0, num_rates - 1))
    best = _lowest(places, [loss(int(p), 0, scout) for p in places], 4 * step)

    places = _around(best, NEAR, num_rates)
    reach = int(places[0]) + int(CLOSE[0]) - 1, int(places[-1]) + int(CLOSE[-1]) + 1
    places = np.sort([key[0] for key in budget.ask(_nearest(places, best), first, RESERVE)])
    yield Round(dict(budget.limits), reach)
    best = _lowest(places, [loss(int(p), 0, first) for p in places], 6)

    places = _around(best, CLOSE, num_rates)
    reach = int(places[0]) - 1, int(places[-1]) + 1
    planned = EpochBudget(epochs)
    planned.limits = dict(budget.limits)
    keys = planned.ask(_nearest(places, best), end, RESERVE)
    budget.ask(keys, half)
    yield Round(dict(budget.limits), reach)
    losses = {key: loss(*key, half) for key in keys}
    budget.ask([key for key in keys if losses[key] <= min(losses.values()) + DROP], end)
    yield Round(dict(budget.limits), reach)

    found = scores(budget.whole(), loss, end)
    budget.ask(neighbors(found, num_rates), end)
    yield Round(dict(budget.limits), reach)
    while True:
        further = further_seed(scores(budget.whole(), loss, end))
        if further is None or not budget.ask([further], end):
            break
        yield Round(dict(budget.limits), reach)
    return choose(budget.limits, loss, end)


def _around(best: int, offsets: np.ndarray, num_rates: int) -> np.ndarray:
    places = best + offsets
    return places[(places >= 0) & (places < num_rates)]


def _nearest(places: np.ndarray, best: int) -> list[Key]:
    return [(int(place), 0) for place in sorted(places, key=lambda place: abs(place - best))]


def _lowest(places: Sequence[int] | np.ndarray, losses: Sequence[float], span: int) -> int:
    values = np.asarray(losses, float)
    return int(places[int(np.argmin(smooth(np.asarray(places), values, np.ones(len(values)), span)))])
