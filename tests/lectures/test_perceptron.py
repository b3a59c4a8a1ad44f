"""The perceptron: DECK.md's sequences, a loop in plain Python, Novikoff's bound, inseparable tables, the pocket."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import optimize

from nnjax.core.errors import UserError
from nnjax.lectures.history import truth_tables
from nnjax.lectures.history.learning_rule import Examples, drawn, examples, present, with_bias
from nnjax.lectures.history.mcculloch_pitts import model
from nnjax.lectures.history.perceptron import model as machine

DECK = [
    ("AND", 18, 9, (3, 2, -4), 51),
    ("OR", 9, 6, (2, 2, -1), 27),
    ("NAND", 18, 9, (-3, -2, 4), 51),
    ("AND3", 44, 20, (4, 3, 2, -8), 148),
]


def by_hand(table, cap=200):
    """The rule in plain Python: mistakes, epochs, weights."""
    num_inputs = len(table).bit_length() - 1
    weights, mistakes = [0] * (num_inputs + 1), 0
    for epoch in range(1, cap + 1):
        clean = True
        for row, output in zip(itertools.product((0, 1), repeat=num_inputs), table, strict=True):
            x, target = (*row, 1), 1 if output else -1
            total = sum(w * value for w, value in zip(weights, x, strict=True))
            if target * total <= 0:
                weights = [w + target * value for w, value in zip(weights, x, strict=True)]
                mistakes, clean = mistakes + 1, False
        if clean:
            return mistakes, epoch, weights
    return None


def stack(every):
    return Examples(*map(np.stack, zip(*map(machine.of_table, every), strict=True)))


def shuffled(data, shape):
    chosen = np.random.default_rng(0).integers(len(data.x), size=shape)
    return Examples(data.x[chosen], data.targets[chosen])


def test_one_step_worked_by_hand():
    """w = (1, -2, 0), x = (1, 1, 1): s = -1, so d = +1 is wrong and w becomes w + .5 x; d = -1 is right."""
    rule = machine.perceptron(0.5)
    weights, x = jnp.array([1.0, -2.0, 0.0]), jnp.ones(3)
    after, info = rule.step(weights, Examples(x, jnp.float32(1)))
    np.testing.assert_array_equal(after, [1.5, -1.5, 0.5])
    assert info.wrong
    np.testing.assert_array_equal(info.weights, weights)
    after, info = rule.step(weights, Examples(x, jnp.float32(-1)))
    np.testing.assert_array_equal(after, weights)
    assert not info.wrong
    for target in (-1, 1):  # a tie is a mistake
        after, info = rule.step(rule.init(3), Examples(x, jnp.float32(target)))
        np.testing.assert_array_equal(after, [0.5 * target] * 3)
        assert info.wrong


@pytest.mark.parametrize(("name", "mistakes", "epochs", "weights", "bound"), DECK)
def test_the_deck_s_sequences(name, mistakes, epochs, weights, bound):
    """DECK.md section 3."""
    data = machine.of_table(truth_tables.TABLES[name])
    learned = machine.separate(*data)
    assert (int(learned.mistakes), int(learned.epochs)) == (mistakes, epochs)
    np.testing.assert_array_equal(learned.weights, weights)
    assert machine.novikoff(*data) == pytest.approx(bound, rel=1e-9)
    assert machine.describe(learned) == f"separated after {mistakes} mistakes, {epochs} epochs"


def test_all_tables_of_two_and_three_inputs():
    """As a loop in plain Python; the rule stops exactly for threshold functions, else its weights repeat."""
    for num_inputs in (2, 3):
        found = {tuple(map(int, table)) for table in model.signed_functions(num_inputs)}
        every = [tuple(map(int, table)) for table in truth_tables.rows(2**num_inputs)]
        learned = machine.LearningResult(*map(np.asarray, jax.vmap(machine.learn)(stack(every))))
        for i, table in enumerate(every):
            assert learned.separated[i] == (table in found)
            assert learned.repeats[i] == (table not in found)
            expected = by_hand(table)
            if expected:
                assert (int(learned.mistakes[i]), int(learned.epochs[i]), learned.weights[i].tolist()) == expected
            else:
                assert table not in found


@pytest.mark.parametrize("rate", [0.25, 8.0, 0.1, 0.3, 1e-4])
@pytest.mark.parametrize(("table", "counts"), [("AND3", (44, 20)), ("AND", (18, 9))])
def test_the_rate_changes_no_mistake(rate, table, counts):
    """From weights of 0 it only scales them, whether or not float32 holds the rate exactly."""
    data = machine.of_table(truth_tables.TABLES[table])
    one, other = machine.learn(data), machine.learn(data, rate=rate)
    assert (int(other.mistakes), int(other.epochs)) == counts
    np.testing.assert_array_equal(other.weights, np.float32(rate) * one.weights)


def test_margins_in_closed_form_and_against_another_solver():
    """AND: w = (2, 2, -3), 1/√17; OR: (2, 2, -1), 1/3; random sets: SLSQP on the same program."""
    assert machine.margin(*machine.of_table(truth_tables.TABLES["AND"])) == pytest.approx(17**-0.5, rel=1e-9)
    assert machine.margin(*machine.of_table(truth_tables.TABLES["OR"])) == pytest.approx(1 / 3, rel=1e-9)
    draw = np.random.default_rng(0)
    for _ in range(5):
        x, teacher = draw.normal(size=(15, 3)).astype(np.float32), draw.normal(size=3)
        targets = np.sign(x @ teacher)
        signed = targets[:, None] * x.astype(float)
        start = teacher / np.abs(signed @ teacher).min()
        constraint = {"type": "ineq", "fun": lambda w, z=signed: z @ w - 1, "jac": lambda w, z=signed: z}
        best = optimize.minimize(lambda w: w @ w, start, jac=lambda w: 2 * w, constraints=constraint, tol=1e-12)
        assert best.success
        assert machine.margin(x, targets) == pytest.approx(1 / np.linalg.norm(best.x), rel=1e-5)
        assert machine.margin(100 * x, targets) == pytest.approx(100 * machine.margin(x, targets), rel=1e-6)
        assert machine.novikoff(100 * x, targets) == pytest.approx(machine.novikoff(x, targets), rel=1e-6)


def test_a_thin_margin():
    """Two points on both sides of the first axis: the distance is their height."""
    assert machine.margin([[1, 1e-4], [1, -1e-4]], [1, -1]) == pytest.approx(1e-4, rel=1e-5)
    with pytest.raises(UserError, match="No plane separates"):
        machine.margin([[1, 1e-8], [1, -1e-8]], [1, -1])


small = arrays.arrays(np.int8, (8, 2), elements=st.integers(-6, 6))
teachers = arrays.arrays(np.int8, (3,), elements=st.integers(-5, 5))


@settings(max_examples=150, deadline=None)
@given(small, teachers)
def test_mistakes_stay_below_novikoff_s_bound(points, teacher):
    """On any set that a teacher separates; integers, so that float32 is exact."""
    x = np.column_stack([points, np.ones(8)])
    totals = x @ teacher
    assume((totals != 0).all())
    targets = np.sign(totals)
    bound = machine.novikoff(x, targets)
    learned = machine.learn(examples(x, targets), cap=20_000)
    assert learned.separated
    assert int(learned.mistakes) <= bound * (1 + 1e-6)
    assert (targets * (x @ np.asarray(learned.weights)) > 0).all()


def test_xor_never_stops():
    learned = machine.learn(machine.of_table(truth_tables.TABLES["XOR"]))
    assert machine.describe(learned) == "never stops: after 1 epoch and 4 mistakes the weights repeat"
    with pytest.raises(UserError, match=r"never stops.*no plane separates these examples"):
        machine.separate(*machine.of_table(truth_tables.TABLES["XOR"]))
    with pytest.raises(UserError, match="No plane separates these 4 examples, so they have no margin"):
        machine.novikoff(*machine.of_table(truth_tables.TABLES["XOR"]))


def test_the_cap():
    data = machine.of_table(truth_tables.TABLES["AND"])
    learned = machine.learn(data, cap=3)
    assert int(learned.epochs) == 3
    assert not learned.separated
    assert not learned.repeats
    with pytest.raises(UserError, match=r"not separated in 3 epochs.*raise the cap"):
        machine.separate(*data, cap=3)
    assert int(machine.separate(*data, cap=9).epochs) == 9


def test_many_seeds_in_one_program():
    data, rule = machine.of_table(truth_tables.TABLES["OR"]), machine.perceptron()

    def one(order):
        return present(rule, rule.init(3), order)

    orders = shuffled(data, (5, 100))
    weights, info = jax.vmap(one)(orders)
    alone, seen_alone = one(jax.tree.map(lambda array: array[3], orders))
    np.testing.assert_array_equal(weights[3], alone)
    np.testing.assert_array_equal(info.wrong[3], seen_alone.wrong)


def pocket_by_hand(data, order):
    """Gallant 1990, with ratchet, in plain NumPy: rows that the pocket answers rightly, what it holds, its run."""
    weights = kept = np.zeros(data.x.shape[1])
    run = kept_run = 0
    history = []
    for x, target in zip(np.asarray(order.x), np.asarray(order.targets), strict=True):
        if target * (weights @ x) > 0:
            run += 1
            if run > kept_run:
                counts = [(data.targets * (data.x @ w) > 0).sum() for w in (weights, kept)]
                if counts[0] > counts[1]:
                    kept, kept_run = weights, run
        else:
            weights, run = weights + target * x, 0
        history.append((data.targets * (data.x @ kept) > 0).sum())
    return history, kept, kept_run


def test_the_pocket_against_a_loop():
    data = machine.of_table((0, 1, 1, 0, 1, 0, 0, 1))
    rule, order = machine.pocket(data), shuffled(data, 300)
    state, right = present(rule, rule.init(4), order)
    history, kept, kept_run = pocket_by_hand(data, order)
    np.testing.assert_array_equal(right, history)
    np.testing.assert_array_equal(state.kept, kept)
    assert state.kept_run == kept_run


def test_the_pocket_finds_the_best_plane():
    """Of every inseparable table of three inputs: as many rows as the nearest of the 104 functions shares."""
    functions = model.signed_functions(3)
    every = np.array([table for table in truth_tables.rows(8) if not (functions == table).all(axis=1).any()])
    best = (every[:, None] == functions).sum(axis=2).max(axis=1)
    assert (len(every), best.min()) == (152, 6)

    def last(data):
        rule = machine.pocket(data)
        return present(rule, rule.init(4), drawn(jax.random.key(0), data, 20_000))[1][-1]

    np.testing.assert_array_equal(jax.jit(jax.vmap(last))(stack(every)), best)


def test_presentations_are_drawn_evenly():
    data = machine.of_table(truth_tables.TABLES["XOR"])
    order = Examples(*map(np.asarray, drawn(jax.random.key(0), data, 4000)))
    rows = (order.x[:, 0] * 2 + order.x[:, 1]).astype(int)
    assert (abs(np.bincount(rows) - 1000) < 120).all()  # four standard deviations
    np.testing.assert_array_equal(order.targets, data.targets[rows])


def test_the_bias_is_the_last_input():
    data = machine.of_table((0, 1))
    np.testing.assert_array_equal(data.x, [[0, 1], [1, 1]])
    np.testing.assert_array_equal(data.targets, [-1, 1])
    np.testing.assert_array_equal(with_bias(jnp.zeros((2, 1))), [[0, 1], [0, 1]])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: examples(np.zeros((4, 2)), [0, 1, 1, 0]),
            r"Targets of −1 and \+1 were expected, but they have 0, 1",
        ),
        (lambda: examples(np.zeros((4, 2)), [1, -1, 1]), r"the shapes are \(4, 2\) and \(3,\)"),
        (lambda: examples(np.zeros(4), [1, -1, 1, 1]), r"the shapes are \(4,\)"),
        (lambda: examples(np.zeros((0, 2)), []), "the shapes are"),
        (lambda: examples([[np.nan, 1]], [1]), "not finite"),
        (lambda: machine.of_table([0, 1, 1]), "a row of 2, 4, 8, … outputs"),
        (lambda: machine.separate([[1.0]], [1], cap=0), "must be positive, but they are 0 and 1.0"),
        (lambda: machine.separate([[1.0]], [1], rate=-1.0), "must be positive"),
        (lambda: machine.margin([[0.0, 0.0]], [1]), "No plane separates"),
    ],
)
def test_mistakes(make, sentence):
    with pytest.raises(UserError, match=sentence):
        make()
