"""The chapter on the perceptron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.lectures.history import truth_tables
from nnjax.lectures.history.chapters import Chapter, Figure, Row, compared, counted
from nnjax.lectures.history.drawing import NEGATIVE, POSITIVE, draw_regions, grid_of, row_of
from nnjax.lectures.history.perceptron import card_figures, cards
from nnjax.lectures.history.perceptron import model as machine
from nnjax.lectures.history.rule import cycle, present

if TYPE_CHECKING:
    import matplotlib.figure

# DECK.md section 3: mistakes, epochs, weights with the bias last, Novikoff's bound.
PUBLISHED = {
    "AND": (18, 9, (3, 2, -4), 51),
    "OR": (9, 6, (2, 2, -1), 27),
    "NAND": (18, 9, (-3, -2, 4), 51),
    "AND3": (44, 20, (4, 3, 2, -8), 148),
}
CARDS = ((4, 0, 50, 79), (4, 50, 100, 96), (1, 0, 50, 33), (1, 100, 200, 40), (1, 200, 400, 47), (1, 400, 1000, 67))
SEEDS, PRESENTATIONS = 200, 2000  # of the pocket
SHADES = ("0.93", "#d5dfec", "#9db7d9", POSITIVE)  # 0 to 3 rows right
COLORS = {"AND": POSITIVE, "OR": "#2c7a4b", "AND3": "#96690a", "XOR": NEGATIVE}


def chapter() -> Chapter:
    """Compute and draw it."""
    right = np.asarray(cards.attempts(card_figures.MARKS))
    own, kept = (np.asarray(counts) for counts in _pocket())
    mistakes, bounds = _random_sets()
    return Chapter(
        title="The perceptron, 1958",
        sentences=(
            "A threshold unit that learns: when it answers wrongly, the input is added to its weights or taken away "
            "from them, and when it answers rightly nothing changes.",
            "If a plane separates the examples, the rule finds one after at most (R/γ)² mistakes, whatever the order: "
            "R is the length of the longest input, γ the margin of the best plane.",
            "If none does, as for XOR, the rule never stops, and its weights are no better late than early; the "
            "pocket keeps the best weights met on the way.",
        ),
        figures=(
            Figure(
                "regions",
                "The decision regions of AND and OR after so many presentations in the order 00, 01, 10, 11 (x1 to the "
                "right, x2 upwards; a point on the line is wrong). The line comes to rest when all four are right.",
                _regions({("AND", False): (1, 4, 8, 16, 24, 36), ("OR", False): (1, 4, 8, 12, 16, 24)}),
            ),
            Figure(
                "xor",
                "The same for XOR. In order it goes round: after every fourth presentation the weights are 0 again. "
                "Drawn at random, it wanders for ever.",
                _regions({("XOR", False): (1, 2, 3, 5, 6, 7), ("XOR", True): (1, 10, 30, 100, 300, 1000)}),
            ),
            Figure(
                "mistakes",
                "Left: mistakes add up and stop below Novikoff's bound (dotted), but not for XOR. Right: 400 random "
                "sets of 20 points that a line separates: none needs more mistakes than its bound.",
                _mistakes(mistakes, bounds),
            ),
            Figure(
                "pocket",
                f"XOR, presentations drawn at random, {SEEDS} seeds: for how many of them 0 to 3 of the four rows "
                "are answered rightly. No line gets four; the perceptron meets lines that get three and loses them.",
                _pocket_figure(own, kept),
            ),
            *card_figures.drawings(right),
        ),
        rows=_rows(right, kept, float((mistakes / bounds).max())),
        sources=(
            "F. Rosenblatt 1958, The perceptron: a probabilistic model for information storage and organization in the "
            "brain, Psychological Review 65:386–408.",
            "A. B. J. Novikoff 1962, On convergence proofs on perceptrons, Symposium on the Mathematical Theory of "
            "Automata 12:615–622.",
            "S. I. Gallant 1990, Perceptron-based learning algorithms, IEEE Transactions on Neural Networks 1:179–191.",
            "The New York Times, 8 July 1958 (left and right after 50 attempts). The percentages are of an "
            "independent simulation, since the size of the marks is not recorded.",
        ),
    )


def _rows(right: np.ndarray, kept: np.ndarray, closest: float) -> tuple[Row, ...]:
    rows = []
    for name, (mistakes, epochs, weights, bound) in PUBLISHED.items():
        data = machine.of_table(truth_tables.TABLES[name])
        learned = machine.separate(*data)
        found = [int(learned.mistakes), int(learned.epochs), *map(int, learned.weights)]
        rows.append(counted(f"{name}: mistakes, epochs, weights", found, [mistakes, epochs, *weights]))
        rows.append(compared(f"{name}: bound on the mistakes", machine.novikoff(*data), bound))
    slow = machine.learn(machine.of_table(truth_tables.TABLES["AND"]), rate=0.01)
    xor = machine.learn(machine.of_table(truth_tables.TABLES["XOR"]))
    rows += [
        counted("AND at α = .01: mistakes, epochs", [int(slow.mistakes), int(slow.epochs)], [18, 9]),
        Row("XOR", machine.verdict(xor), "never stops", bool(xor.repeats)),
        Row("mistakes of 400 random sets: largest share of the bound", f"{closest:.2f}", "≤ 1", closest <= 1),
        counted("XOR with a pocket: rows right, all seeds", [int(kept[:, -1].min()), int(kept[:, -1].max())], [3, 3]),
    ]
    for mark, first, last, published in CARDS:
        share = 100 * right[card_figures.MARKS.index(mark), :, first:last].mean()
        rows.append(
            compared(f"cards, {mark}×{mark} mark, trials {first + 1}–{last}: % right", share, published, 3, atol=1)
        )
    for mark, first in ((4, 100), (1, 2000)):
        share = 100 * right[card_figures.MARKS.index(mark), :, first:].mean()
        rows.append(compared(f"cards, {mark}×{mark} mark, after trial {first:,}: % right", share, 99, 3, atol=1))
    return tuple(rows)


@jax.jit
def _present(order: machine.Examples) -> machine.Seen:
    rule = machine.perceptron()
    return present(rule, rule.init(order.x.shape[-1]), order)[1]


def _seen(name: str, at_random: bool = False) -> machine.Seen:
    """What happens at 251 passes over a truth table, or as many presentations drawn at random."""
    data = machine.of_table(truth_tables.TABLES[name])
    order = machine.drawn(jax.random.key(0), data, 251 * len(data.x)) if at_random else cycle(data, 251)
    return machine.Seen(*map(np.asarray, _present(order)))


def _regions(shown: Mapping[tuple[str, bool], Sequence[int]]) -> matplotlib.figure.Figure:
    """Two rows of regions, by table and whether presentations are drawn at random: after these counts of them."""

    def fill(axes: Any) -> None:
        for line, ((name, at_random), counts) in zip(axes, shown.items(), strict=True):
            data, weights = machine.of_table(truth_tables.TABLES[name]), _seen(name, at_random).weights
            for axis, count in zip(line, counts, strict=True):
                _region(axis, data, weights[count], f"{name}, {count:,}")
            line[0].set_ylabel("drawn at random" if at_random else "in order", fontsize=9)

    return grid_of(2, 6, fill, width=1.9, height=1.9)


def _region(axis: Any, data: machine.Examples, weights: np.ndarray, title: str) -> None:
    def side(points: np.ndarray) -> np.ndarray:
        return np.sign(points @ weights[:2] + weights[2])

    draw_regions(axis, side, data.x[:, :2], data.targets, title=f"{title}: {machine.num_right(weights, data)} right")
    axis.set(xticks=(0, 1), yticks=(0, 1))


def _random_sets(num_sets: int = 400, num_points: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Sets that a random line separates, all learned together: mistakes and bounds, each [num_sets or fewer]."""
    draw = np.random.default_rng(0)
    points, lines = draw.uniform(-1, 1, (4 * num_sets, num_points, 2)), draw.normal(size=(4 * num_sets, 3))
    x = np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)
    targets = np.sign(np.einsum("mnd,md->mn", x, lines))
    bounds = np.array([machine.novikoff(*pair) for pair in zip(x, targets, strict=True)])
    chosen = np.flatnonzero((bounds < 3000) & (np.ptp(targets, axis=1) > 0))[:num_sets]  # both classes
    data = machine.Examples(jnp.asarray(x[chosen], jnp.float32), jnp.asarray(targets[chosen], jnp.float32))
    learned = jax.vmap(machine.learn)(data)
    return np.asarray(learned.mistakes), bounds[chosen]


