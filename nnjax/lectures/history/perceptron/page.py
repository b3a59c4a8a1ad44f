"""The chapter on the perceptron."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.types import Array
from nnjax.lectures.history import truth_tables
from nnjax.lectures.history.chapters import SIMULATED, Chapter, Row, compared, compose, counted
from nnjax.lectures.history.drawing import BROWN, GREEN, NEGATIVE, POSITIVE, draw_regions, panels
from nnjax.lectures.history.learning_rule import Examples, cycle, drawn, present
from nnjax.lectures.history.perceptron import cards
from nnjax.lectures.history.perceptron import model as machine

# DECK.md section 3: mistakes, epochs, weights with the bias last, Novikoff's bound.
PUBLISHED = {
    "AND": (18, 9, (3, 2, -4), 51),
    "OR": (9, 6, (2, 2, -1), 27),
    "NAND": (18, 9, (-3, -2, 4), 51),
    "AND3": (44, 20, (4, 3, 2, -8), 148),
}
# Mark, first and last trial, % right.
CARDS = ((4, 0, 50, 79), (4, 50, 100, 96), (1, 0, 50, 33), (1, 100, 200, 40), (1, 200, 400, 47), (1, 400, 1000, 67))
SEEDS, PRESENTATIONS = 200, 2000  # of the pocket
SHADES = ("0.93", "#d5dfec", "#9db7d9", POSITIVE)  # 0 to 3 rows right
COLORS = {"AND": POSITIVE, "OR": GREEN, "AND3": BROWN, "XOR": NEGATIVE}


def chapter() -> Chapter:
    """Compute and draw it."""
    right = np.asarray(cards.attempts(cards.MARKS))
    own, kept = (np.asarray(counts) for counts in _pocket())
    mistakes, bounds = _random_sets()
    drawings = {
        "regions": _regions({("AND", False): (1, 4, 8, 16, 24, 36), ("OR", False): (1, 4, 8, 12, 16, 24)}),
        "xor": _regions({("XOR", False): (1, 2, 3, 5, 6, 7), ("XOR", True): (1, 10, 30, 100, 300, 1000)}),
        "mistakes": _mistakes(mistakes, bounds),
        "pocket": _pocket_figure({"the perceptron's own weights": own, "in its pocket": kept}),
        "cards": cards.draw_weights(),
        "card_curves": cards.draw_curves(right),
    }
    rows = [*_table_rows(), *_inseparable_rows(kept, float((mistakes / bounds).max())), *_card_rows(right)]
    return compose(__file__, drawings, rows, seeds=SEEDS, perceptrons=right.shape[1])._replace(tried={})


def _table_rows() -> list[Row]:
    rows = []
    for name, (mistakes, epochs, weights, bound) in PUBLISHED.items():
        data = machine.of_table(truth_tables.TABLES[name])
        learned = machine.separate(*data)
        found = [int(learned.mistakes), int(learned.epochs), *map(int, learned.weights)]
        rows.append(counted(f"{name}: mistakes, epochs, weights", found, [mistakes, epochs, *weights]))
        rows.append(compared(f"{name}: bound on the mistakes", machine.novikoff(*data), bound))
    slow = machine.learn(machine.of_table(truth_tables.TABLES["AND"]), rate=0.01)
    return [*rows, counted("AND at α = .01: mistakes, epochs", [int(slow.mistakes), int(slow.epochs)], [18, 9])]


def _inseparable_rows(kept: np.ndarray, closest: float) -> list[Row]:
    xor = machine.learn(machine.of_table(truth_tables.TABLES["XOR"]))
    return [
        Row("XOR", machine.describe(xor), "never stops", bool(xor.repeats)),
        Row("mistakes of 400 random sets: largest share of the bound", f"{closest:.2f}", "≤ 1", closest <= 1),
        counted("XOR with a pocket: rows right, all seeds", [int(kept[:, -1].min()), int(kept[:, -1].max())], [3, 3]),
    ]


def _card_rows(right: np.ndarray) -> list[Row]:
    def row(mark: int, when: str, first: int, last: int | None, known: float) -> Row:
        share = 100 * right[cards.MARKS.index(mark), :, first:last].mean()
        return compared(f"cards, {mark}×{mark} mark, {when}: % right", share, known, 3, atol=1, origin=SIMULATED)

    return [
        *(row(mark, f"trials {first + 1}–{last}", first, last, share) for mark, first, last, share in CARDS),
        *(row(mark, f"after trial {first:,}", first, None, 99) for mark, first in ((4, 100), (1, 2000))),
    ]


@jax.jit
def _present(order: Examples) -> machine.StepInfo:
    rule = machine.perceptron()
    return present(rule, rule.init(order.x.shape[-1]), order)[1]


def _infos(name: str, at_random: bool = False) -> machine.StepInfo:
    """Present 251 passes over a truth table, or as many presentations drawn at random."""
    data = machine.of_table(truth_tables.TABLES[name])
    order = drawn(jax.random.key(0), data, 251 * len(data.x)) if at_random else cycle(data, 251)
    return machine.StepInfo(*map(np.asarray, _present(order)))


@panels(6, 2, width=1.9, height=1.9)
def _regions(axes: Any, shown: Mapping[tuple[str, bool], Sequence[int]]) -> None:
    """Two rows of regions, by table and whether presentations are drawn at random: after these counts of them."""
    for line, ((name, at_random), counts) in zip(axes, shown.items(), strict=True):
        data, weights = machine.of_table(truth_tables.TABLES[name]), _infos(name, at_random).weights
        for axis, count in zip(line, counts, strict=True):
            _region(axis, data, weights[count], f"{name}, {count:,}")
        line[0].set_ylabel("drawn at random" if at_random else "in order", fontsize=9)


def _region(axis: Any, data: Examples, weights: Array, title: str) -> None:
    def side(points: np.ndarray) -> np.ndarray:
        return np.sign(points @ weights[:2] + weights[2])

    title = f"{title}: {machine.num_right(weights, data)} right"
    draw_regions(axis, side, data.x[:, :2], data.targets, title=title, xticks=(0, 1), yticks=(0, 1))


def _random_sets(num_sets: int = 400, num_points: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Sets that a random line separates, all learned together: mistakes and bounds, each [num_sets or fewer]."""
    draw = np.random.default_rng(0)
    points, lines = draw.uniform(-1, 1, (4 * num_sets, num_points, 2)), draw.normal(size=(4 * num_sets, 3))
    x = np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)
    targets = np.sign(np.einsum("mnd,md->mn", x, lines))
    bounds = np.array([machine.novikoff(*pair) for pair in zip(x, targets, strict=True)])
    chosen = np.flatnonzero((bounds < 3000) & (np.ptp(targets, axis=1) > 0))[:num_sets]  # both classes
    data = Examples(jnp.asarray(x[chosen], jnp.float32), jnp.asarray(targets[chosen], jnp.float32))
    learned = jax.vmap(machine.learn)(data)
    return np.asarray(learned.mistakes), bounds[chosen]


