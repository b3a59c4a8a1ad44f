"""What is measured of successive halving: the arithmetic on made-up outcomes, the flags, and what a run folder says."""

import math

import numpy as np
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.cli import main
from nnjax.core.fields import replace
from nnjax.spaces.space import Halving, Space
from scripts.halving_gain import Outcome, Repeat, changes, compare, line, median, read


def test_shares_and_gap_by_hand():
    """A loss of .25 lies (.25 - .20) / .02 = 2.5 standard errors of the full sweep's winner above it."""
    full = Outcome(epochs=400, steady=8.0, wall=10.0, winner="a", loss=0.20, error=0.02)
    found = compare(full, Outcome(epochs=100, steady=2.4, wall=5.0, winner="b", loss=0.25, error=0.5))
    assert found[:3] == (0.25, 0.3, 0.5)
    assert found.gap == pytest.approx(2.5)
    assert line("0", found).split() == ["0", "25.0%", "30.0%", "50.0%", "+2.50"]


def test_the_median_is_of_each_figure():
    assert median([Repeat(1, 6, 2, 9), Repeat(2, 5, 9, 8), Repeat(3, 4, 1, 7)]) == Repeat(2, 5, 2, 8)


def test_only_the_halved_sweep_is_told_to_halve(monkeypatch):
    monkeypatch.setattr(
        main, "_overrides", {"space": {"first": "4", "learning_rate": "0.1"}, "config": {"epochs": "9"}}
    )
    both = ["--config.epochs=9", "--space.seed=8,9,10,11"]
    assert changes(2, False, False) == [*both, "--space.learning_rate=0.1"]
    assert changes(2, True, False) == [*both, "--space.eta=3", "--space.first=4", "--space.learning_rate=0.1"]
    assert changes(2, True, True)[0] == "--config.data.split_seed=2"


def test_what_a_run_folder_says(tmp_path):
    """Three settings of two seeds: 6 trials of 1 epoch, of which 2 go on to 3; the winner's error is |a - b| / 2."""
    axes = {"learning_rate": (0.001, 0.01, 0.1), "seed": (0, 1)}
    base = replace(CLASSIFIER, {"epochs": 3})
    run = nnjax.sweep(base, Space(axes=axes, halving=Halving()), workdir=tmp_path / "run", data=blobs(63))
    found = read(tmp_path / "run", 1.5)
    losses = [record.values["val_loss"] for record in run.records if record.status == "done"]
    assert (found.epochs, found.wall, len(losses)) == (6 + 2 * 2, 1.5, 2)
    assert found.loss == pytest.approx(np.mean(losses))
    assert found.error == pytest.approx(math.dist(losses[:1], losses[1:]) / 2)
    assert found.winner.startswith("learning_rate")
