"""Training on windows: the order as a pure function, and the same bits as in memory, from disk, and after a stop."""

import dataclasses

import numpy as np
import pytest
from populations import CLASSIFIER, StopAfter, blobs, line, population, specs_of

from nnjax.data import prepare_loaded
from nnjax.fields import replace
from nnjax.runs import FolderStore
from nnjax.train import Plan, Stopped
from nnjax.train.windows import Place, make_stream

WINDOWED = replace(CLASSIFIER, {"window": 16, "dropout": 0.2})  # 40 training examples: windows of 16, 16 and 8
RATES = (0.001, 0.01, 0.1)


def trained(experiment, axes=None, plan=Plan(1, 1, 4), dataset=None, **options):
    run = population(specs_of(experiment, axes), dataset, plan, **options)
    run.run()
    return run


def assert_same(a, b):
    """Bitwise equal curves, scores and weights of all trials."""
    for i, (x, y) in enumerate(zip(a.records, b.records, strict=True)):
        assert (x.status, x.epochs) == (y.status, y.epochs)
        for name in x.curves | x.signals:
            np.testing.assert_array_equal((x.curves | x.signals)[name], (y.curves | y.signals)[name], err_msg=name)
        assert {n: v for n, v in x.values.items() if "seconds" not in n} == y.values
        own, other = a.store.load_weights(i), b.store.load_weights(i)
        for name in own:
            np.testing.assert_array_equal(own[name], other[name], err_msg=name)


@pytest.mark.parametrize("order", ["own", "shared"])
def test_a_single_window_is_training_in_memory_bit_for_bit(order):
    axes, plan = {"learning_rate": RATES, "seed": (0, 1)}, Plan(2, 1, 4, order)
    for changes in ({"signals": True}, {"shuffle": False, "epochs": 2}):
        whole = replace(WINDOWED, {**changes, "window": None})
        assert_same(trained(whole, axes, plan), trained(replace(whole, {"window": 1000}), axes, plan))