@panels(2, width=4.2, height=3.2)
def _mistakes(axes: Any, mistakes: np.ndarray, bounds: np.ndarray) -> None:
    """Draw the mistakes beside Novikoff's bounds."""
    for name, color in COLORS.items():
        axes[0].plot(np.arange(1, 181), np.cumsum(_infos(name).wrong[:180]), color=color, lw=1.5, label=name)
        if name != "XOR":
            bound = PUBLISHED[name][3]
            axes[0].axhline(bound, color=color, lw=1.2, ls=":")
            place = 140 if name == "AND3" else 181
            axes[0].text(place, bound + 2, f"bound of {name}", color=color, fontsize=8, ha="right")
    axes[0].set(xlabel="presentations", ylabel="mistakes", ylim=(0, 215))
    axes[0].legend(loc="upper left", ncols=2)
    limits = np.array([10.0, bounds.max() * 1.3])
    axes[1].plot(limits, limits, color="0.2", lw=1.2, ls=":")
    axes[1].scatter(bounds, np.maximum(mistakes, 0.8), s=9, color=POSITIVE, alpha=0.5, lw=0)
    axes[1].set(xscale="log", yscale="log", xlabel="Novikoff's bound (R/γ)²", ylabel="mistakes")
    axes[1].text(60, 85, "the bound", rotation=32, fontsize=8, color="0.2")


def _pocket() -> tuple[Array, Array]:
    """Rows of XOR answered rightly by the perceptron and by its pocket: int32 [seeds, presentations] each."""
    data = machine.of_table(truth_tables.TABLES["XOR"])
    rule, plain = machine.pocket(data), machine.perceptron()

    @jax.jit
    @jax.vmap
    def counts(key: jax.Array) -> tuple[Array, Array]:
        order = drawn(key, data, PRESENTATIONS)
        _, kept = present(rule, rule.init(3), order)
        _, info = present(plain, plain.init(3), order)
        return jax.vmap(machine.num_right, (0, None))(info.weights, data), kept

    return counts(jax.random.split(jax.random.key(0), SEEDS))


@panels(2, width=4.2, height=3.0)
def _pocket_figure(axes: Any, found: Mapping[str, np.ndarray]) -> None:
    for axis, (title, counts) in zip(axes, found.items(), strict=True):
        shares = [100 * (counts == right).mean(axis=0) for right in range(4)]
        labels = [f"{right} right" for right in range(4)]
        axis.stackplot(np.arange(1, PRESENTATIONS + 1), shares, colors=SHADES, labels=labels)
        axis.set(xscale="log", xlim=(1, PRESENTATIONS), ylim=(0, 100), xlabel="presentations", ylabel="seeds, %")
        axis.set_title(title)
    axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5), reverse=True)
