"""Replays of recorded sweeps: the rule is nnjax's own, and regret is counted as by hand."""

import numpy as np
import pytest

from nnjax.search.halving import Bracket, HalvingScheduler
from nnjax.spaces.space import Halving
from nnjax.train.storage.records import RUNNING, Record
from scripts import halving_rules


@pytest.mark.parametrize("name", ["digits adamw shapes", "wine adam rates", "diabetes momentum"])
def test_the_replayed_rule_is_that_of_nnjax(name):
    """The scheduler itself, asked at each rung of the recorded curves, keeps the same settings."""
    losses = halving_rules.read()[name]
    trials = np.arange(losses.shape[0] * losses.shape[1]).reshape(losses.shape[:2])
    bracket = Bracket(tuple(map(tuple, trials.tolist())), halving_rules.RUNGS)
    scheduler, records = HalvingScheduler(Halving(), (bracket,)), [Record(RUNNING, 0) for _ in trials.ravel()]
    for _ in halving_rules.RUNGS:
        now = scheduler.decide(records)
        for trial, limit in now.limits.items():
            if trial not in now.dropped:
                curve = losses.reshape(-1, losses.shape[-1])[trial, :limit].astype(float)
                records[trial].epochs, records[trial].curves["val_loss"] = limit, curve
    left = {int(np.flatnonzero((trials == trial).any(axis=1))[0]) for trial in now.limits if trial not in now.dropped}
    rule = halving_rules.RULES["lowest less a fifth of the fall (nnjax)"]
    found, taken = halving_rules.survivors(losses, rule, range(len(losses)), halving_rules.RUNGS)
    assert set(found) == left
    assert len(found) == 7  # a third of a third of 64
    assert taken == 64 * 6 + 21 * 12 + 7 * 36


def test_regret_by_hand():
    """The best setting has .1 and .3 (error .1); the one that is left has .3 and .5 at best: .2 above, two errors."""
    losses = np.array([[[0.5, 0.1], [0.3, 0.4]], [[0.9, 0.3], [0.5, 0.6]]])
    found = halving_rules.outcome(losses, [1], 3)
    assert found == pytest.approx((0.75, 100.0, 2.0))
    assert halving_rules.outcome(losses, [0, 1], 4) == pytest.approx((1.0, 0.0, 0.0))
