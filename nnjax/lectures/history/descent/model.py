"""Gradient descent of a line: the loss surface over slope and intercept, and paths to its minimum (lecture slides).

The slides' line is y = 21 x + 10 at x = 3, 3.1, …, 19. The loss is the mean squared error without a half, so its
Hessian is 2/n XᵀX, and descent with a fixed rate converges below 2 / λmax and diverges above (Cauchy 1847).
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.lectures.history.learning_rule import Rule

SLOPE, INTERCEPT = 21.0, 10.0


class Line(NamedTuple):
    """Points x [n] and y [n]."""

    x: Array
    y: Array


def slides_line() -> Line:
    """Make the 161 points of the lecture slides, 3 and 19 included."""
    x = np.linspace(3.0, 19.0, 161)
    return Line(x, SLOPE * x + INTERCEPT)


def standardized(line: Line) -> Line:
    """The same points with x of mean 0 and variance 1."""
    return Line((line.x - np.mean(line.x)) / np.std(line.x), line.y)


def loss(line: Line, weights: Array) -> Array:
    """Mean squared error of slope and intercept: weights [..., 2] -> [...]."""
    errors = weights[..., :1] * line.x + weights[..., 1:] - line.y
    return (errors**2).mean(axis=-1)


def gradient(line: Line, weights: Array) -> Array:
    """Differentiate the loss by hand: weights [2] -> [2]."""
    error = weights[0] * line.x + weights[1] - line.y
    return jnp.stack([2 * (error * line.x).mean(), 2 * error.mean()])


def descent(line: Line, rate: float | Array) -> Rule:
    """Gradient descent with a fixed rate; a presentation is a whole pass, and its content is not looked at.

    What happens at each step: (loss before it, weights before it [2]).
    """

    def step(weights: Array, _: Array) -> tuple[Array, tuple[Array, Array]]:
        return weights - rate * gradient(line, weights), (loss(line, weights), weights)

    return Rule(init=lambda start: jnp.asarray(start), step=step)


def least_squares(line: Line) -> np.ndarray:
    """The minimum in closed form (Legendre 1805): slope and intercept; UserError for fewer than two different x."""
    if np.ptp(np.asarray(line.x)) == 0:
        raise UserError("A line needs points at two different x at least.")
    design = np.column_stack([line.x, np.ones(len(line.x))])
    return np.linalg.lstsq(design, np.asarray(line.y), rcond=None)[0]


def largest_rate(line: Line) -> float:
    """The rate above which descent diverges: 2 / λmax of the Hessian 2/n XᵀX."""
    design = np.column_stack([line.x, np.ones(len(line.x))])
    return float(2 / np.linalg.eigvalsh(2 / len(line.x) * design.T @ design)[-1])


def surface(line: Line, low: float = 0.0, high: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """The loss on a square grid: the grid's values [61], and losses [intercept, slope]."""
    values = np.linspace(low, high, 61)
    slopes, intercepts = np.meshgrid(values, values)
    return values, np.asarray(loss(line, np.stack([slopes, intercepts], axis=-1)))
