"""The figures of the left/right cards, for the chapter on the perceptron."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array
from nnjax.lectures.history.drawing import BROWN, GREEN, NEGATIVE, POSITIVE, panels
from nnjax.lectures.history.perceptron import cards
from nnjax.lectures.history.rule import present

MARKS = (1, 2, 4, 8)
COLORS = (NEGATIVE, BROWN, POSITIVE, GREEN)
EDGES = np.array([0, 25, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1000, 1300, 1600, 2000, 2500, 3000])
TIMES = (50, 500, 3000)  # trials after which weights are shown


@jax.jit
def _lesson(mark: jax.Array) -> tuple[Array, Array, Array]:
    """One perceptron: its first 50 cards [50, 401], their targets [50], and its weights at `TIMES` [3, 401]."""
    rule, lesson = cards.demonstration(mark), cards.draw(jax.random.key(1), mark, TIMES[-1] + 1)
    _, info = present(rule, rule.init(), lesson)
    first = jax.tree.map(lambda array: array[:50], lesson)
    return jax.vmap(cards.example_of, (0, None))(first, mark).x, first.target, info.weights[jnp.array(TIMES)]


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
        axis.axvline(cards.SIZE / 2 - 0.5, color="0.5", lw=0.8, ls=":")
        axis.set(xticks=(), yticks=())
        axis.spines[["top", "right"]].set_visible(True)


def _square(x: Any) -> np.ndarray:
    """The pixels of a card, or their weights, without the bias."""
    return np.asarray(x)[:-1].reshape(cards.SIZE, cards.SIZE)


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
