"""scripts/tune_lr.py as its users run it."""

import json

import pytest
from processes import complaint, contents, run

from scripts.rate_gaps import Gap, gap


@pytest.mark.slow
def test_a_search_leaves_a_page(config, tmp_path):
    out = tmp_path / "out"
    flags = ("--optimizers=sgd,adam", "--config.epochs=4", "--low=0.001", "--high=1")
    done = run("tune_lr", f"--config={config}", f"--workdir={out}", *flags)
    assert done.returncode == 0, done.stderr
    assert "sgd: take a learning rate of" in done.stdout
    assert done.stdout.splitlines()[-1] == f"report: {out / 'report.html'}"
    found = json.loads((out / "tune_lr.json").read_text("utf-8"))
    assert [one["optimizer"] for one in found["optimizers"]] == ["sgd", "adam"]
    assert all(one["runs"] <= 12 for one in found["optimizers"])


@pytest.mark.slow
def test_a_phase_diagram(config, fork, tmp_path):
    flags = ("--batch_sizes=64,32", "--config.epochs=3", "--low=0.01", "--high=1")
    done = fork("tune_lr", f"--config={config}", f"--workdir={tmp_path}", *flags)
    assert done.returncode == 0, done.stderr
    cells = json.loads((tmp_path / "tune_lr.json").read_text("utf-8"))["cells"]
    assert [cell["batch_size"] for cell in cells[:2]] == [32, 64]
    assert (tmp_path / "figures" / "adam_phase.png").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--low=1 --high=0.1", "from 1 to 0.1, but the smaller end comes first"),
        ("--low=0", "low end of the rates is 0"),
        ("--optimizers=sgd,sdg", "no optimizer 'sdg'"),
        ("--optimizers=", "No optimizer is named"),
        ("--config.epoch=3", "epoch"),
        ("--config.epochs=3", "take at least 4"),
        ("--batch_sizes=16,100000", "fewer than a batch of 100,000"),
        ("--batch_sizes=0", "whole numbers above 0"),
        ("--batch_sizes=many", "batch_sizes"),
        ("--low=x", "--low=x"),
        ("--config.epochs=4 --devices=99", "99 devices"),
    ],
)
def test_mistakes(flags, words, config, fork, tmp_path):
    before = contents(tmp_path)
    done = fork("tune_lr", f"--config={config}", f"--workdir={tmp_path / 'new'}", *flags.split())
    assert words in complaint(done)
    assert contents(tmp_path) == before


def test_the_gap_by_hand():
    """Means .2 and .25; differences .04, .05, .06 have a standard deviation of .01, so an error of .01 / √3."""
    import numpy as np

    losses = np.array([[0.1, 0.2, 0.3], [0.14, 0.25, 0.36], [np.inf, 0.1, 0.1]])
    found = gap(losses, 1)
    assert found.share == pytest.approx(0.25)
    assert found.errors == pytest.approx(5 * 3**0.5)
    assert not found.holds()
    assert gap(losses, 0) == Gap(0.0, 0.0)
    assert not gap(losses, 2).holds()
    assert Gap(0.019, 9.0).holds()
    assert Gap(0.5, 0.9).holds()