def _mistakes(mistakes: np.ndarray, bounds: np.ndarray) -> matplotlib.figure.Figure:
    def fill(axes: Any) -> None:
        for name, color in COLORS.items():
            axes[0].plot(np.arange(1, 181), np.cumsum(_seen(name).wrong[:180]), color=color, lw=1.5, label=name)
            if name != "XOR":
                axes[0].axhline(PUBLISHED[name][3], color=color, lw=1.2, ls=":")
                place = (140 if name == "AND3" else 181, PUBLISHED[name][3] + 2)
                axes[0].text(*place, f"bound of {name}", color=color, fontsize=8, ha="right")
        axes[0].set(xlabel="presentations", ylabel="mistakes", ylim=(0, 215))
        axes[0].legend(fontsize=8, frameon=False, loc="upper left", ncols=2)
        limits = np.array([10.0, bounds.max() * 1.3])
        axes[1].plot(limits, limits, color="0.2", lw=1.2, ls=":")
        axes[1].scatter(bounds, np.maximum(mistakes, 0.8), s=9, color=POSITIVE, alpha=0.5, lw=0)
        axes[1].set(xscale="log", yscale="log", xlabel="Novikoff's bound (R/γ)²", ylabel="mistakes")
        axes[1].text(60, 85, "the bound", rotation=32, fontsize=8, color="0.2")

    return row_of(2, fill, width=4.2, height=3.2)


def _pocket() -> tuple[jax.Array, jax.Array]:
    """Rows of XOR answered rightly by the perceptron and by its pocket: int32 [seeds, presentations] each."""
    data = machine.of_table(truth_tables.TABLES["XOR"])
    rule, plain = machine.pocket(data), machine.perceptron()

    @jax.jit
    @jax.vmap
    def counts(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        order = machine.drawn(key, data, PRESENTATIONS)
        _, kept = present(rule, rule.init(3), order)
        _, seen = present(plain, plain.init(3), order)
        return jax.vmap(machine.num_right, (0, None))(seen.weights, data), kept

    return counts(jax.random.split(jax.random.key(0), SEEDS))


def _pocket_figure(own: np.ndarray, kept: np.ndarray) -> matplotlib.figure.Figure:
    def fill(axes: Any) -> None:
        for axis, counts, title in zip(
            axes, (own, kept), ("the perceptron's own weights", "in its pocket"), strict=True
        ):
            shares = [100 * (counts == right).mean(axis=0) for right in range(4)]
            labels = [f"{right} right" for right in range(4)]
            axis.stackplot(np.arange(1, PRESENTATIONS + 1), shares, colors=SHADES, labels=labels)
            axis.set(xscale="log", xlim=(1, PRESENTATIONS), ylim=(0, 100), xlabel="presentations", ylabel="seeds, %")
            axis.set_title(title, fontsize=9)
        axes[1].legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), reverse=True)

    return row_of(2, fill, width=4.2, height=3.0)
