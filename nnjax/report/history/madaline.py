"""The chapter on MADALINE."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.history import adaline, madaline, present
from nnjax.history.adaline import Patterns
from nnjax.history.madaline import Network
from nnjax.history.rule import Rule
from nnjax.report.history.chapters import Chapter, Figure, Row, counted, within
from nnjax.report.history.drawing import draw_regions, row_of

if TYPE_CHECKING:
    import matplotlib.figure

SEEDS = 1000
XOR_GATES = (("or", 2), ("and", 2), ("or", 3), ("maj", 3), ("maj", 5))
PARITY_GATES = (("or", 4), ("or", 6), ("maj", 3), ("maj", 5), ("maj", 7))
REACHES = (1.0, 0.01)  # of the sum of an adapted unit: α-LMS to the target, and barely flipping
HIDDEN = (2, 3, 4, 6)
PRESENTATIONS = 1000
NUDGES = 10.0 ** np.arange(-9, 0.5)


def chapter() -> Chapter:
    """Compute and draw it."""
    xor = {gate: _first_machines(2, gate, REACHES) for gate in XOR_GATES}
    parity = {gate: _first_machines(3, gate, REACHES[:1])[0, 0] for gate in PARITY_GATES}
    second = _later_machines(madaline.madaline_two, madaline.decide)
    third = _later_machines(
        madaline.madaline_three, lambda network, x: madaline.threshold(madaline.respond(network, x))
    )
    gaps = _gaps()
    return Chapter(
        title="MADALINE, 1962",
        sentences=(
            "Many ADALINEs stand side by side before a fixed gate (AND, OR or a majority); where the answer is wrong, "
            "as few of them are adapted as would make it right, those whose sums are closest to 0.",
            "This first trained network of two layers learns what no single unit can: XOR, XNOR and parity, "
            "from every start that was tried.",
            "It cannot adapt its gate, since a threshold has no gradient: Madaline II tries inversions and often gets "
            "stuck, Madaline III nudges sigmoid units, and thereby does what backpropagation does.",
        ),
        figures=(
            Figure(
                "regions_or",
                "Madaline I learning XOR with two units before an OR. The lines are where the two units change their "
                "signs; above each picture are the presentations.",
                _regions("or", 2, seed=3),
            ),
            Figure(
                "regions_maj",
                "The same with three units before a majority.",
                _regions("maj", 3, seed=1),
            ),
            Figure(
                "success",
                f"Share of {SEEDS:,} starts that answer all patterns right, over presentations, by gate. Left "
                "XOR, adapted units reaching the target; middle XOR, units that barely flip; right parity of three "
                "inputs.",
                _success(xor, parity),
            ),
            Figure(
                "later",
                "Share of starts solved by Madaline II and III with 2 to 6 hidden units, XOR solid and parity of three "
                "inputs dashed. Right: how far MRIII's nudged gradient is from autodiff, by nudge, in float64.",
                _later(second, third, gaps),
            ),
        ),
        rows=_rows(xor, parity, second, third, gaps),
        sources=(
            "B. Widrow 1962, Generalization and information storage in networks of adaline neurons.",
            "R. Winter, B. Widrow 1988, Madaline rule II: a training algorithm for neural networks.",
            "D. Andes, B. Widrow, M. Lehr, E. Wan 1990, MRIII: a robust algorithm for training analog neural networks.",
            "B. Widrow, M. Lehr 1990, 30 years of adaptive neural networks.",
        ),
    )


def _rows(xor: dict, parity: dict, second: dict, third: dict, gaps: np.ndarray) -> tuple[Row, ...]:
    medians = np.array([np.median(counts[:, 0], axis=1) for counts in xor.values()])
    shares = np.array([100 * np.mean(counts[:, 1] <= PRESENTATIONS, axis=1) for counts in xor.values()])
    return (
        *(
            counted(
                f"XOR and XNOR, {_name(gate)}: percent solved of {SEEDS:,} starts each, rounded down",
                [int(100 * (counts[target, 0] <= PRESENTATIONS).mean()) for target in (0, 1)],
                [100, 100],
            )
            for gate, counts in xor.items()
        ),
        within("median presentations, the quickest of these", float(medians.min()), 13, 18),
        within("median presentations, the slowest of these", float(medians.max()), 13, 18),
        within("solved by barely flipping steps, the fewest", float(shares.min()), 83, 99, unit=" %"),
        within("solved by barely flipping steps, the most", float(shares.max()), 83, 99, unit=" %"),
        *(
            Row(
                f"parity of three, {_name(gate)}: solved of {SEEDS:,}, median presentations",
                f"{(counts <= PRESENTATIONS).sum()}, {np.median(counts):g}",
            )
            for gate, counts in parity.items()
        ),
        *(
            Row(
                f"{rule}, XOR and parity of three: solved by {', '.join(map(str, HIDDEN))} hidden units",
                "; ".join(
                    ", ".join(f"{100 * np.mean(found[bits, k] <= PRESENTATIONS):.0f} %" for k in HIDDEN)
                    for bits in (2, 3)
                ),
            )
            for rule, found in (("MRII", second), ("MRIII", third))
        ),
        Row(
            "MRIII's gradient, largest relative gap to autodiff",
            f"{gaps.min():.0e}",
            "0 in the limit",
            gaps.min() < 1e-6,
        ),
    )


def _name(gate: tuple[str, int]) -> str:
    return f"{gate[1]}-{gate[0].upper()}"


def _parity(bits: int) -> Patterns:
    """Patterns of ±1 and a bias; the target is +1 where the number of +1 is odd."""
    x = 1.0 - 2.0 * ((np.arange(2**bits)[:, None] >> np.arange(bits)) & 1)
    return adaline.patterns(np.c_[x, np.ones(len(x))], -np.prod(-x, axis=1))


@cache
def _drawn(bits: int) -> Patterns:
    """The presentations of all seeds, [seeds, t, ...]."""
    data = _parity(bits)
    keys = jax.random.split(jax.random.key(bits), SEEDS)
    return jax.jit(jax.vmap(lambda key: madaline.draws(key, data, PRESENTATIONS)))(keys)


def _first_machines(bits: int, gate: tuple[str, int], reaches: tuple[float, ...]) -> np.ndarray:
    """Presentations until solved by MRI: [parity and its opposite, reaches, seeds], in one program."""
    data = _parity(bits)
    most = max(size for _, size in (*XOR_GATES, *PARITY_GATES))
    starts = _starts(madaline.madaline_one("or", most), bits)[:, : gate[1]]

    def one(sign: Any, reach: Any, start: Any, seen: Patterns) -> Any:
        rule = madaline.madaline_one(*gate, reach)
        signed, shown = (some._replace(target=sign * some.target) for some in (data, seen))
        return madaline.solved_after(rule, partial(madaline.answer, gate[0]), start, shown, signed)

    over_seeds = jax.vmap(one, (None, None, 0, 0))
    over_all = jax.vmap(jax.vmap(over_seeds, (None, 0, None, None)), (0, None, None, None))
    return np.asarray(jax.jit(over_all)(jnp.array([1.0, -1.0]), jnp.array(reaches), starts, _drawn(bits)))


def _later_machines(make: Callable[[int], Rule], answers: Callable) -> dict[tuple[int, int], np.ndarray]:
    """Presentations until solved by MRII or MRIII, [seeds] by (bits, hidden units)."""
    found = {}
    for bits in (2, 3):
        starts = _starts(make(max(HIDDEN)), bits)
        for k in HIDDEN:
            some = Network(starts.hidden[:, :k], starts.output[:, :, : k + 1])
            found[bits, k] = _later_machine(make(k), answers, bits, some)
    return found


def _later_machine(rule: Rule, answers: Callable, bits: int, starts: Network) -> np.ndarray:
    columns, seen = (some._replace(target=some.target[..., None]) for some in (_parity(bits), _drawn(bits)))

    def one(start: Network, shown: Patterns) -> Any:
        return madaline.solved_after(rule, answers, start, shown, columns)

    return np.asarray(jax.jit(jax.vmap(one))(starts, seen))


def _starts(rule: Rule, bits: int) -> Any:
    """Weights for all seeds; machines with fewer units take the first of them, so that one program draws for all."""
    keys = jax.random.split(jax.random.key(100 + bits), SEEDS)
    return jax.jit(jax.vmap(rule.init, (0, None)), static_argnums=1)(keys, bits + 1)


def _gaps() -> np.ndarray:
    """How far the nudged gradient is from autodiff, relative to the largest slope: [nudges]."""
    with jax.enable_x64(True):
        network = madaline.madaline_three(4, 2).init(jax.random.key(0), 3)
        pattern = Patterns(jnp.array([0.5, -1.0, 1.0]), jnp.array([1.0, -1.0]))
        exact = jax.grad(madaline.squared_error)(network, pattern)
        nudged = jax.vmap(lambda nudge: madaline.nudged_gradient(network, pattern, nudge))(jnp.asarray(NUDGES))
        gaps = jax.tree.map(lambda one, many: np.abs(many - one[None]).max(axis=(1, 2)), exact, nudged)
        largest = max(float(np.abs(slope).max()) for slope in exact)
    return np.maximum(*gaps) / largest


def _regions(gate: str, num_units: int, seed: int) -> matplotlib.figure.Figure:
    """Four moments of learning XOR: the start, a third and two thirds of the way, and solved."""
    data, rule = _parity(2), madaline.madaline_one(gate, num_units)
    start = rule.init(jax.random.key(seed), 3)
    seen = madaline.draws(jax.random.key(seed + 50), data, 100)
    after = present(Rule(rule.init, lambda w, pattern: (rule.step(w, pattern)[0],) * 2), start, seen)[1]
    states = jnp.concatenate([start[None], after])
    last = int(madaline.solved_after(rule, partial(madaline.answer, gate), start, seen, data))
    x, target = np.asarray(data.x[:, :2]), np.asarray(data.target)

    def fill(axes: Any) -> None:
        for one, t in zip(axes, np.linspace(0, last, 4).astype(int), strict=True):
            weights = states[t]
            right = int((madaline.answer(gate, weights, data.x) == data.target).sum())
            draw_regions(one, partial(_on_plane, gate, weights), x, target, 0.8)
            one.set_title(f"{t} presentations, {right}/4 right", fontsize=9)
            _unit_lines(one, np.asarray(weights))

    return row_of(4, fill)


def _on_plane(gate: str, weights: Any, grid: np.ndarray) -> Any:
    return madaline.answer(gate, weights, jnp.asarray(np.c_[grid, np.ones(len(grid))], jnp.float32))


def _unit_lines(axes: Any, weights: np.ndarray) -> None:
    """Draw where each unit's sum is 0, and a tick to the side where it is positive."""
    ends = np.array([-1.8, 1.8])
    grid = np.stack([*np.meshgrid(ends, ends), np.ones((2, 2))], axis=-1)
    for place, unit in enumerate(weights):
        axes.contour(ends, ends, grid @ unit, levels=[0.0], colors=f"C{place + 1}", linewidths=1.6, linestyles="--")
    axes.set(xlim=ends, ylim=ends)


