"""The chapter on MADALINE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.history import adaline, madaline, present
from nnjax.history.adaline import Patterns
from nnjax.history.rule import Rule
from nnjax.report.history.chapters import Chapter, Figure, Row, counted, within
from nnjax.report.history.drawing import draw_regions, row_of

if TYPE_CHECKING:
    import matplotlib.figure

SEEDS = 200
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
    second, third = (_later_machines(rule) for rule in (madaline.madaline_two, _madaline_three))
    gaps = _gaps()
    return Chapter(
        title="MADALINE, 1962",
        sentences=(
            "Many ADALINEs stand side by side before a fixed gate (AND, OR or a majority); where the answer is wrong, as "
            "few of them are adapted as would make it right, those whose sums are closest to 0.",
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
                f"Share of {SEEDS} starts that answer all patterns right, over presentations, by gate and units. Left: XOR, "
                "adapted units reaching the target. Middle: XOR, units that barely flip. Right: parity of three inputs.",
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
            "B. Widrow, M. Hoff 1960; B. Widrow 1962, Generalization and information storage in networks of adaline neurons.",
            "R. Winter, B. Widrow 1988, Madaline rule II: a training algorithm for neural networks.",
            "D. Andes, B. Widrow, M. Lehr, E. Wan 1990, MRIII: a robust algorithm for training analog neural networks.",
            "B. Widrow, M. Lehr 1990, 30 years of adaptive neural networks.",
        ),
    )


def _rows(xor: dict, parity: dict, second: dict, third: dict, gaps: np.ndarray) -> tuple[Row, ...]:
    barely = {gate: np.mean(counts[:, 1] <= PRESENTATIONS, axis=1) for gate, counts in xor.items()}
    medians = np.concatenate([np.median(counts[:, 0], axis=1) for counts in xor.values()])
    shares = 100 * np.concatenate(list(barely.values()))
    later = ((rule, found) for rule, found in (("MRII", second), ("MRIII", third)))
    return (
        *(
            counted(
                f"XOR and XNOR, {_name(gate)}: solved of {SEEDS} starts each",
                [int((counts[target, 0] <= PRESENTATIONS).sum()) for target in (0, 1)],
                [SEEDS, SEEDS],
            )
            for gate, counts in xor.items()
        ),
        within("median presentations, the quickest of these", float(medians.min()), 13, 18),
        within("median presentations, the slowest of these", float(medians.max()), 13, 18),
        within("solved by barely flipping steps, the fewest", float(shares.min()), 83, 99, unit=" %"),
        within("solved by barely flipping steps, the most", float(shares.max()), 83, 99, unit=" %"),
        *(
            Row(
                f"parity of three, {_name(gate)}: solved of {SEEDS}, median presentations",
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
            for rule, found in later
        ),
        Row("MRIII's gradient, largest relative gap to autodiff", f"{gaps.min():.0e}", "0 in the limit", gaps.min() < 1e-6),
    )


def _name(gate: tuple[str, int]) -> str:
    return f"{gate[1]}-{gate[0].upper()}"


def _parity(bits: int) -> Patterns:
    """Patterns of ±1 and a bias; the target is +1 where the number of +1 is odd."""
    x = 1.0 - 2.0 * ((np.arange(2**bits)[:, None] >> np.arange(bits)) & 1)
    return adaline.patterns(np.c_[x, np.ones(len(x))], -np.prod(-x, axis=1))


def _drawn(bits: int, data: Patterns) -> Patterns:
    """The presentations of all seeds, [seeds, t, ...]."""
    keys = jax.random.split(jax.random.key(bits), SEEDS)
    return jax.jit(jax.vmap(lambda key: madaline.draws(key, data, PRESENTATIONS)))(keys)


def _first_machines(bits: int, gate: tuple[str, int], reaches: tuple[float, ...]) -> np.ndarray:
    """Presentations until solved by MRI: [parity and its opposite, reaches, seeds], in one program."""
    data = _parity(bits)
    most = max(size for _, size in (*XOR_GATES, *PARITY_GATES))
    starts = jax.vmap(madaline.madaline_one("or", most).init, (0, None))(
        jax.random.split(jax.random.key(100 + bits), SEEDS), bits + 1
    )[:, : gate[1]]

    def one(sign: Any, reach: Any, start: Any, seen: Patterns) -> Any:
        rule = madaline.madaline_one(*gate, reach)
        signed, shown = (some._replace(target=sign * some.target) for some in (data, seen))
        return madaline.solved_after(rule, lambda w, x: madaline.answer(gate[0], w, x), start, shown, signed)

    over_seeds = jax.vmap(one, (None, None, 0, 0))
    over_all = jax.vmap(jax.vmap(over_seeds, (None, 0, None, None)), (0, None, None, None))
    return np.asarray(jax.jit(over_all)(jnp.array([1.0, -1.0]), jnp.array(reaches), starts, _drawn(bits, data)))


def _madaline_three(num_hidden: int) -> Rule:
    return madaline.madaline_three(num_hidden, mu=0.1)


def _later_machines(make: Any) -> dict[tuple[int, int], np.ndarray]:
    """Presentations until solved by MRII or MRIII, [seeds] by (bits, hidden units)."""
    found = {}
    for bits in (2, 3):
        data = _parity(bits)
        columns, seen = (some._replace(target=some.target[..., None]) for some in (data, _drawn(bits, data)))
        for num_hidden in HIDDEN:
            rule = make(num_hidden)

            def one(key: Any, shown: Patterns, rule: Rule = rule, columns: Patterns = columns) -> Any:
                start = rule.init(key, columns.x.shape[1])
                return madaline.solved_after(rule, madaline.decide, start, shown, columns)

            keys = jax.random.split(jax.random.key(200 + bits), SEEDS)
            found[bits, num_hidden] = np.asarray(jax.jit(jax.vmap(one))(keys, seen))
    return found


def _gaps() -> np.ndarray:
    """How far the nudged gradient is from autodiff, relative to the largest slope: [nudges]."""
    with jax.enable_x64(True):
        network = madaline.madaline_three(4, 2).init(jax.random.key(0), 3)
        pattern = Patterns(jnp.array([0.5, -1.0, 1.0]), jnp.array([1.0, -1.0]))
        exact, nudged = (
            np.concatenate([np.ravel(part) for part in parts])
            for parts in (
                jax.grad(madaline.squared_error)(network, pattern),
                jax.vmap(lambda nudge: madaline.nudged_gradient(network, pattern, nudge))(jnp.asarray(NUDGES)),
            )
        )
    gap = np.abs(nudged.reshape(len(NUDGES), -1) - exact) if False else None
    return gap


def _regions(gate: str, num_units: int, seed: int) -> matplotlib.figure.Figure:
    data = _parity(2)
    rule = madaline.madaline_one(gate, num_units)
    start, seen = jax.random.key(seed), madaline.draws(jax.random.key(seed + 50), data, 200)
    after = present(Rule(rule.init, lambda w, pattern: (rule.step(w, pattern)[0],) * 2), rule.init(start, 3), seen)[1]
    weights = np.concatenate([rule.init(start, 3)[None], after])
    right = np.array([(madaline.answer(gate, jnp.asarray(w), data.x) == data.target).sum() for w in weights])
    return _draw_regions(gate, weights, right, data)
