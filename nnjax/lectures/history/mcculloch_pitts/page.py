"""The chapter on the neuron of McCulloch and Pitts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core.types import Array
from nnjax.lectures.history import truth_tables
from nnjax.lectures.history.chapters import PUBLISHED, Chapter, Row, compose, counted
from nnjax.lectures.history.drawing import GREEN, NEGATIVE, POSITIVE, draw_regions, panels
from nnjax.lectures.history.mcculloch_pitts import model as neuron

NAMES = (
    *("0", "x1 AND x2", "x1 ∧ ¬x2", "x1", "¬x1 ∧ x2", "x2", "XOR", "x1 OR x2"),
    *("NOR", "XNOR", "¬x2", "x1 ∨ ¬x2", "¬x1", "¬x1 ∨ x2", "NAND", "1"),
)  # the functions of two inputs, their tables 0000, 0001, …, 1111
UNITS = {
    "x1 AND x2": neuron.and_unit(2),
    "x1 OR x2": neuron.or_unit(2),
    "NOT x1": neuron.nor_unit(1),
    "x1 NOR x2": neuron.nor_unit(2),
    "x1 ∧ ¬x2": neuron.unit(1, [1, 0], [0, 1]),
}
SIGNED = {1: 4, 2: 14, 3: 104, 4: 1882}  # OEIS A000609
CORNERS: dict[str, Any] = {"xticks": (0, 1), "yticks": (0, 1)}
RADIUS = 0.27  # of a unit's circle, as a share of the distance between layers


def chapter() -> Chapter:
    """Compute and draw it."""
    signed = {num: len(neuron.signed_functions(num)) for num in SIGNED}
    several = {num: len(neuron.functions(num, most_connections=num)) for num in SIGNED}
    one = {num: len(neuron.functions(num)) for num in SIGNED}
    kinds = {
        "one connection an input": (one, "#9db7d9"),
        "several connections": (several, POSITIVE),
        "weights of both signs": (signed, GREEN),
        "all functions": ({num: 2**2**num for num in one}, "0.8"),
    }
    drawings = {"units": _units(), "functions": _functions(), "xor": _xor(), "counts": _counts(kinds)}
    return compose(__file__, drawings, _rows(one, several, signed), one=one)


def _rows(one: Mapping[int, int], several: Mapping[int, int], signed: Mapping[int, int]) -> list[Row]:
    """Compare the numbers of functions that units compute with the known ones."""
    three = truth_tables.rows(8)  # all tables of three inputs
    solved = sum(neuron.solve(table) is not None for table in three)
    composed = sum(np.array_equal(neuron.table_of(neuron.network_for(table)), table) for table in three)
    layers = neuron.network_for(truth_tables.TABLES["XOR"])
    return [
        counted("one unit, one input: of 4 functions", one[1], 4),
        counted("two inputs: of 16", one[2], 11),
        counted("two inputs, θ ≥ 1", len(neuron.functions(2, least_threshold=1)), 7),
        counted("three inputs: of 256", one[3], 36),
        counted("the same, as the solver says", solved, 36),
        counted("three inputs, several connections each", several[3], 42),
        Row("four inputs, one connection, several: of 65,536", f"{one[4]}, {several[4]}"),
        *(
            counted(
                f"weights of both signs, {num} input{'s'[: num > 1]}: of {2**2**num:,}", signed[num], known, PUBLISHED
            )
            for num, known in SIGNED.items()
        ),
        counted("XOR: units, layers", [layers[0].threshold.size + 1, len(layers)], [3, 2]),
        counted("networks composed of units: of 256 tables", composed, 256),
    ]


@panels(len(UNITS), width=2.4, height=2.2)
def _units(axes: Any) -> None:
    for axis, (name, unit) in zip(axes, UNITS.items(), strict=True):
        _diagram(axis, (unit,), name)
        table = neuron.table_of((unit,))
        inputs = ["".join(map(str, row)) for row in truth_tables.rows(table.size.bit_length() - 1)]
        text = "   ".join(f"{row}→{output}" for row, output in zip(inputs, table, strict=True))
        axis.text(0.7, -1.05, text, ha="center", fontsize=9)


@panels(8, 2, width=1.6, height=2.0)
def _functions(axes: Any) -> None:
    for axis, name, table in zip(axes.ravel(), NAMES, truth_tables.rows(4), strict=True):
        unit = neuron.solve(table)
        _on_plane(axis, neuron.network_for(table))
        axis.set_title(f"{name}\n{_wiring(unit)}", color="0.1" if unit else NEGATIVE)


def _on_plane(axis: Any, network: neuron.Network, **properties: Any) -> None:
    """Draw the output of a network of two inputs on the plane: an input is on above a half."""

    def output(points: np.ndarray) -> Array:
        return neuron.run(network, (points > 0.5).astype(np.int32))

    draw_regions(axis, output, truth_tables.rows(2), neuron.table_of(network), **CORNERS, **properties)


def _wiring(unit: neuron.Unit | None) -> str:
    """Say a unit of two inputs in a few characters."""
    if unit is None:
        return "two layers"
    signs = ("+" if plus else "−" if veto else "" for plus, veto in zip(unit.excitatory, unit.inhibitory, strict=True))
    wires = [f"{sign}x{i}" for i, sign in enumerate(signs, 1) if sign]
    return f"θ={unit.threshold}  {' '.join(wires)}"


@panels(4, width=2.8, height=2.7)
def _xor(axes: Any) -> None:
    network = neuron.network_for(truth_tables.TABLES["XOR"])
    _diagram(axes[0], network, "XOR")
    shown = {
        "the first hidden unit": (neuron.Unit(*(field[0] for field in network[0])),),
        "the second hidden unit": (neuron.Unit(*(field[1] for field in network[0])),),
        "the output: either of them": network,
    }
    for axis, (title, some) in zip(axes[1:], shown.items(), strict=True):
        _on_plane(axis, some, title=title, xlabel="x1", ylabel="x2")


@panels(1, width=5.4, height=3.5)
def _counts(axes: Any, kinds: Mapping[str, tuple[Mapping[int, int], str]]) -> None:
    for place, (label, (counts, color)) in enumerate(kinds.items()):
        places = np.array(list(counts)) + 0.21 * (place - 1.5)
        bars = axes[0].bar(places, counts.values(), 0.19, color=color, label=label)
        axes[0].bar_label(bars, [f"{count:,}" for count in counts.values()], fontsize=9)
    axes[0].set(yscale="log", ylim=(1, 3e5), xticks=list(SIGNED), xlabel="inputs", ylabel="functions of one unit")
    axes[0].legend(fontsize=9, loc="upper left")


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
