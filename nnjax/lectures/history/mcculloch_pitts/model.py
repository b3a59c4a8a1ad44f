"""The neuron of McCulloch and Pitts 1943: all or nothing, with a threshold and an absolute veto.

    y = 1 iff no inhibitory input is 1 and the sum of the excitatory inputs ≥ θ

Every connection has the weight 1; an input may stay unconnected. Nothing is learned: somebody wires the units.
W. S. McCulloch & W. Pitts 1943, A logical calculus of the ideas immanent in nervous activity, Bulletin of Mathematical
Biophysics 5:115-133 (the absolute veto is the fourth of their assumptions). One of the lecture slides says 1948.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Array
from nnjax.lectures.history import truth_tables

MOST_INPUTS = 10  # the solver looks at 2ⁿ wirings of 2ⁿ rows


class Unit(NamedTuple):
    """A unit, or a layer of k units that see the same n inputs."""

    threshold: Array  # int32 [] or [k]
    # int32 [n] or [k, n]; how many excitatory connections each input has (0 or 1, or more where several are allowed)
    excitatory: Array
    inhibitory: Array  # int32 [n] or [k, n]; whether an input has an inhibitory connection (0 or 1)


Network = tuple[Unit, ...]  # layers; the last is one unit


def unit(threshold: int, excitatory: Sequence[int], inhibitory: Sequence[int] = ()) -> Unit:
    """Make a unit of n inputs; without `inhibitory` none has a veto.

    Raises:
      UserError: the threshold is no integer, the connections are no rows of one length, or they are not 0 or 1
        (excitatory: 0, 1, 2, …).
    """
    plus = np.asarray(excitatory)
    veto = np.asarray(inhibitory) if len(inhibitory) else np.zeros_like(plus)
    if np.ndim(threshold) or int(threshold) != threshold:
        raise UserError(f"A threshold is one integer, not {threshold}.")
    if plus.ndim != 1 or plus.shape != veto.shape or not plus.size:
        raise UserError(
            f"Connections are two rows with a number an input, but the shapes are {plus.shape} (excitatory) and "
            f"{veto.shape} (inhibitory)."
        )
    if (plus < 0).any() or (plus != np.round(plus)).any() or not np.isin(veto, (0, 1)).all():
        raise UserError(
            f"Excitatory connections are counted 0, 1, 2, … and inhibitory ones 0 or 1, but they are {plus.tolist()} "
            f"and {veto.tolist()}."
        )
    return Unit(np.asarray(threshold, np.int32), plus.astype(np.int32), veto.astype(np.int32))


def and_unit(num_inputs: int) -> Unit:
    """AND of n inputs: θ = n."""
    return unit(num_inputs, [1] * num_inputs)


def or_unit(num_inputs: int) -> Unit:
    """OR of n inputs: θ = 1."""
    return unit(1, [1] * num_inputs)


def nor_unit(num_inputs: int) -> Unit:
    """NOR of n inputs, of one NOT: all inhibitory, θ = 0, so that the unit fires by itself."""
    return unit(0, [0] * num_inputs, [1] * num_inputs)


def fire(units: Unit, x: Array) -> Array:
    """Compute the output of a unit or a layer: integers x [..., n] of {0, 1} -> bool [...] or [..., k].

    JAX arrays of many examples come under vmap, x [n].

    Raises:
      UserError: x has another number of inputs.
    """
    if x.shape[-1] != units.excitatory.shape[-1]:
        raise UserError(f"The unit has {units.excitatory.shape[-1]} inputs, but x has {x.shape[-1]}.")
    return (x @ units.excitatory.T >= units.threshold) & (x @ units.inhibitory.T == 0)


def run(network: Network, x: Array) -> Array:
    """Compute the output of a network: x [..., n] of {0, 1} -> bool [...]."""
    for units in network:
        x = fire(units, x).astype(np.int32)
    return x > 0


def table_of(network: Network) -> np.ndarray:
    """The truth table of a network: int32 [2^n]."""
    return np.asarray(run(network, truth_tables.rows(network[0].excitatory.shape[-1])), np.int32)


def solve(table: truth_tables.Table, most_connections: int = 1) -> Unit | None:
    """Find the unit with the fewest connections that computes a table.

    An input that is 1 in no row whose output is 1 may always have a veto: that changes no output. The other inputs
    are tried with every number of excitatory connections; a threshold exists if the smallest sum where the output is 1
    lies above the largest where it is 0 and nothing has vetoed.

    Args:
      table: [2^n] of {0, 1}.
      most_connections: how many excitatory connections an input may have.

    Returns:
      The unit, or None where one unit cannot.

    Raises:
      UserError: it is no truth table, or one of more than 10 inputs.
    """
    wanted = truth_tables.checked(table).astype(bool)
    num_inputs = wanted.size.bit_length() - 1
    if num_inputs > MOST_INPUTS:
        raise UserError(f"The solver takes up to {MOST_INPUTS} inputs, but the table has {num_inputs}.")
    x = truth_tables.rows(num_inputs)
    if not wanted.any():
        return unit(1, [0] * num_inputs)
    veto = ~x[wanted].any(axis=0)
    silent = ~wanted & ~x[:, veto].any(axis=1)  # here only the threshold can keep the unit from firing
    choices = [range(1 if vetoes else most_connections + 1) for vetoes in veto]
    for wiring in sorted(itertools.product(*choices), key=sum):
        sums = x @ np.array(wiring)
        threshold = sums[wanted].min()
        if threshold > sums[silent].max(initial=-1):
            return unit(int(threshold), wiring, veto.astype(int))
    return None


def network_for(table: truth_tables.Table) -> Network:
    """Compose a network of any truth table: one unit if one can, else two layers (disjunctive normal form).

    The first layer has a unit for each row whose output is 1: its ones excite, its zeros have a veto, and θ is the
    number of ones, so that it fires in this row alone. The second layer is their OR. XOR so becomes
    (¬x1 ∧ x2) ∨ (x1 ∧ ¬x2), three units.

    Raises:
      UserError: it is no truth table, or one of more than 10 inputs.
    """
    single = solve(table)
    if single is not None:
        return (single,)
    wanted = truth_tables.checked(table).astype(bool)
    terms = truth_tables.rows(wanted.size.bit_length() - 1)[wanted]
    return Unit(terms.sum(axis=1, dtype=np.int32), terms, 1 - terms), or_unit(len(terms))


def functions(num_inputs: int, most_connections: int = 1, least_threshold: int = 0) -> np.ndarray:
    """All truth tables that one unit computes, by trying every wiring and threshold: int32 [count, 2^n].

    A threshold below 0 does what 0 does, and one above the number of connections keeps the unit silent.
    """
    choices = itertools.product(range(-1, most_connections + 1), repeat=num_inputs)
    wiring = np.array(list(choices))  # -1: inhibitory
    x = truth_tables.rows(num_inputs)
    thresholds = range(least_threshold, num_inputs * most_connections + 2)
    return _distinct(np.maximum(wiring, 0) @ x.T, thresholds, (wiring < 0) @ x.T == 0)


def signed_functions(num_inputs: int, largest_weight: int = 3) -> np.ndarray:
    """All truth tables of Σ w x ≥ θ with integer weights of both signs: int32 [count, 2^n].

    Weights up to 1, 1, 2, 3 suffice for 1, 2, 3, 4 inputs (S. Muroga 1971, Threshold Logic and Its Applications).
    """
    weights = np.array(list(itertools.product(range(-largest_weight, largest_weight + 1), repeat=num_inputs)))
    bound = num_inputs * largest_weight
    return _distinct(weights @ truth_tables.rows(num_inputs).T, range(-bound, bound + 2))


def _distinct(sums: np.ndarray, thresholds: range, allowed: np.ndarray | None = None) -> np.ndarray:
    """The different tables among sums [wirings, 2^n] at all thresholds, where a veto allows: bool [wirings, 2^n]."""
    fires = sums[:, None] >= np.array(thresholds)[:, None]
    if allowed is not None:
        fires &= allowed[:, None]
    return np.unique(fires.reshape(-1, sums.shape[1]).astype(np.int32), axis=0)
