"""The capacity of a threshold unit for random patterns: about twice its number of weights.

Cover 1965 counts the ways in which a plane through the origin divides p points in general position in d dimensions;
half of the 2^p labellings at p = 2d, and of patterns that are added one by one 2d can be held in the mean.
`separating_weights` decides for given patterns, exactly; Mays's rule is how an ADALINE finds such weights by itself.
"""

import math

import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.lectures.history.adaline.model import StepInfo, check_alpha, sums
from nnjax.lectures.history.rule import Examples, Rule


def cover_share(num_patterns: int, num_weights: int) -> float:
    """Compute the share of labellings of p patterns that d weights realise: 2^(1−p) Σ_{k<d} C(p−1, k) (Cover 1965)."""
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
