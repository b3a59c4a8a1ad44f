"""The time that is left of a run, by hand."""

import types

import numpy as np
import pytest

from nnjax.train.host.time_left import TimeLeft, expected_left, shares_left


class Clock:
    now = 50.0

    def __call__(self):
        return self.now


def layouts(*groups, programs=1):
    """Groups as (ids, steps of each trial), all that the estimate needs of them."""
    made = [
        types.SimpleNamespace(specs=[types.SimpleNamespace(id=i) for i in ids], total_steps=lambda spec, n=steps: n)
        for ids, steps in groups
    ]
    costs = types.SimpleNamespace(compile_seconds=0.0)
    return types.SimpleNamespace(groups=made, programs=range(programs), costs=costs, is_compiled=lambda group: False)


def test_the_pace_is_that_of_the_later_half_and_compiling_does_not_count():
    """Two trials of work 10: half a second a unit at first, then a unit a second; 4 units of 20 are left."""
    clock, some = Clock(), layouts(([0, 1], 100))
    time_left = TimeLeft(some, np.array([10.0, 10.0]), clock)
    clock.now += 30
    some.costs.compile_seconds = 30.0
    found = []
    for seconds, share in [(0, 0.1), (3, 0.4), (3, 0.55), (3, 0.7), (2, 0.8)]:
        clock.now += seconds
        found.append(time_left.note([0], np.full(2, share), np.full(2, 1 - share)))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(12 * 0.5)
    assert found[-1] == pytest.approx(4 * 5 / 5)  # from 3 s to 11 s: 5.5 is the middle, 3 the last point before it


def test_groups_to_come_cost_their_arithmetic_and_a_compilation():
    """Work 8 in 100 steps at a second a unit; the other group has work 32 in 100 steps: 4 times as much a step.

    Half of a step's time is arithmetic: twice the seconds a step, half of them a unit. And 2.5 s to compile.
    """
    clock, some = Clock(), layouts(([0], 100), ([1], 100), programs=2)
    time_left = TimeLeft(some, np.array([8.0, 32.0]), clock)
    clock.now += 6
    some.costs.compile_seconds = 5.0
    time_left.note([0], np.array([0.25, 0]), np.array([0.75, 1]))
    clock.now += 2
    assert time_left.note([0], np.array([0.5, 0]), np.array([0.5, 1])) == pytest.approx(4 + 32 / 2 + 2.5)


def test_what_begins_again_is_counted_anew():
    clock = Clock()
    time_left = TimeLeft(layouts(([0], 10)), np.array([10.0]), clock)
    for share in (0.1, 0.2):
        clock.now += 1
        time_left.note([0], np.array([share]), 1 - np.array([share]))
    clock.now += 50
    assert np.isnan(time_left.note([0], np.array([0.05]), np.array([0.95])))
    clock.now += 1
    assert time_left.note([0], np.array([0.25]), np.array([0.75])) == pytest.approx(7.5 * 0.5)


@pytest.mark.parametrize(
    ("share", "waits", "left"),
    [
        (0.0, False, 0.2 + 0.3 * 0.5 + 0.5 * 0.1),
        (0.1, False, 0.1 + 0.3 * 0.5 + 0.5 * 0.1),
        (0.2, True, 0.3 * 0.5 + 0.5 * 0.1),  # half of those that wait go on
        (0.2, False, 0.3 + 0.5 * 0.2),
        (0.5, True, 0.5 * 0.2),
        (0.5, False, 0.5),
        (0.75, False, 0.25),
        (1.0, False, 0.0),
    ],
)
def test_trials_that_may_be_dropped_count_for_less(share, waits, left):
    """Ten epochs: all train two, a half three more, a tenth the rest."""
    survival = ((1.0, 2), (0.5, 3), (0.1, 5))
    assert expected_left(share, waits, survival) == pytest.approx(left)
    found = shares_left(np.array([share, 0.5]), {1}, {0} if waits else set(), survival)
    assert found.tolist() == pytest.approx([left, 0])


def test_without_a_scheduler_the_rest_is_left():
    found = shares_left(np.array([0.25, 0.5, 1.0]), {1, 2}, (), ((1.0, 1),))
    assert found.tolist() == [0.75, 0, 0]
