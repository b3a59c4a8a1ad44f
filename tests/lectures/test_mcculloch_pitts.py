"""McCulloch-Pitts units: truth tables by hand, counts by independent brute force and by linear programs, the solver."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from nnjax.core.errors import UserError
from nnjax.lectures.history import truth_tables
from nnjax.lectures.history.mcculloch_pitts import model as neuron


def by_hand(num_inputs, most_connections=1, least_threshold=-1):
    """Every unit, in plain Python: an input is -1 (inhibitory) or has 0, 1, … excitatory connections."""
    found = set()
    for wires in itertools.product(range(-1, most_connections + 1), repeat=num_inputs):
        for threshold in range(least_threshold, 2 + num_inputs * most_connections):
            found.add(
                tuple(
                    int(
                        all(not (wire < 0 and on) for wire, on in zip(wires, row, strict=True))
                        and sum(wire for wire, on in zip(wires, row, strict=True) if on) >= threshold
                    )
                    for row in itertools.product((0, 1), repeat=num_inputs)
                )
            )
    return found


def as_set(found):
    return {tuple(map(int, table)) for table in found}


def separable(table):
    """Whether a linear program finds w, θ with w·x - θ ≥ 1 where the table is 1, ≤ -1 where it is 0."""
    x = np.array(list(itertools.product((0, 1), repeat=len(table).bit_length() - 1)))
    signs = 2 * np.array(table) - 1
    constraints = -signs[:, None] * np.column_stack([x, -np.ones(len(x))])
    done = optimize.linprog(np.zeros(x.shape[1] + 1), constraints, -np.ones(len(x)), bounds=(None, None))
    return done.status == 0


@pytest.mark.parametrize(
    ("unit", "threshold", "table"),
    [
        (neuron.and_unit(2), 2, (0, 0, 0, 1)),
        (neuron.and_unit(3), 3, (0, 0, 0, 0, 0, 0, 0, 1)),
        (neuron.or_unit(2), 1, (0, 1, 1, 1)),
        (neuron.or_unit(3), 1, (0, 1, 1, 1, 1, 1, 1, 1)),
        (neuron.nor_unit(1), 0, (1, 0)),
        (neuron.nor_unit(2), 0, (1, 0, 0, 0)),
        (neuron.nor_unit(3), 0, (1, 0, 0, 0, 0, 0, 0, 0)),
        (neuron.unit(1, [1, 0], [0, 1]), 1, (0, 0, 1, 0)),
    ],
)
def test_the_units_of_the_deck(unit, threshold, table):
    """DECK.md section 3: thresholds and tables."""
    assert unit.threshold == threshold
    assert tuple(neuron.table_of((unit,))) == table


def test_the_rows_count_up_with_the_first_input_as_highest_digit():
    for num in (1, 2, 4):
        np.testing.assert_array_equal(truth_tables.rows(num), list(itertools.product((0, 1), repeat=num)))
    assert truth_tables.rows(2).dtype == np.int32


def test_the_veto_is_absolute():
    """Three excitatory inputs against one inhibitory: the sum does not matter."""
    unit = neuron.unit(1, [1, 1, 1, 0], [0, 0, 0, 1])
    x = np.array([[1, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]])
    np.testing.assert_array_equal(neuron.fire(unit, x), [True, False, False, True])


@pytest.mark.parametrize(
    ("num_inputs", "connections", "count"), [(1, 1, 4), (2, 1, 11), (2, 2, 11), (3, 1, 36), (3, 2, 42), (3, 3, 42)]
)
def test_counts_of_functions(num_inputs, connections, count):
    """DECK.md section 3: 4/4, 11/16, 36/256, and 42 with several connections; equal to the search by hand."""
    found = neuron.functions(num_inputs, connections)
    assert len(found) == count
    assert as_set(found) == by_hand(num_inputs, connections)


def test_what_two_inputs_miss_and_thresholds_of_1_alone():
    all_tables = as_set(truth_tables.rows(4))
    missing = {(0, 1, 1, 0), (1, 0, 0, 1), (1, 1, 1, 0), (1, 0, 1, 1), (1, 1, 0, 1)}
    assert all_tables - as_set(neuron.functions(2)) == missing  # XOR, XNOR, NAND, x1∨¬x2, ¬x1∨x2
    found = as_set(neuron.functions(2, least_threshold=1))
    assert len(found) == 7
    assert found == by_hand(2, least_threshold=1)


def test_signed_weights_against_linear_programs():
    """14/16 and 104/256: which ones, by linear programs; 4 and 1882/65536 (OEIS A000609)."""
    for num_inputs, count in ((2, 14), (3, 104)):
        found = as_set(neuron.signed_functions(num_inputs))
        assert len(found) == count
        assert found == {table for table in as_set(truth_tables.rows(2**num_inputs)) if separable(table)}
    assert len(neuron.signed_functions(1)) == 4
    assert len(neuron.signed_functions(4)) == 1882


@pytest.mark.parametrize("connections", [1, 2])
def test_the_solver_on_all_tables_of_three_inputs(connections):
    """It finds a unit exactly where the search by hand does, and the unit computes the table."""
    possible = by_hand(3, connections)
    for table in itertools.product((0, 1), repeat=8):
        unit = neuron.solve(table, connections)
        assert (unit is not None) == (table in possible)
        if unit is not None:
            assert tuple(neuron.table_of((unit,))) == table
            assert unit.excitatory.max() <= connections


def test_the_solver_takes_the_fewest_connections():
    for unit in (
        neuron.and_unit(3),
        neuron.or_unit(3),
        neuron.nor_unit(3),
        neuron.unit(1, [1, 0], [0, 1]),
        neuron.unit(1, [0, 1]),
    ):
        found = neuron.solve(neuron.table_of((unit,)), 3)
        for field, expected in zip(found, unit, strict=True):
            np.testing.assert_array_equal(field, expected)


def test_xor_takes_three_units_in_two_layers():
    """DECK.md section 3: OR(x1∧¬x2, x2∧¬x1)."""
    assert neuron.solve(truth_tables.TABLES["XOR"]) is None
    hidden, output = neuron.network_for(truth_tables.TABLES["XOR"])
    np.testing.assert_array_equal(hidden.threshold, [1, 1])
    np.testing.assert_array_equal(hidden.excitatory, [[0, 1], [1, 0]])
    np.testing.assert_array_equal(hidden.inhibitory, [[1, 0], [0, 1]])
    assert (output.threshold, output.excitatory.tolist()) == (1, [1, 1])
    assert tuple(neuron.table_of((hidden, output))) == truth_tables.TABLES["XOR"]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5).flatmap(lambda num: st.lists(st.integers(0, 1), min_size=2**num, max_size=2**num)))
def test_any_table_has_a_network(table):
    network = neuron.network_for(table)
    assert neuron.table_of(network).tolist() == table
    assert len(network) == (1 if neuron.solve(table) else 2)


def test_a_network_takes_any_leading_axes_and_vmaps():
    network, expected = neuron.network_for(truth_tables.TABLES["XOR"]), [False, True, True, False]
    x = truth_tables.rows(2)
    np.testing.assert_array_equal(neuron.run(network, x.reshape(2, 2, 2)).ravel(), expected)
    np.testing.assert_array_equal(jax.vmap(functools.partial(neuron.run, network))(jnp.asarray(x)), expected)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: truth_tables.checked([0, 1, 1]), "a row of 2, 4, 8, … outputs, but this one has the shape"),
        (lambda: truth_tables.checked([0]), "has the shape"),
        (lambda: truth_tables.checked([[0, 1], [1, 0]]), "has the shape"),
        (lambda: truth_tables.checked([0, 1, 2, 0]), "holds 0 and 1 only"),
        (lambda: neuron.solve([0, 1, -1, 1]), "holds 0 and 1 only"),
        (lambda: neuron.network_for([0, 1, 1]), "has the shape"),
        (lambda: neuron.solve(np.zeros(2**11)), "up to 10 inputs, but the table has 11"),
        (lambda: truth_tables.rows(0), "at least 1 input"),
        (lambda: neuron.unit(1.5, [1, 1]), "one integer, not 1.5"),
        (lambda: neuron.unit([1, 2], [1, 1]), "one integer"),
        (lambda: neuron.unit(1, [1, 1], [0]), r"the shapes are \(2,\) \(excitatory\) and \(1,\)"),
        (lambda: neuron.unit(1, []), "the shapes are"),
        (lambda: neuron.unit(1, [-1, 1]), "counted 0, 1, 2"),
        (lambda: neuron.unit(1, [1, 1], [0, 2]), "inhibitory ones 0 or 1"),
        (lambda: neuron.fire(neuron.and_unit(2), np.zeros((4, 3), int)), "has 2 inputs, but x has 3"),
    ],
)
def test_mistakes(make, sentence):
    with pytest.raises(UserError, match=sentence):
        make()
