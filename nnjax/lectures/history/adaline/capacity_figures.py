"""The capacity of a threshold unit, for the chapter on ADALINE: measured, drawn, beside Cover's count."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.lectures.history.adaline import capacity
from nnjax.lectures.history.chapters import Row, compared
from nnjax.lectures.history.drawing import panels
from nnjax.lectures.history.rule import Examples, Rule, present

WEIGHTS = (5, 10, 20, 40)
SEEDS = 300
LEARNED = (5, 10, 20)
RATIOS = np.arange(1.0, 3.01, 0.25)  # patterns by weight
PRESENTATIONS = 10_000


class Capacities(NamedTuple):
    """By number of weights: how many patterns could be separated [seeds], and the share learned by ratio."""

    separated: dict[int, np.ndarray]
    learned: dict[int, np.ndarray]


def measure() -> Capacities:
    """Measure how many random patterns can be separated, and how many Mays's rule learns."""
    sets = {size: [capacity.random_patterns(seed, 4 * size, size) for seed in range(SEEDS)] for size in WEIGHTS}
    separated = {size: np.array([capacity.capacity(one) for one in some]) for size, some in sets.items()}
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
        cover = [capacity.cover_share(int(p), size) for p in counts]
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
    rule = capacity.mays_rule()

    @jax.jit
    def run(counts: Any) -> Any:
        def one(count: Any, x: Any, target: Any) -> Any:
            def step(weights: Any, t: Any) -> Any:
                return rule.step(weights, Examples(x[t % count], target[t % count]))[0], None

            weights, _ = present(Rule(rule.init, step), rule.init(np.zeros(size)), jnp.arange(PRESENTATIONS))
            return ((target * (x @ weights) > 0) | (jnp.arange(len(x)) >= count)).all()

        return jax.vmap(jax.vmap(one, (None, 0, 0)), (0, None, None))(counts, *data)

    return np.asarray(run(jnp.asarray((RATIOS * size).astype(int)))).mean(axis=1)
