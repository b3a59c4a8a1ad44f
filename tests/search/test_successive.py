"""The search for a learning rate on losses in closed form: it finds the best rate, within its budget."""

import math

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.search.learning_rate import successive
from nnjax.search.learning_rate.budget import RUNS, SEEDS, EpochBudget
from nnjax.search.learning_rate.scores import choose, scores, smooth
from nnjax.search.learning_rate.successive import rounds

NUM = 64


def valley(best, drift=0.0, noise=0.0, cliff=math.inf, width=8.0):
    """A log loss: a parabola whose lowest place wanders down to `best` by `drift` places a halving of what is left."""
    luck = np.random.default_rng(0).normal(size=(NUM, SEEDS))

    def at(epochs):
        def loss(place, seed, t):
            if place >= cliff:
                return math.inf if seed else 30.0
            lowest = best + drift * math.log2(epochs / t)
            return ((place - lowest) / width) ** 2 / 2 - math.log(t) / 4 + noise * luck[place, seed] + 0.05 * seed

        return loss

    return at


def searched(loss, epochs, num=NUM):
    """Follow a search to its end: the best place, and how far each trial was trained; ask for nothing unknown."""
    trained = {}

    def known(place, seed, t):
        assert trained[place, seed] >= t
        return loss(place, seed, t)

    replay = rounds(num, epochs, known)
    while True:
        try:
            latest = next(replay)
        except StopIteration as end:
            return end.value, trained
        raised = {key: limit for key, limit in latest.limits.items() if limit > trained.get(key, 0)}
        low, high = latest.reach
        assert all(low <= place <= high for place, _ in raised)
        assert all(limit >= trained[key] for key, limit in latest.limits.items() if key in trained)
        trained = dict(latest.limits)


@pytest.mark.parametrize("best", [0, 9, 30, 45, 63])
def test_the_lowest_place_of_a_parabola_is_found(best):
    """Up to one place, which is worth less than 1 % here: the luck of seeds is estimated."""
    assert abs(searched(valley(best)(20), 20)[0] - best) <= 1


@pytest.mark.parametrize("drift", [1.0, 1.5, 2.0])
def test_the_best_rate_after_a_few_epochs_is_not_taken(drift):
    """After 1 of 20 epochs the best place is 4 to 9 places higher than in the end."""
    assert abs(searched(valley(30, drift)(20), 20)[0] - 30) <= 1


def test_noise_is_smoothed():
    """The lowest single loss of five in a flat valley is luck; the fit through them is nearer to the middle."""
    loss = valley(30, noise=0.03, width=12)(20)
    found = searched(loss, 20)[0]
    assert loss(found, 0, 20) < loss(30, 0, 20) + 0.15
    assert abs(found - 30) <= 4


def test_the_edge_of_a_cliff_is_found():
    """Below the cliff the loss falls up to it."""
    assert searched(valley(50, cliff=34)(20), 20)[0] == 33


@pytest.mark.parametrize("epochs", [4, 5, 7, 8, 10, 15, 16, 20, 30, 50, 64, 100, 200, 1000])
@pytest.mark.parametrize("num", [3, 20, 64])
def test_the_budget_is_kept(epochs, num):
    found, trained = searched(valley(num // 2)(epochs), epochs, num)
    assert sum(trained.values()) <= RUNS * epochs
    assert trained[found, 0] == epochs
    assert max(trained.values()) == epochs


def test_the_best_rate_has_two_seeds_at_least():
    found, trained = searched(valley(30)(20), 20)
    assert sum(trained.get((found, seed)) == 20 for seed in range(SEEDS)) >= 2
    assert sum(epochs == 20 for epochs in trained.values()) >= 8


def test_a_search_in_which_everything_breaks_down_ends():
    _, trained = searched(lambda place, seed, t: math.inf, 20)
    assert sum(trained.values()) <= RUNS * 20


def test_too_few_epochs():
    with pytest.raises(UserError, match=r"have 3 epochs.*take at least 4"):
        successive.rungs(3)
    assert successive.rungs(4) == (1, 1, 2, 4)
    assert successive.rungs(200) == (3, 50, 100, 200)


def test_a_quadratic_passes_the_smoother_unchanged():
    x = np.arange(9)
    y = 0.02 * (x - 3.0) ** 2
    np.testing.assert_allclose(smooth(x, y, np.ones(9), 4), y, atol=1e-12)


def test_what_lies_beyond_a_cliff_does_not_count():
    y = np.array([0.3, 0.2, 0.1, 0.0, 5.0, np.inf])
    found = smooth(np.arange(6), y, np.ones(6), 4)
    np.testing.assert_allclose(found[:4], y[:4], atol=1e-12)
    assert found[5] == np.inf


def test_an_epoch_budget_is_kept():
    budget = EpochBudget(10)
    assert budget.ask([(i, 0) for i in range(20)], 10) == [(i, 0) for i in range(RUNS)]
    assert budget.spent() == 10 * RUNS
    assert budget.ask([(0, 0)], 10) == [(0, 0)]
    assert budget.ask([(50, 0)], 1) == []
    budget = EpochBudget(10)
    budget.ask([(0, 0)], 4)
    assert len(budget.ask([(i, 0) for i in range(20)], 10, reserve=3)) == RUNS - 3


def test_a_lucky_seed_is_taken_out():
    """Seed 1 is better by .5 at both rates that have it: the rate that has not is no worse for that."""
    table = {(0, 0): 1.0, (0, 1): 0.5, (1, 0): 1.1, (1, 1): 0.6, (2, 0): 0.9}
    found = scores(sorted(table), lambda p, k, t: table[p, k], 20)
    assert found.seeds.tolist() == [2, 2, 1]
    assert int(np.argmin(found.values)) == 2
    assert choose(dict.fromkeys(table, 20), lambda p, k, t: table[p, k], 20) == 0


def test_the_brink_is_avoided_where_that_costs_little():
    """Rate 3 is the best, rate 4 breaks down: rate 2 is taken if it is at most 2 % worse."""
    for cost, expected in ((0.01, 2), (0.1, 3)):
        table = {(2, 0): cost, (2, 1): cost, (3, 0): 0.0, (3, 1): 0.0}
        limits = {**dict.fromkeys(table, 20), (4, 0): 5}
        assert choose(limits, lambda p, k, t, table=table: 1.0 if p == 4 else table[p, k], 20) == expected
        assert choose(dict.fromkeys(table, 20), lambda p, k, t, table=table: table[p, k], 20) == 3
