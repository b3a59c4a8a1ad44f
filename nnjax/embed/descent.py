"""The published schedule of t-SNE for one layout: momentum .5 then .8, gains, early exaggeration."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

MOMENTA = (0.5, 0.8)  # while exaggerated, and after
SPREAD = 1e-4  # standard deviation of the first positions
GAIN_RISE, GAIN_FALL, LEAST_GAIN = 0.2, 0.8, 0.01


class State(NamedTuple):
    """A layout during descent."""

    y: Array  # [2, n] float32
    velocity: Array  # [2, n] float32, the last step
    gains: Array  # [2, n] float32, factors of the learning rate


def init(y: Array) -> State:
    """Begin at y [2, n]."""
    return State(y, jnp.zeros_like(y), jnp.ones_like(y))


def step(state: State, gradient: Array, rate: Array, momentum: Array) -> State:
    """Take one step (Jacobs 1988, as van der Maaten & Hinton 2008 use it).

    A gain rises by .2 where the gradient points against the last step's direction of descent, and falls to .8 of itself
    where it does not. The layout is centered, as in the authors' code: under exaggeration it may shrink to far below
    its own distance from the origin, and float32 would then lose it.
    """
    rises = state.velocity * gradient < 0
    gains = jnp.maximum(jnp.where(rises, state.gains + GAIN_RISE, state.gains * GAIN_FALL), LEAST_GAIN)
    velocity = momentum * state.velocity - rate * gains * gradient
    y = state.y + velocity
    return State(y - jnp.mean(y, axis=1, keepdims=True), velocity, gains)


def enlarge(state: State) -> State:
    """Bring a layout that has shrunk to less than a tenth of the first spread back to it.

    At a large perplexity exaggerated attraction draws all points together, within some hundred steps to less than
    float32 can hold, and they would never part again. So small a layout moves linearly: its size means nothing.
    """
    spread = jnp.max(jnp.std(state.y, axis=1))
    factor = jnp.where(spread < SPREAD / 10, SPREAD / jnp.maximum(spread, jnp.finfo(spread.dtype).tiny), 1)
    return State(state.y * factor, state.velocity * factor, state.gains)
