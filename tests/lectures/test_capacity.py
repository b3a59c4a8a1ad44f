"""The capacity of a unit: separability against linear programming, Cover's count by enumeration, his mean 2N."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog

from nnjax.core.errors import UserError
from nnjax.lectures.history.adaline import capacity
from nnjax.lectures.history.learning_rule import Examples, cycle, present


def separable_by_linear_programming(data):
    """Whether t·(w·x) ≥ 1 has a solution (HiGHS)."""
    rows = data.x * data.targets[:, None]
    return linprog(np.zeros(rows.shape[1]), -rows, -np.ones(len(rows)), bounds=(None, None)).status == 0


def test_gates_of_two_inputs():
    """A threshold unit can do 14 of the 16 (DECK.md section 3): all but XOR and XNOR."""
    x = np.array([[a, b, 1] for a in (0, 1) for b in (0, 1)], float)
    found = {
        labels: capacity.separating_weights(Examples(x, np.array(labels, float)))
        for labels in itertools.product((-1, 1), repeat=4)
    }
    assert {labels for labels, weights in found.items() if weights is None} == {(-1, 1, 1, -1), (1, -1, -1, 1)}
    assert all((np.array(labels) * (x @ w) > 0).all() for labels, w in found.items() if w is not None)


@pytest.mark.parametrize("size", [3, 8])
def test_separability_agrees_with_linear_programming(size):
    verdicts = []
    for seed in range(60):
        data = capacity.random_patterns(seed, 2 * size, size)
        weights = capacity.separating_weights(data)
        verdicts.append(weights is not None)
        assert verdicts[-1] == separable_by_linear_programming(data)
        assert weights is None or (data.targets * (data.x @ weights) > 0).all()
    assert 15 < sum(verdicts) < 45


def test_cover_s_count_by_enumeration():
    """All 2^6 labelings of six patterns in general position, three weights: 2 (1 + 5 + 10) = 32 can be realised."""
    x = capacity.random_patterns(0, 6, 3).x
    labelings = itertools.product((-1.0, 1.0), repeat=6)
    ways = sum(capacity.separating_weights(Examples(x, np.array(labels))) is not None for labels in labelings)
    assert ways == 32 == 64 * capacity.cover_share(6, 3)
    assert capacity.cover_share(3, 3) == 1
    assert capacity.cover_share(40, 20) == 0.5


def test_twice_as_many_patterns_as_weights():
    """The mean is 2N exactly, the variance 2N (the N-th head of a coin): 250 seeds are within four standard errors."""
    found = np.array([capacity.capacity(capacity.random_patterns(seed, 48, 8)) for seed in range(250)])
    assert found.mean() == pytest.approx(16, abs=4 * np.sqrt(16 / 250))
    assert found.std() == pytest.approx(4, rel=0.25)


def test_the_capacity_is_the_last_that_can_be_separated():
    """XOR's first three patterns can be, all four cannot; where all can be, all are counted."""
    x = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
    assert capacity.capacity(Examples(x, np.array([-1.0, 1, 1, -1]))) == 3
    assert capacity.capacity(Examples(x, np.array([-1.0, 1, 1, 1]))) == 4
    for seed in range(12):
        data = capacity.random_patterns(seed, 12, 3)
        parts = [Examples(data.x[:p], data.targets[:p]) for p in range(1, 13)]
        assert capacity.capacity(data) == sum(separable_by_linear_programming(part) for part in parts)


def test_mays_s_rule_learns_what_can_be_separated_in_one_program():
    """Twelve patterns, eight weights: after 3,000 epochs it is right where linear programming can separate them."""
    sets = [capacity.random_patterns(seed, 12, 8) for seed in range(40)]
    rule = capacity.mays_rule()

    @jax.jit
    @jax.vmap
    def learned(x, target):
        weights, _ = present(rule, rule.init(np.zeros(8)), cycle(Examples(x, target), 3000))
        return (target * (x @ weights) > 0).all()

    right = np.asarray(learned(*(jnp.asarray(np.stack(part), float) for part in zip(*sets, strict=True))))
    possible = np.array([separable_by_linear_programming(data) for data in sets])
    assert not (right & ~possible).any()
    assert 30 <= possible.sum() < 40
    assert right.sum() >= possible.sum() - 1


def test_mays_s_step_by_hand():
    """x = (1, 2), t = 1: at s = .6, outside the dead zone of .5, nothing; at s = −1 half of ε = 2 by α = ½."""
    rule, pattern = capacity.mays_rule(0.5), Examples(jnp.array([1.0, 2.0]), jnp.array(1.0))
    np.testing.assert_array_equal(rule.step(rule.init([0.6, 0.0]), pattern)[0], rule.init([0.6, 0.0]))
    np.testing.assert_allclose(rule.step(rule.init([-1.0, 0.0]), pattern)[0], [-0.8, 0.4], rtol=1e-6)
    np.testing.assert_allclose(rule.step(rule.init([0.4, 0.0]), pattern)[0], [0.46, 0.12], rtol=1e-6)


def test_mistakes_are_told():
    with pytest.raises(UserError, match="alpha = 3 is outside"):
        capacity.mays_rule(3)
    with pytest.raises(UserError, match="dead_zone = 1 is outside"):
        capacity.mays_rule(1.0, 1)
