"""Choose the members of an ensemble on the validation part, or on out-of-fold predictions (Caruana et al. 2004)."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array, Float
from nnjax.nn.metrics import Metric, weighted_sum

MOST_ROUNDS = 50
BAGS, BAG_ROUNDS = 20, 20


class Greedy(NamedTuple):
    """The outcome of `greedy`."""

    counts: np.ndarray  # int [m], how often each candidate was taken
    values: tuple[float, ...]  # of the metric after each round, the last of them being that of `counts`


def evaluate(metric: Metric, y: np.ndarray, w: np.ndarray | None) -> Callable[[Float[np.ndarray, "m n k"]], np.ndarray]:
    """Return the function that gives the values [m] of a metric for outputs [m, n, k] of one part.

    Args:
      metric: of targets y as it takes them.
      y: targets, [n] or [n, k].
      w: weights of the examples, [n]; None where all count alike.
    """
    total = np.float32(len(y) if w is None else w.sum())
    weights = np.ones(len(y), np.float32) if w is None else np.float32(w)

    def one(p: Array) -> Array:
        origin = jnp.asarray(y)[:1]
        moved = (y - origin, p - origin) if metric.shifts else (jnp.asarray(y), p)
        return metric.of_sums(weighted_sum(metric(*moved), jnp.asarray(weights)), jnp.asarray(total))

    function = jax.jit(functools.partial(jax.lax.map, one))
    return lambda p: np.asarray(function(np.asarray(p, np.float32)), float)


def greedy(
    outputs: Float[np.ndarray, "m n k"],
    evaluated: Callable[[Float[np.ndarray, "m n k"]], np.ndarray],
    maximized: bool,
    most: int,
    rounds: int = MOST_ROUNDS,
) -> Greedy:
    """Add candidates one by one, each as often as it helps, whose mean is the best so far (Caruana et al. 2004).

    Of equal ones the first is taken. Of all rounds the earliest with the best value counts, so that the ensemble is
    never worse on these examples than the best candidate alone.

    Args:
      outputs: of the candidates.
      evaluated: outputs [m, n, k] -> values [m], see `evaluate`.
      maximized: whether the highest value is the best.
      most: different candidates at most.
      rounds: at most.
    """
    counts, total = np.zeros(len(outputs), int), np.zeros(outputs.shape[1:], np.float32)
    steps, values = list[np.ndarray](), list[float]()
    for size in range(1, rounds + 1):
        found = evaluated((total + outputs) / size)
        cost = np.where(np.isfinite(found), -found if maximized else found, np.inf)
        full = np.count_nonzero(counts) >= most
        best = int(np.argmin(np.where((counts > 0) | (not full), cost, np.inf)))
        counts[best] += 1
        total = total + outputs[best]
        steps.append(counts.copy())
        values.append(float(found[best]))
    costs = [-value if maximized else value for value in values]
    last = int(np.argmin(costs))
    return Greedy(steps[last], tuple(values[: last + 1]))


def bagged_greedy(
    outputs: Float[np.ndarray, "m n k"],
    evaluated: Callable[[Float[np.ndarray, "m n k"]], np.ndarray],
    maximized: bool,
    most: int,
) -> Float[np.ndarray, " m"]:
    """Average the weights of `greedy` over random halves of the candidates (Caruana et al. 2004, section 2.3).

    A candidate that is the best by luck on few examples is then no member of every ensemble. Arguments as `greedy`.

    Returns:
      Weights that add up to 1, those of the heaviest `most`; of equal ones the first are taken.
    """
    size, stream, total = -(-len(outputs) // 2), np.random.PCG64(0), np.zeros(len(outputs))
    for _ in range(BAGS):
        bag = np.sort(np.argsort(stream.random_raw(len(outputs)), kind="stable")[:size])
        counts = greedy(outputs[bag], evaluated, maximized, most, BAG_ROUNDS).counts
        total[bag] += counts / counts.sum()
    kept = np.argsort(-total, kind="stable")[:most]
    weights = np.zeros(len(outputs))
    weights[kept] = total[kept]
    return weights / weights.sum()


def equal_counts(values: Sequence[float] | np.ndarray, maximized: bool, most: int) -> np.ndarray:
    """Take each of the best candidates once: int [m]; of equal ones the first."""
    cost = np.where(np.isfinite(values), np.negative(values) if maximized else values, np.inf)
    counts = np.zeros(len(values), int)
    counts[np.argsort(cost, kind="stable")[:most]] = 1
    return counts
