"""ADALINE 1960 (Widrow & Hoff): a linear error, taken before the threshold, changes the weights.

An adaptive linear element has weights w [d], the last of them the bias if the last input is always 1. Its sum is
s = w·x, its answer sign(s), and its linear error ε = t − s for the target t. What all rules here do is the least mean
squares (LMS) idea: step against the gradient of one pattern's squared error.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.lectures.history.learning_rule import Examples, Rule


class StepInfo(NamedTuple):
    """Information of a step: the linear error (of a sigmoid ADALINE the output's) [], and the weights before it [d]."""

    error: Array
    weights: Array


def alpha_lms(alpha: float | Array) -> Rule:
    """α-LMS: w ← w + α ε x / ‖x‖², after which the pattern's error is (1 − α) of what it was (Widrow & Hoff 1960).

    A pattern of zeros changes nothing.

    Args:
      alpha: the share of the error that a step takes away, stable within (0, 2); it may be traced.

    Raises:
      UserError: it is outside (0, 2).
    """
    check_alpha(alpha)

    def change(error: Array, x: Array) -> Array:
        squared = (x**2).sum()
        return alpha * error * x / jnp.where(squared > 0, squared, 1)

    return _linear(change)


def mu_lms(mu: float | Array) -> Rule:
    """μ-LMS: w ← w + 2 μ ε x, which goes to the least-squares weights in the mean (Widrow & Hoff 1960; Widrow 1971).

    Args:
      mu: the rate, below `largest_mu` for it to converge; it may be traced.

    Raises:
      UserError: it is not positive.
    """
    _check_mu(mu)
    return _linear(lambda error, x: 2 * mu * error * x)


def steepest_descent(mu: float | Array) -> Rule:
    """μ-LMS with the mean over all patterns in the place of one: a presentation is x [n, d] with targets [n].

    Its errors are [n]. It converges for μ below 1 / λmax of R = E[x xᵀ], and not above.

    Raises:
      UserError: μ is not positive.
    """
    _check_mu(mu)
    return _linear(lambda error, x: 2 * mu * (error[:, None] * x).mean(axis=0))


def slides_rule() -> Rule:
    """Make the rule of the lecture slides: weight change = (pre-weight line value) · (error / number of inputs).

    For inputs of −1 and +1, ‖x‖² is the number of inputs: it is α-LMS with α = 1. With inputs of 0 and 1 a pattern
    with k of N lines at 1 keeps (1 − k/N) of its error.
    """
    return _linear(lambda error, x: x * error / x.size)


def sigmoid_adaline(mu: float | Array) -> Rule:
    """Put a sigmoid in the threshold's place: w ← w + 2 μ (t − y) (1 − y²) x with y = tanh(s) (Widrow & Lehr 1990).

    The gradient is that of the squared error of y, whose mean is least where (1 + y)/2 is the probability of t = +1.

    Raises:
      UserError: μ is not positive.
    """
    _check_mu(mu)

    def step(weights: Array, pattern: Examples) -> tuple[Array, StepInfo]:
        output = jnp.tanh(sums(weights, pattern.x))
        error = pattern.targets - output
        return weights + 2 * mu * error * (1 - output**2) * pattern.x, StepInfo(error, weights)

    return Rule(init=lambda start: jnp.asarray(start, float), step=step)


def sums(weights: Array, x: Array) -> Array:
    """Compute the sums before the threshold, s = w·x: weights [d], x [..., d] -> [...]; UserError if d differs."""
    if weights.shape != x.shape[-1:]:
        raise UserError(f"Weights of shape {weights.shape} do not fit inputs of shape {x.shape}: [d] and [..., d].")
    return x @ weights


def probability(weights: Array, x: Array) -> Array:
    """Compute a sigmoid ADALINE's probability of t = +1, (1 + tanh s)/2: x [..., d] -> [...]."""
    return (1 + jnp.tanh(sums(weights, x))) / 2


def least_squares(data: Examples) -> np.ndarray:
    """Compute the weights of least mean squared error, where μ-LMS converges [d] (Wiener's solution R⁻¹ E[t x])."""
    return np.linalg.lstsq(np.asarray(data.x, float), np.asarray(data.targets, float), rcond=None)[0]


def correlation(x: Array) -> np.ndarray:
    """Compute R = E[x xᵀ] of patterns [n, d] that are presented equally often: [d, d]."""
    inputs = np.asarray(x, float)
    return inputs.T @ inputs / len(inputs)


def largest_mu(x: Array) -> tuple[float, float]:
    """Compute the bounds of μ for patterns [n, d]: 1 / trace R for pattern by pattern, 1 / λmax for their mean.

    The first is exact for patterns of one length (inputs of −1 and +1): there μ-LMS is α-LMS with α = 2 μ trace R.
    """
    matrix = correlation(x)
    return float(1 / np.trace(matrix)), float(1 / np.linalg.eigvalsh(matrix)[-1])


def misadjustment(mu: float, num_inputs: int) -> float:
    """Compute the misadjustment of μ-LMS, its excess error as a share of the least: μN / (1 − μN), N inputs of ±1.

    Exact for inputs that are independent of the noise and of each other: with v = w − w*, ‖v‖² stays where
    4 μ E[(v·x)²] = 4 μ² N (E[(v·x)²] + σ²). Widrow & Hoff give its first order, μ trace R.
    """
    return mu * num_inputs / (1 - mu * num_inputs)


def check_alpha(alpha: float | Array) -> None:
    """Refuse an α outside (0, 2), unless it is traced."""
    if not isinstance(alpha, jax.core.Tracer) and not (np.min(alpha) > 0 and np.max(alpha) < 2):
        raise UserError(f"alpha = {alpha} is outside (0, 2), where α-LMS is stable; take 1, or 0.1 for noisy patterns.")


def _check_mu(mu: float | Array) -> None:
    if not isinstance(mu, jax.core.Tracer) and not (np.min(mu) > 0 and np.isfinite(mu).all()):
        raise UserError(f"mu = {mu} is not a positive number; take a tenth of largest_mu(x).")


def _linear(change: Callable[[Array, Array], Array]) -> Rule:
    """Make a rule of what a linear error and a pattern do to the weights."""

    def step(weights: Array, pattern: Examples) -> tuple[Array, StepInfo]:
        error = pattern.targets - sums(weights, pattern.x)
        return weights + change(error, pattern.x), StepInfo(error, weights)

    return Rule(init=lambda start: jnp.asarray(start, float), step=step)
