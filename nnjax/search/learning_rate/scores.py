"""Scores of learning rates: log losses of whole trainings, smoothed over neighboring rates and corrected for seeds."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nnjax.search.learning_rate.budget import SEEDS, Key

SPAN = 4  # places to either side over which the losses of whole trainings are smoothed
CLIFF = 0.35  # a log loss so far above a rate's own is no neighbor of it: training broke down there
SLACK = 0.02  # a log loss so far above the best one's does not matter

# (place, seed, epochs) -> log of the loss then; infinity where it broke down
LogLoss = Callable[[int, int, int], float]


class Scores(NamedTuple):
    """Scores of the rates that were trained to the end, by place."""

    places: np.ndarray  # int
    seeds: np.ndarray  # how many trials each rate has
    # log loss, half of it the rate's own mean and half smoothed over its neighbors (with more seeds more its own)
    values: np.ndarray


def smooth(places: np.ndarray, values: np.ndarray, weights: np.ndarray, span: int) -> np.ndarray:
    """Smooth log losses over neighboring places by a local quadratic fit (Cleveland 1979, with parabolic weights).

    Args:
      places: int [rates], ascending.
      values: [rates]; infinity where training broke down.
      weights: [rates].
      span: places to either side that count; those that lie a cliff above a rate's own value do not.

    Returns:
      [rates]; a value with fewer than three neighbors stays as it is.
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
    """Score rates by the trials that were trained to the end.

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
    luck = {0: 0.0}
    for seed in {seed for seeds in seeds_of.values() for seed in seeds} - {0}:
        both = [place for place, seeds in seeds_of.items() if seed in seeds and 0 in seeds]
        pairs = [(loss(place, seed, epochs), loss(place, 0, epochs)) for place in both]
        known = [a - b for a, b in pairs if np.isfinite(a) and np.isfinite(b)]
        luck[seed] = float(np.median(known)) * len(known) / (len(known) + 1) if known else 0.0
    return luck


def neighbors(found: Scores, num_rates: int) -> list[Key]:
    """List the neighbors of the best rate."""
    best = int(found.places[np.argmin(found.values)])
    return [(place, 0) for place in (best - 1, best + 1) if 0 <= place < num_rates]


def further_seed(found: Scores) -> Key | None:
    """Return the best rate that has not been trained with all seeds its next one."""
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
    above = {key: limit for key, limit in limits.items() if place < key[0] <= place + 2 and limit}
    return any(loss(*key, limit) > loss(place, 0, limit) + CLIFF for key, limit in above.items())
