"""The chapter on MADALINE."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.lectures.history.chapters import SIMULATED, Chapter, Row, compose, counted, listed, within
from nnjax.lectures.history.drawing import draw_regions, panels
from nnjax.lectures.history.learning_rule import Examples, Rule, drawn, examples, present, with_bias
from nnjax.lectures.history.madaline import model
from nnjax.lectures.history.madaline.model import Network

Gate = tuple[str, int]  # and the number of units before it
SEEDS = 1000
XOR_GATES: tuple[Gate, ...] = (("or", 2), ("and", 2), ("or", 3), ("maj", 3), ("maj", 5))
PARITY_GATES: tuple[Gate, ...] = (("or", 3), ("or", 4), ("maj", 3), ("maj", 5), ("maj", 7))
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
    reached = {
        ("XOR, to the target", 100): {gate: counts[0, 0] for gate, counts in xor.items()},
        ("XOR, barely flipping", 100): {gate: counts[0, 1] for gate, counts in xor.items()},
        ("parity of three", 300): parity,
    }
    drawings = {
        "regions_or": _regions("or", 2, seed=3),
        "regions_maj": _regions("maj", 3, seed=1),
        "success": _success(reached),
        "later": _later({"Madaline II": second, "Madaline III": third}, gaps),
    }
    rows = [*_xor_rows(xor), *_parity_rows(parity), *_later_rows({"MRII": second, "MRIII": third}, float(gaps.min()))]
    return compose(__file__, drawings, rows, seeds=SEEDS)


def _xor_rows(xor: Mapping[Gate, np.ndarray]) -> list[Row]:
    """Compare the shares of starts that solve XOR and XNOR with the known ones."""
    medians = [float(np.median(reach)) for counts in xor.values() for reach in counts[:, 0]]
    shares = [100 * float(np.mean(reach <= PRESENTATIONS)) for counts in xor.values() for reach in counts[:, 1]]
    return [
        *(
            counted(
                f"XOR and XNOR, {_name(gate)}: percent solved of {SEEDS:,} starts each, rounded down",
                [int(100 * (counts[target, 0] <= PRESENTATIONS).mean()) for target in (0, 1)],
                [100, 100],
                SIMULATED,
            )
            for gate, counts in xor.items()
        ),
        within("median presentations, the quickest of these", min(medians), 13, 18),
        within("median presentations, the slowest of these", max(medians), 13, 18),
        within("solved by barely flipping steps, the fewest", min(shares), 83, 99, unit=" %"),
        within("solved by barely flipping steps, the most", max(shares), 83, 99, unit=" %"),
    ]


def _parity_rows(parity: Mapping[Gate, np.ndarray]) -> list[Row]:
    rows = []
    for gate, counts in parity.items():
        solved = int((counts <= PRESENTATIONS).sum())
        found = f"{solved}, {np.median(counts):g}" if solved else "0"
        rows.append(Row(f"parity of three, {_name(gate)}: solved of {SEEDS:,}, median presentations", found))
    return rows


def _later_rows(rules: Mapping[str, Mapping[int, np.ndarray]], gap: float) -> list[Row]:
    return [
        *(
            Row(
                f"{rule}, {problem}: percent solved by {listed(HIDDEN)} hidden units",
                listed([100 * np.mean(counts[at] <= PRESENTATIONS) for counts in found.values()], ".0f"),
            )
            for rule, found in rules.items()
            for at, problem in ((0, "XOR"), (2, "parity of three"))
        ),
        Row("MRIII's gradient, largest relative gap to autodiff", f"{gap:.0e}", "0 in the limit", gap < 1e-6),
    ]


def _name(gate: Gate) -> str:
    return f"{gate[1]}-{gate[0].upper()}"


def _problems() -> Examples:
    """XOR, XNOR and parity of three as patterns [3, 8, 4] of ±1 and a bias; targets are +1 for an odd number of +1.

    Where there are two inputs, the third is 0 and each pattern is there twice: so one program learns all three.
    """
    signs = 1.0 - 2.0 * ((np.arange(8)[:, None] >> np.arange(3)) & 1)
    three = np.c_[signs, np.ones(8)]
    xor = -signs[:, 0] * signs[:, 1]
    targets = (xor, -xor, signs.prod(axis=1))
    some = [examples(three * (1, 1, at == 2, 1), target) for at, target in enumerate(targets)]
    return jax.tree.map(lambda *arrays: jnp.stack(arrays), *some)


@cache
def _presentations() -> Examples:
    """What is presented: [problems, seeds, t, ...]."""
    keys = jax.random.split(jax.random.key(0), SEEDS)
    of_seeds = jax.vmap(drawn, (0, None, None))
    return jax.jit(jax.vmap(lambda data: of_seeds(keys, data, PRESENTATIONS)))(_problems())


@cache
def _starts() -> Network:
    """Normal weights of variance 1 for all seeds; machines with fewer units take the first of them."""
    most = max(*(size for _, size in (*XOR_GATES, *PARITY_GATES)), *HIDDEN)
    init = model.madaline_two(most, largest_trial=1).init
    return jax.jit(jax.vmap(lambda key: init(key, 4, 1.0)))(jax.random.split(jax.random.key(1), SEEDS))


def _first_machines(gate: Gate) -> np.ndarray:
    """Presentations until solved by MRI: [problems, reaches, seeds], in one program."""

    def one(data: Examples, reach: Any, start: Any, presented: Examples) -> Any:
        rule = model.madaline_one(*gate, reach)
        return model.solved_after(rule, partial(model.answer, gate[0]), start, presented, data)

    over_reaches = jax.vmap(jax.vmap(one, (None, None, 0, 0)), (None, 0, None, None))
    over_problems = jax.jit(jax.vmap(over_reaches, (0, None, None, 0)))
    starts = 0.1 * _starts().hidden[:, : gate[1]]
    return np.asarray(over_problems(_problems(), jnp.array(REACHES), starts, _presentations()))


def _later_machines(make: Callable[[int], Rule], answers: Callable, scale: float) -> dict[int, np.ndarray]:
    """Presentations until solved by MRII or MRIII, [problems, seeds] by hidden units."""
    data, presented = (some._replace(targets=some.targets[..., None]) for some in (_problems(), _presentations()))
    found = {}
    for k in HIDDEN:
        starts = Network(scale * _starts().hidden[:, :k], scale * _starts().output[:, :, : k + 1])
        solved = partial(model.solved_after, make(k), answers)
        over_seeds = jax.vmap(solved, (0, 0, None))
        found[k] = np.asarray(jax.jit(jax.vmap(over_seeds, (None, 0, 0)))(starts, presented, data))
    return found


def _gaps() -> np.ndarray:
    """How far the nudged gradient is from autodiff, relative to the largest slope: [nudges]."""
    draw = np.random.default_rng(0)
    with jax.enable_x64(True):
        network = Network(jnp.asarray(draw.normal(size=(4, 3))), jnp.asarray(draw.normal(size=(2, 5))))
        pattern = Examples(jnp.array([0.5, -1.0, 1.0]), jnp.array([1.0, -1.0]))
        nudged = jax.vmap(lambda nudge: model.nudged_gradient(network, pattern, nudge))
        exact, many = jax.jit(lambda: (jax.grad(model.squared_error)(network, pattern), nudged(NUDGES)))()
    gaps = [np.abs(np.asarray(some) - np.asarray(one)).max(axis=(1, 2)) for one, some in zip(exact, many, strict=True)]
    return np.maximum(*gaps) / max(float(np.abs(slope).max()) for slope in exact)


@panels(4)
def _regions(axes: Any, gate: str, num_units: int, seed: int) -> None:
    """Four moments of learning XOR: the start, a third and two thirds of the way, and solved."""
    rule = model.madaline_one(gate, num_units)
    data, presented = jax.tree.map(lambda array: array[0], (_problems(), _presentations()))
    start = 0.1 * _starts().hidden[seed, :num_units]
    record = Rule(rule.init, lambda weights, pattern: (rule.step(weights, pattern)[0], weights))
    _, states = jax.jit(partial(present, record))(start, jax.tree.map(lambda array: array[seed, :100], presented))
    answers, corners = jax.jit(partial(model.answer, gate)), (np.asarray(data.x[:, :2]), np.asarray(data.targets))
    right = np.array([(answers(weights, data.x) == data.targets).sum() for weights in states])
    for one, t in zip(axes, np.linspace(0, int((right == 8).argmax()), 4).astype(int), strict=True):
        weights, title = states[t][:, [0, 1, 3]], f"{t} presentations, {right[t] // 2}/4 right"
        draw_regions(one, partial(_on_plane, answers, weights), *corners, margin=0.8, title=title)
        _unit_lines(one, np.asarray(weights))


def _on_plane(answers: Callable[..., Any], weights: Any, points: np.ndarray) -> Any:
    return answers(weights, with_bias(jnp.asarray(points, jnp.float32)))


def _unit_lines(axes: Any, weights: np.ndarray) -> None:
    """Draw the line on which each unit's sum is 0."""
    ends = np.array([-1.8, 1.8])
    grid = np.stack([*np.meshgrid(ends, ends), np.ones((2, 2))], axis=-1)
    for place, unit in enumerate(weights):
        axes.contour(ends, ends, grid @ unit, levels=[0.0], colors=f"C{place + 1}", linewidths=1.6, linestyles="--")
    axes.set(xlim=ends, ylim=ends)