def _success(xor: dict, parity: dict) -> matplotlib.figure.Figure:
    panels = (
        ("XOR, to the target", {gate: counts[0, 0] for gate, counts in xor.items()}, 100),
        ("XOR, barely flipping", {gate: counts[0, 1] for gate, counts in xor.items()}, 100),
        ("parity of three", parity, 300),
    )

    def fill(axes: Any) -> None:
        for one, (title, found, until) in zip(axes, panels, strict=True):
            for gate, counts in found.items():
                one.step(*_solved_over_time(counts, until), lw=1.4, label=_name(gate))
            one.set(xlabel="presentations", ylabel="share solved", ylim=(-0.02, 1.02))
            one.set_title(title, fontsize=9)
            one.legend(fontsize=8, frameon=False, loc="lower right")

    return row_of(3, fill, width=3.3)


def _later(second: dict, third: dict, gaps: np.ndarray) -> matplotlib.figure.Figure:
    def fill(axes: Any) -> None:
        for one, found, title in zip(axes, (second, third), ("Madaline II", "Madaline III"), strict=False):
            for (bits, k), counts in found.items():
                style = {"color": f"C{HIDDEN.index(k)}", "ls": "-" if bits == 2 else "--"}
                label = f"{k} hidden units" if bits == 2 else None
                one.step(*_solved_over_time(counts, PRESENTATIONS), lw=1.4, label=label, **style)
            one.set(xlabel="presentations", ylabel="share solved", ylim=(-0.02, 1.02))
            one.set_title(title, fontsize=9)
        axes[0].legend(fontsize=8, frameon=False, loc="lower right")
        axes[2].loglog(NUDGES, gaps, "o-", ms=4, lw=1.2)
        axes[2].set(xlabel="nudge Δs", ylabel="relative gap to autodiff")
        axes[2].set_title("MRIII's gradient", fontsize=9)

    return row_of(3, fill, width=3.3)


def _solved_over_time(counts: np.ndarray, until: int) -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(until + 1)
    return times, (counts[:, None] <= times).mean(axis=0)
