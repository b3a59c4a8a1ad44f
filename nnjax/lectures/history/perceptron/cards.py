"""The perceptron's demonstration of 1958: it learns whether a card is marked on its left or on its right.

Simulated: a card of 20 × 20 pixels of {0, 1} with a bias, a square mark that lies anywhere within one half, weights of
0 to begin with, a new card at every trial. The New York Times of 8 July 1958 reports that the machine told left from
right after fifty attempts; the size of its marks is not recorded.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Key
from nnjax.lectures.history.drawing import BROWN, GREEN, NEGATIVE, POSITIVE, panels
from nnjax.lectures.history.learning_rule import Examples, Rule, present
from nnjax.lectures.history.perceptron.model import perceptron

SIZE = 20
MARKS = (1, 2, 4, 8)
COLORS = (NEGATIVE, BROWN, POSITIVE, GREEN)
EDGES = np.array([0, 25, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1000, 1300, 1600, 2000, 2500, 3000])
TIMES = (50, 500, 3000)  # trials after which weights are shown


class Card(NamedTuple):
    """Where the mark of a card lies; cards of a row have leading axes."""

    target: Array  # float32 []; −1 for left, +1 for right
    top: Array  # int32 []; the mark's first row
    left: Array  # int32 []; its first column


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


def demonstration(mark: int | Array) -> Rule:
    """Make the perceptron's rule with cards as presentations: `init()`, `step(weights, Card)`."""
    rule = perceptron()
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


@jax.jit
def _lesson(mark: jax.Array) -> tuple[Array, Array, Array]:
    """One perceptron: its first 50 cards [50, 401], their targets [50], and its weights at `TIMES` [3, 401]."""
    rule, lesson = demonstration(mark), draw(jax.random.key(1), mark, TIMES[-1] + 1)
    _, info = present(rule, rule.init(), lesson)
    first = jax.tree.map(lambda array: array[:50], lesson)
    return jax.vmap(example_of, (0, None))(first, mark).x, first.target, info.weights[jnp.array(TIMES)]


@panels(5, 2, width=1.9, height=2.05)
def draw_weights(axes: Any) -> None:
    """Draw two cards, and the weights of one perceptron while it learns, for a large and a small mark."""
    for line, mark in zip(axes, (4, 1), strict=True):
        first, targets, weights = map(np.asarray, _lesson(jnp.int32(mark)))
        for axis, side, name in zip(line, (-1, 1), ("left", "right"), strict=False):
            axis.imshow(_square(first[np.argmax(targets == side)]), cmap="Greys", vmax=1.2)
            axis.set_title(f"{mark}×{mark} mark: {name}")
        for axis, trials, learned in zip(line[2:], TIMES, weights, strict=True):
            extent = 1.2 * np.abs(learned[:-1]).max()
            axis.imshow(_square(learned), cmap="RdBu", vmin=-extent, vmax=extent)
            axis.set_title(f"weights after {trials:,}")
    for axis in axes.ravel():
        axis.axvline(SIZE / 2 - 0.5, color="0.5", lw=0.8, ls=":")
        axis.set(xticks=(), yticks=())
        axis.spines[["top", "right"]].set_visible(True)


def _square(x: Any) -> np.ndarray:
    """The pixels of a card, or their weights, without the bias."""
    return np.asarray(x)[:-1].reshape(SIZE, SIZE)


@panels(1, width=5.2, height=3.4)
def draw_curves(axes: Any, right: np.ndarray) -> None:
    """Draw the share of right answers by trial, from whether each was right: bool [marks, seeds, trials]."""
    middles = (EDGES[1:] + EDGES[:-1] + 1) / 2
    for of_mark, mark, color in zip(right, MARKS, COLORS, strict=True):
        windows = [of_mark[:, first:last].mean(axis=1) for first, last in itertools.pairwise(EDGES)]
        shares = 100 * np.stack(windows, axis=1)
        low, high = np.percentile(shares, (10, 90), axis=0)
        axes[0].plot(middles, shares.mean(axis=0), color=color, lw=1.6, marker=".", label=f"{mark}×{mark}")
        axes[0].fill_between(middles, low, high, color=color, alpha=0.15, lw=0)
    axes[0].axvline(50, color="0.5", lw=0.8, ls=":")
    axes[0].text(52, 3, "50 attempts", fontsize=8, color="0.35")
    axes[0].axhline(50, color="0.5", lw=0.8, ls=":")
    axes[0].set(xscale="log", xlabel="trial", ylabel="right, %", ylim=(0, 102))
    axes[0].legend(title="mark", fontsize=9, title_fontsize=9, loc="lower right")