@panels(3, width=3.3)
def _success(axes: Any, reached: Mapping[tuple[str, int], Mapping[Gate, np.ndarray]]) -> None:
    for one, ((title, until), found) in zip(axes, reached.items(), strict=True):
        for gate, counts in found.items():
            _draw_solved(one, counts, until, label=_name(gate))
        one.set_title(title)
        one.legend(loc="lower right")


@panels(3, width=3.3)
def _later(axes: Any, machines: Mapping[str, Mapping[int, np.ndarray]], gaps: np.ndarray) -> None:
    for one, (title, found) in zip(axes, machines.items(), strict=False):
        for place, (k, counts) in enumerate(found.items()):
            _draw_solved(one, counts[0], color=f"C{place}", label=f"{k} hidden units")
            _draw_solved(one, counts[2], color=f"C{place}", ls="--")
        one.set_title(title)
    axes[0].legend(loc="lower right")
    axes[2].loglog(NUDGES, gaps, "o-", ms=4, lw=1.2)
    axes[2].set(xlabel="nudge Δs", ylabel="relative gap to autodiff", title="MRIII's gradient")


def _draw_solved(axes: Any, counts: np.ndarray, until: int = PRESENTATIONS, **style: Any) -> None:
    """Draw the share of starts solved over presentations."""
    times = np.arange(until + 1)
    axes.step(times, (counts[:, None] <= times).mean(axis=0), lw=1.4, **style)
    axes.set(xlabel="presentations", ylabel="share solved", ylim=(-0.02, 1.02))
