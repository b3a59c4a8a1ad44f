"""The capacity of a threshold unit for random patterns, about twice its number of weights: measured, and drawn.

Cover 1965 counts the ways in which a plane through the origin divides p points in general position in d dimensions;
half of the 2^p labelings at p = 2d, and of patterns that are added one by one 2d can be held in the mean.
`separating_weights` decides for given patterns, exactly; Mays's rule is how an ADALINE finds such weights by itself.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.lectures.history.adaline.model import StepInfo, check_alpha, sums
from nnjax.lectures.history.chapters import Row, compared
from nnjax.lectures.history.drawing import panels
from nnjax.lectures.history.learning_rule import Examples, Rule, present

WEIGHTS = (5, 10, 20, 40)
SEEDS = 300
LEARNED = (5, 10, 20)
RATIOS = np.arange(1.0, 3.01, 0.25)  # patterns by weight
PRESENTATIONS = 10_000


def cover_share(num_patterns: int, num_weights: int) -> float:
    """Compute the share of labelings of p patterns that d weights realise: 2^(1−p) Σ_{k<d} C(p−1, k) (Cover 1965)."""
    ways = sum(math.comb(num_patterns - 1, k) for k in range(num_weights))
    return ways / 2 ** (num_patterns - 1)


def separating_weights(data: Examples) -> np.ndarray | None:
    """Find weights w with t·(w·x) > 0 for every pattern, or None where there are none, exactly up to rounding.

    With rows a = t·x either such weights exist, or a mixture c ≥ 0, Σc = 1 with Aᵀc = 0 (Gordan 1873). Nonnegative
    least squares of (Aᵀc, Σc) to (0, 1) finds that mixture, or else ends with w = Aᵀc, for which A w ≥ 1 − Σc > 0.

    Args:
      data: x [p, d] and targets ±1 [p].
    """
    from scipy.optimize import nnls

    rows = np.asarray(data.x, float) * np.asarray(data.targets, float)[:, None]
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(float).tiny)
    mixed = np.vstack([rows.T, np.ones(len(rows))])
    mixture, _ = nnls(mixed, np.eye(len(mixed))[-1])
    weights = rows.T @ mixture
    return weights if (rows @ weights).min() > len(mixed) * np.finfo(float).eps * 10 else None


def random_patterns(seed: int, num_patterns: int, num_weights: int) -> Examples:
    """Draw patterns with a bias, with random labels: x [p, d] is normal, its last input 1."""
    draw = np.random.default_rng(seed)
    x = np.ones((num_patterns, num_weights))
    x[:, :-1] = draw.normal(size=(num_patterns, num_weights - 1))
    return Examples(x, draw.choice([-1.0, 1.0], size=num_patterns))


def capacity(data: Examples) -> int:
    """Find the largest p for which the first p patterns can be separated, by bisection."""
    low, high = 0, len(data.x) + 1
    while high - low > 1:
        middle = (low + high) // 2
        found = separating_weights(Examples(data.x[:middle], data.targets[:middle]))
        low, high = (middle, high) if found is not None else (low, middle)
    return low


def mays_rule(alpha: float | Array = 1.0, dead_zone: float = 0.5) -> Rule:
    """Modified relaxation: α-LMS, only where t·s is below the dead zone (Mays 1963; Widrow & Lehr 1990).

    It finds separating weights where there are any; plain α-LMS may settle beside them.

    Args:
      alpha: within (0, 2).
      dead_zone: γ within (0, 1).

    Raises:
      UserError: a value outside.
    """
    check_alpha(alpha)
    if not 0 < dead_zone < 1:
        raise UserError(f"dead_zone = {dead_zone} is outside (0, 1); take 0.5.")

    def step(weights: Array, pattern: Examples) -> tuple[Array, StepInfo]:
        total = sums(weights, pattern.x)
        error = pattern.targets - total
        change = alpha * error * pattern.x / (pattern.x**2).sum()
        return weights + jnp.where(pattern.targets * total < dead_zone, change, 0), StepInfo(error, weights)

    return Rule(init=lambda start: jnp.asarray(start, float), step=step)


class Capacities(NamedTuple):
    """By number of weights: how many patterns could be separated [seeds], and the share learned by ratio."""

    separated: dict[int, np.ndarray]
    learned: dict[int, np.ndarray]


def measure() -> Capacities:
    """Measure how many random patterns can be separated, and how many Mays's rule learns."""
    sets = {size: [random_patterns(seed, 4 * size, size) for seed in range(SEEDS)] for size in WEIGHTS}
    separated = {size: np.array([capacity(one) for one in some]) for size, some in sets.items()}
    return Capacities(separated, {size: _learned(sets[size], size) for size in LEARNED})


def rows(found: Capacities) -> list[Row]:
    """Compare the mean numbers with twice the number of weights, which is exact (its standard deviation is √(2N))."""
    held = "patterns that {} weights hold, mean"
    learned = "patterns a weight that Mays's rule learns for half the sets, {} weights"
    return [
        *(
            compared(held.format(size), float(values.mean()), 2 * size, 3, atol=3 * np.sqrt(2 * size / SEEDS))
            for size, values in found.separated.items()
        ),
        *(
            compared(learned.format(size), float(np.interp(-0.5, -shares, RATIOS)), 2.0, 3, 0.15)
            for size, shares in found.learned.items()
        ),
    ]


@panels(2, width=4.2)
def draw(axes: Any, found: Capacities) -> None:
    """Draw the share that is separated, and the share that is learned, over patterns by weight."""
    for place, (size, values) in enumerate(found.separated.items()):
        counts = np.arange(size // 2, 4 * size + 1)
        cover = [cover_share(int(p), size) for p in counts]
        some = counts[:: max(1, size // 5)]
        for one in axes:
            one.plot(counts / size, cover, color=f"C{place}", lw=1.2, alpha=0.7)
        share = (values[:, None] >= some).mean(axis=0)
        axes[0].plot(some / size, share, "o", ms=4, color=f"C{place}", label=f"{size} weights")
        if size in found.learned:
            axes[1].plot(RATIOS, found.learned[size], "o", ms=4, color=f"C{place}")
    axes[0].legend()
    for one, title in zip(axes, ("can be separated", "learned by Mays's rule"), strict=True):
        one.axvline(2, color="0.7", lw=0.8, ls="--")
        one.axhline(0.5, color="0.7", lw=0.8, ls="--")
        one.set(xlabel="patterns by weight", ylabel="share of sets", xlim=(0.5, 4), title=title)


def _learned(sets: list[Examples], size: int) -> np.ndarray:
    """Share of the sets whose first patterns are all right after the last presentation: [ratios], in one program."""
    data = Examples(*(jnp.asarray(np.stack(arrays), float) for arrays in zip(*sets, strict=True)))
    rule = mays_rule()

    @jax.jit
    def run(counts: Any) -> Any:
        """Learn all sets for each number of patterns."""

        def one(count: Any, x: Any, target: Any) -> Any:
            def step(weights: Any, t: Any) -> Any:
                return rule.step(weights, Examples(x[t % count], target[t % count]))[0], None

            weights, _ = present(Rule(rule.init, step), rule.init(np.zeros(size)), jnp.arange(PRESENTATIONS))
            return ((target * (x @ weights) > 0) | (jnp.arange(len(x)) >= count)).all()

        return jax.vmap(jax.vmap(one, (None, 0, 0)), (0, None, None))(counts, *data)

    return np.asarray(run(jnp.asarray((RATIOS * size).astype(int)))).mean(axis=1)
