"""The perceptron's demonstration of 1958: it learns whether a card is marked on its left or on its right.

Simulated: a card of 20 × 20 pixels of {0, 1} with a bias, a square mark that lies anywhere within one half, weights of
0 to begin with, a new card at every trial. The New York Times of 8 July 1958 reports that the machine told left from
right after fifty attempts; the size of its marks is not recorded.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key
from nnjax.lectures.history.perceptron.model import perceptron
from nnjax.lectures.history.rule import Examples, Rule, present

SIZE = 20


class Card(NamedTuple):
    """Where the mark of a card lies; cards of a row have leading axes.

    Attributes:
      target: float32 []; −1 for left, +1 for right.
      top, left: int32 []; the mark's first row and column.
    """

    target: Array
    top: Array
    left: Array


def draw(key: Key, mark: int | Array, num: int) -> Card:
    """Draw cards whose mark is 1 to 10 pixels wide, in either half and at any place within it: arrays [num]."""
    half, row, column = jax.random.uniform(key, (3, num), jnp.float32)
    right = half < 0.5
    top, left = (
        (share * jnp.float32(room - mark + 1)).astype(jnp.int32) for share, room in ((row, SIZE), (column, SIZE // 2))
    )
    return Card(jnp.where(right, 1, -1).astype(jnp.float32), top, left + jnp.where(right, SIZE // 2, 0))


def example_of(card: Card, mark: int | Array) -> Examples:
    """Make an example of a card: x float32 [401], the pixels row by row and the bias; the target []."""
    place = jnp.arange(SIZE)
    rows, columns = ((place >= first) & (place < first + mark) for first in (card.top, card.left))
    pixels = rows[:, None] & columns[None]
    return Examples(jnp.append(pixels.ravel(), True).astype(jnp.float32), card.target)


def demonstration(mark: int | Array, rate: float | Array = 1.0) -> Rule:
    """Make the perceptron's rule with cards as presentations: `init()`, `step(weights, Card)`."""
    rule = perceptron(rate)
    return Rule(lambda: rule.init(SIZE**2 + 1), lambda weights, card: rule.step(weights, example_of(card, mark)))


@functools.partial(jax.jit, static_argnames="num_trials")
def attempt(key: Key, mark: int | Array, num_trials: int) -> tuple[Array, Array]:
    """Train one perceptron: weights in the end [401], and whether each answer was right, bool [num_trials]."""
    rule = demonstration(mark)
    weights, info = present(rule, rule.init(), draw(key, mark, num_trials))
    return weights, ~info.wrong


@functools.partial(jax.jit, static_argnames=("num_seeds", "num_trials"))
def _attempts(marks: Array, num_seeds: int, num_trials: int) -> Array:
    keys = jax.vmap(jax.random.key)(jnp.arange(num_seeds))

    def right(key: Key, mark: Array) -> Array:
        return attempt(key, mark, num_trials)[1]

    return jax.vmap(jax.vmap(right, (0, None)), (None, 0))(keys, marks)


def attempts(marks: Sequence[int], num_seeds: int = 200, num_trials: int = 3000) -> Array:
    """Train perceptrons in one program, and say whether each answer was right: bool [marks, seeds, trials].

    Raises:
      UserError: a mark does not fit into half a card.
    """
    wrong = [mark for mark in marks if not 1 <= mark <= SIZE // 2]
    if wrong:
        raise UserError(f"A mark is 1 to {SIZE // 2} pixels wide, so that half a card holds it, not {wrong[0]}.")
    return _attempts(jnp.asarray(marks), num_seeds, num_trials)
