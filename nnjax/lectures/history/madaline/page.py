"""The chapter on MADALINE."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.lectures.history.adaline.model import Patterns, patterns
from nnjax.lectures.history.chapters import Chapter, Figure, Row, counted, within
from nnjax.lectures.history.drawing import draw_regions, row_of
from nnjax.lectures.history.madaline import model
from nnjax.lectures.history.madaline.model import Network
from nnjax.lectures.history.rule import Rule, present

if TYPE_CHECKING:
    import matplotlib.figure

SEEDS = 1000
XOR_GATES = (("or", 2), ("and", 2), ("or", 3), ("maj", 3), ("maj", 5))
PARITY_GATES = (("or", 3), ("or", 4), ("maj", 3), ("maj", 5), ("maj", 7))
REACHES = (1.0, 0.01)  # of the sum of an adapted unit: α-LMS to the target, and barely flipping
HIDDEN = (2, 3, 4, 6)
PRESENTATIONS = 1000
NUDGES = 10.0 ** np.arange(-9, 0.5)


def chapter() -> Chapter:
    """Compute and draw it."""
    first = {gate: _first_machines(gate) for gate in dict.fromkeys((*XOR_GATES, *PARITY_GATES))}
    xor = {gate: first[gate][:2] for gate in XOR_GATES}
    parity = {gate: first[gate][2, 0] for gate in PARITY_GATES}
    second = _later_machines(model.madaline_two, model.decide, 0.1)
    third = _later_machines(model.madaline_three, lambda network, x: model.threshold(model.respond(network, x)), 0.5)
    gaps = _gaps()
    return Chapter(
        title="MADALINE, 1962",
        sentences=(
            "Many ADALINEs stand side by side before a fixed gate (AND, OR or a majority); where the answer is wrong, "
            "as few of them are adapted as would make it right, those whose sums are closest to 0.",
            "This first trained network of two layers learns what no single unit can: XOR, XNOR and, with "
            "units enough, parity, from every start that was tried.",
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
                "inputs, which needs four units before an OR.",
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
                ", ".join(_count_and_median(counts)),
            )
            for gate, counts in parity.items()
        ),
        *(
            Row(
                f"{rule}, {problem}: percent solved by {', '.join(map(str, HIDDEN))} hidden units",
                ", ".join(f"{100 * np.mean(counts[at] <= PRESENTATIONS):.0f}" for counts in found.values()),
            )
            for rule, found in (("MRII", second), ("MRIII", third))
            for at, problem in ((0, "XOR"), (2, "parity of three"))
        ),
        Row(
            "MRIII's gradient, largest relative gap to autodiff",
            f"{gaps.min():.0e}",
            "0 in the limit",
            gaps.min() < 1e-6,
        ),
    )


def _count_and_median(counts: np.ndarray) -> list[str]:
    solved = int((counts <= PRESENTATIONS).sum())
    return [str(solved), f"{np.median(counts):g}"] if solved else ["0"]


def _name(gate: tuple[str, int]) -> str:
    return f"{gate[1]}-{gate[0].upper()}"


def _problems() -> Patterns:
    """XOR, XNOR and parity of three as patterns [3, 8, 4] of ±1 and a bias; targets are +1 for an odd number of +1.

    Where there are two inputs, the third is 0 and each pattern is there twice: so one program learns all three.
    """
    signs = 1.0 - 2.0 * ((np.arange(8)[:, None] >> np.arange(3)) & 1)
    three = np.c_[signs, np.ones(8)]
    xor = -signs[:, 0] * signs[:, 1]
    targets = (xor, -xor, signs.prod(axis=1))
    some = [patterns(three * (1, 1, at == 2, 1), target) for at, target in enumerate(targets)]
    return jax.tree.map(lambda *arrays: jnp.stack(arrays), *some)


@cache
def _draws() -> Patterns:
    """What is presented: [problems, seeds, t, ...]."""
    keys = jax.random.split(jax.random.key(0), SEEDS)
    drawn = jax.vmap(model.draws, (0, None, None))
    return jax.jit(jax.vmap(lambda data: drawn(keys, data, PRESENTATIONS)))(_problems())


@cache
def _starts() -> Network:
    """Normal weights of variance 1 for all seeds; machines with fewer units take the first of them."""
    most = max(*(size for _, size in (*XOR_GATES, *PARITY_GATES)), *HIDDEN)
    init = model.madaline_two(most, largest_trial=1).init
    return jax.jit(jax.vmap(lambda key: init(key, 4, 1.0)))(jax.random.split(jax.random.key(1), SEEDS))


def _first_machines(gate: tuple[str, int]) -> np.ndarray:
    """Presentations until solved by MRI: [problems, reaches, seeds], in one program."""

    def one(data: Patterns, reach: Any, start: Any, seen: Patterns) -> Any:
        rule = model.madaline_one(*gate, reach)
        return model.solved_after(rule, partial(model.answer, gate[0]), start, seen, data)

    over_reaches = jax.vmap(jax.vmap(one, (None, None, 0, 0)), (None, 0, None, None))
    over_problems = jax.jit(jax.vmap(over_reaches, (0, None, None, 0)))
    starts = 0.1 * _starts().hidden[:, : gate[1]]
    return np.asarray(over_problems(_problems(), jnp.array(REACHES), starts, _draws()))


def _later_machines(make: Callable[[int], Rule], answers: Callable, scale: float) -> dict[int, np.ndarray]:
    """Presentations until solved by MRII or MRIII, [problems, seeds] by hidden units."""
    data, seen = (some._replace(target=some.target[..., None]) for some in (_problems(), _draws()))
    found = {}
    for k in HIDDEN:
        starts = Network(scale * _starts().hidden[:, :k], scale * _starts().output[:, :, : k + 1])
        solved = partial(model.solved_after, make(k), answers)
        over_seeds = jax.vmap(solved, (0, 0, None))
        found[k] = np.asarray(jax.jit(jax.vmap(over_seeds, (None, 0, 0)))(starts, seen, data))
    return found


def _gaps() -> np.ndarray:
    """How far the nudged gradient is from autodiff, relative to the largest slope: [nudges]."""
    draw = np.random.default_rng(0)
    with jax.enable_x64(True):
        network = Network(jnp.asarray(draw.normal(size=(4, 3))), jnp.asarray(draw.normal(size=(2, 5))))
        pattern = Patterns(jnp.array([0.5, -1.0, 1.0]), jnp.array([1.0, -1.0]))
        nudged = jax.vmap(lambda nudge: model.nudged_gradient(network, pattern, nudge))
        exact, many = jax.jit(lambda: (jax.grad(model.squared_error)(network, pattern), nudged(NUDGES)))()
    gaps = [np.abs(np.asarray(some) - np.asarray(one)).max(axis=(1, 2)) for one, some in zip(exact, many, strict=True)]
    return np.maximum(*gaps) / max(float(np.abs(slope).max()) for slope in exact)


def _regions(gate: str, num_units: int, seed: int) -> matplotlib.figure.Figure:
    """Four moments of learning XOR: the start, a third and two thirds of the way, and solved."""
    rule = model.madaline_one(gate, num_units)
    data, seen = jax.tree.map(lambda array: array[0], (_problems(), _draws()))
    start = 0.1 * _starts().hidden[seed, :num_units]
    record = Rule(rule.init, lambda weights, pattern: (rule.step(weights, pattern)[0], weights))
    _, states = jax.jit(partial(present, record))(start, jax.tree.map(lambda array: array[seed, :100], seen))
    right = np.array([(_answers(gate, weights, data.x) == data.target).sum() for weights in np.asarray(states)])
    last = int((right == 8).argmax())
    x, target = np.asarray(data.x[:, :2]), np.asarray(data.target)

    def fill(axes: Any) -> None:
        for one, t in zip(axes, np.linspace(0, last, 4).astype(int), strict=True):
            weights = np.asarray(states[t])[:, [0, 1, 3]]
            draw_regions(one, partial(_on_plane, gate, weights), x, target, 0.8)
            one.set_title(f"{t} presentations, {right[t] // 2}/4 right", fontsize=9)
            _unit_lines(one, weights)

    return row_of(4, fill)


def _answers(gate: str, weights: Any, x: Any) -> np.ndarray:
    return np.asarray(model.answer(gate, jnp.asarray(weights), jnp.asarray(x)))


def _on_plane(gate: str, weights: Any, grid: np.ndarray) -> np.ndarray:
    return _answers(gate, weights, np.c_[grid, np.ones(len(grid))].astype(np.float32))


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
            for place, (k, counts) in enumerate(found.items()):
                for problem, style in ((0, "-"), (2, "--")):
                    label = f"{k} hidden units" if problem == 0 else None
                    times = _solved_over_time(counts[problem], PRESENTATIONS)
                    one.step(*times, lw=1.4, color=f"C{place}", ls=style, label=label)
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
