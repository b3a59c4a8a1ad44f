"""The chapter on the neuron of McCulloch and Pitts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnjax.lectures.history import truth_tables
from nnjax.lectures.history.chapters import Chapter, Figure, Row, counted
from nnjax.lectures.history.drawing import NEGATIVE, POSITIVE, draw_regions, grid_of, row_of
from nnjax.lectures.history.mcculloch_pitts import model as neuron

if TYPE_CHECKING:
    import matplotlib.figure

NAMES = (
    *("0", "x1 AND x2", "x1 ∧ ¬x2", "x1", "¬x1 ∧ x2", "x2", "XOR", "x1 OR x2"),
    *("NOR", "XNOR", "¬x2", "x1 ∨ ¬x2", "¬x1", "¬x1 ∨ x2", "NAND", "1"),
)  # the functions of two inputs, their tables 0000, 0001, …, 1111
SIGNED = {1: 4, 2: 14, 3: 104, 4: 1882}  # OEIS A000609
RADIUS = 0.27  # of a unit's circle, as a share of the distance between layers


def chapter() -> Chapter:
    """Compute and draw it."""
    signed = {num: len(neuron.signed_functions(num)) for num in SIGNED}
    several = {num: len(neuron.functions(num, most_connections=num)) for num in SIGNED}
    one = {num: len(neuron.functions(num)) for num in SIGNED}
    return Chapter(
        title="The neuron of McCulloch and Pitts, 1943",
        sentences=(
            "A unit fires when enough of its excitatory inputs are on (its threshold θ) and none of its inhibitory "
            "inputs is: one of these forbids it absolutely.",
            f"One unit computes {one[2]} of the 16 functions of two inputs, and units in two layers compute every "
            "function of any number of inputs.",
            "Nothing learns: somebody chooses thresholds and wires; and what one unit can do soon becomes rare, "
            f"{one[3]} of the 256 functions of three inputs and {one[4]} of the 65,536 of four.",
        ),
        figures=(
            Figure(
                "units",
                "Five units. A line that ends in a dot excites, one that ends in a ring forbids; the number in the "
                "unit is its threshold θ, and the rows below are its truth table.",
                _units(),
            ),
            Figure(
                "functions",
                "All sixteen functions of two inputs, x1 to the right and x2 upwards, with the unit that the solver "
                "finds; blue is where the function is 1. No single unit computes the five with a red title: they need "
                "two layers.",
                _functions(),
            ),
            Figure(
                "xor",
                "XOR in two layers: each hidden unit fires in one corner (its other input forbids it), and the output "
                "unit fires if either does.",
                _xor(),
            ),
            Figure(
                "counts",
                "How many functions one unit computes: with one connection an input, with several, and with weights of "
                "both signs (a threshold unit, as in the perceptron), beside all that there are.",
                _counts(one, several, signed),
            ),
        ),
        rows=_rows(one, several, signed),
        sources=(
            "W. S. McCulloch, W. Pitts 1943, A logical calculus of the ideas immanent in nervous activity, Bulletin of "
            "Mathematical Biophysics 5:115–133 (the slide that says 1948 means this one).",
            "S. Muroga 1971, Threshold Logic and Its Applications; OEIS A000609 (counts of threshold functions). The "
            "counts of units with a veto are of an independent enumeration.",
        ),
    )


def _rows(one: dict[int, int], several: dict[int, int], signed: dict[int, int]) -> tuple[Row, ...]:
    three = truth_tables.rows(8)  # all tables of three inputs
    solved = sum(neuron.solve(table) is not None for table in three)
    composed = sum(np.array_equal(neuron.table_of(neuron.network_for(table)), table) for table in three)
    layers = neuron.network_for(truth_tables.TABLES["XOR"])
    return (
        counted("one unit, one input: of 4 functions", one[1], 4),
        counted("two inputs: of 16", one[2], 11),
        counted("two inputs, θ ≥ 1", len(neuron.functions(2, least_threshold=1)), 7),
        counted("three inputs: of 256", one[3], 36),
        counted("the same, as the solver says", solved, 36),
        counted("three inputs, several connections each", several[3], 42),
        Row("four inputs, one connection, several: of 65,536", f"{one[4]}, {several[4]}"),
        *(
            counted(f"weights of both signs, {num} input{'s'[: num > 1]}: of {2**2**num:,}", signed[num], SIGNED[num])
            for num in SIGNED
        ),
        counted("XOR: units, layers", [layers[0].threshold.size + 1, len(layers)], [3, 2]),
        counted("networks composed of units: of 256 tables", composed, 256),
    )


def _units() -> matplotlib.figure.Figure:
    units = {
        "x1 AND x2": neuron.and_unit(2),
        "x1 OR x2": neuron.or_unit(2),
        "NOT x1": neuron.not_unit(),
        "x1 NOR x2": neuron.nor_unit(2),
        "x1 ∧ ¬x2": neuron.and_not_unit(),
    }

    def fill(axes: Any) -> None:
        for axis, (name, unit) in zip(axes, units.items(), strict=True):
            _diagram(axis, (unit,), name)
            table = neuron.table_of((unit,))
            inputs = ["".join(map(str, row)) for row in truth_tables.rows(table.size.bit_length() - 1)]
            text = "   ".join(f"{row}→{output}" for row, output in zip(inputs, table, strict=True))
            axis.text(0.7, -1.05, text, ha="center", fontsize=9)

    return row_of(len(units), fill, width=2.4, height=2.2)


def _functions() -> matplotlib.figure.Figure:
    corners = truth_tables.rows(2)

    def fill(axes: Any) -> None:
        for axis, name, table in zip(axes.ravel(), NAMES, truth_tables.rows(4), strict=True):
            unit = neuron.solve(table)
            draw_regions(axis, _quadrants(neuron.network_for(table)), corners, table)
            axis.set(xticks=(0, 1), yticks=(0, 1))
            axis.set_title(f"{name}\n{_wiring(unit)}", fontsize=9, color="0.1" if unit else NEGATIVE)

    return grid_of(2, 8, fill, width=1.6, height=2.0)


def _quadrants(network: neuron.Network) -> Any:
    """What a network of two inputs answers on the plane: an input is on above a half."""
    return lambda points: neuron.run(network, (points > 0.5).astype(np.int32))


def _wiring(unit: neuron.Unit | None) -> str:
    """Say a unit of two inputs in a few characters."""
    if unit is None:
        return "two layers"
    signs = ("+" if plus else "−" if veto else "" for plus, veto in zip(unit.excitatory, unit.inhibitory, strict=True))
    wires = [f"{sign}x{i}" for i, sign in enumerate(signs, 1) if sign]
    return f"θ={unit.threshold}  {' '.join(wires)}"


def _xor() -> matplotlib.figure.Figure:
    network = neuron.network_for(truth_tables.TABLES["XOR"])
    corners, labels = truth_tables.rows(2), np.array(truth_tables.TABLES["XOR"])
    hidden, _ = network

    def fill(axes: Any) -> None:
        _diagram(axes[0], network, "XOR")
        units = [neuron.Unit(*(field[i] for field in hidden)) for i in range(2)]
        for axis, unit, name in zip(axes[1:3], units, ("first", "second"), strict=True):
            draw_regions(axis, _quadrants((unit,)), corners, neuron.table_of((unit,)), title=f"the {name} hidden unit")
        draw_regions(axes[3], _quadrants(network), corners, labels, title="the output: either of them")
        for axis in axes[1:]:
            axis.set(xticks=(0, 1), yticks=(0, 1), xlabel="x1", ylabel="x2")

    return row_of(4, fill, width=2.8, height=2.7)


def _counts(one: dict[int, int], several: dict[int, int], signed: dict[int, int]) -> matplotlib.figure.Figure:
    kinds = {
        "one connection an input": (one, "#9db7d9"),
        "several connections": (several, POSITIVE),
        "weights of both signs": (signed, "#2c7a4b"),
        "all functions": ({num: 2**2**num for num in one}, "0.8"),
    }

    def fill(axes: Any) -> None:
        for place, (label, (counts, color)) in enumerate(kinds.items()):
            bars = axes[0].bar(
                np.array(list(counts)) + 0.21 * (place - 1.5), counts.values(), 0.19, color=color, label=label
            )
            axes[0].bar_label(bars, [f"{count:,}" for count in counts.values()], fontsize=9)
        axes[0].set(yscale="log", ylim=(1, 3e5), xticks=list(one), xlabel="inputs", ylabel="functions of one unit")
        axes[0].legend(fontsize=9, frameon=False, loc="upper left")

    return row_of(1, fill, width=5.4, height=3.5)


def _diagram(axis: Any, network: neuron.Network, title: str) -> None:
    """Draw a network: inputs on the left, a column for each layer, excitatory lines to a dot, inhibitory to a ring."""
    from matplotlib.patches import Circle

    sources = _column(0, network[0].excitatory.shape[-1])
    for i, place in enumerate(sources, 1):
        axis.text(*place, f"x{i} ", ha="right", va="center", fontsize=10)
    for depth, layer in enumerate(network, 1):
        thresholds, excitatory, inhibitory = (np.atleast_1d(layer.threshold), *map(np.atleast_2d, layer[1:]))
        places = _column(depth, len(thresholds))
        for place, threshold, plus, veto in zip(places, thresholds, excitatory, inhibitory, strict=True):
            axis.add_patch(Circle((place[0], place[1]), RADIUS, fill=False, lw=1.3))
            axis.text(*place, f"{threshold}", ha="center", va="center", fontsize=11)
            for source, excites, forbids in zip(sources, plus, veto, strict=True):
                if excites or forbids:
                    _wire(axis, source, place, bool(forbids), from_unit=depth > 1)
        sources = places
    (x, y), end = sources[0], len(network)
    axis.plot([x + RADIUS, x + 0.65], [y, y], color="0.2", lw=1.2)
    axis.text(0.25 + end / 2, 0.95, title, ha="center", fontsize=10)
    axis.set(xlim=(-0.4, end + 0.8), ylim=(-1.15, 1.15), aspect="equal")
    axis.set_axis_off()


def _column(depth: int, count: int) -> Sequence[np.ndarray]:
    heights = np.linspace(0.5, -0.5, count) if count > 1 else np.zeros(1)
    return [np.array([float(depth), height]) for height in heights]


def _wire(axis: Any, source: np.ndarray, target: np.ndarray, forbids: bool, from_unit: bool) -> None:
    away = (source - target) / np.linalg.norm(source - target)
    begin, end = source - away * RADIUS * from_unit, target + away * (RADIUS + 0.05)
    color = NEGATIVE if forbids else POSITIVE
    axis.plot(*np.stack([begin, end]).T, color=color, lw=1.3)
    axis.plot(*end, "o", ms=6, mfc="w" if forbids else color, mec=color, mew=1.3)
