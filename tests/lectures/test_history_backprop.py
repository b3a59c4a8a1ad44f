"""The chapters on backpropagation and layers: rows that compare shares, and both chapters drawn from made-up nets."""

import itertools

import numpy as np
import pytest

from nnjax.lectures.history import chapters
from nnjax.lectures.history.backprop import page as backprop
from nnjax.lectures.history.backprop import problems
from nnjax.lectures.history.backprop.model import Layer
from nnjax.lectures.history.layers import page as layers
from nnjax.lectures.history.layers.model import Fits


def test_shares_and_medians_agree_where_their_intervals_meet_the_range():
    """93 of 100: Wilson's interval is 86.3 to 96.6 %."""
    solved = np.append(np.arange(1.0, 94.0), [np.nan] * 7)
    assert backprop.share("", solved, 96, 98) == ("", "93.0 % (86.3–96.6)", "96–98 %", True, "simulated")
    assert not backprop.share("", solved, 97, 98).agrees
    assert not backprop.share("", solved, 80, 86).agrees
    assert backprop.share("", solved, 93, 93).known == "93 %"
    assert backprop.median("", solved, 50, 60) == ("", "47 (38–56)", "50–60", True, "simulated")
    assert not backprop.median("", solved, 57, 60).agrees


RANDOM = np.random.default_rng(0)


def made_up(problem, seeds, rate=None):
    """Twelve nets that were not trained, three of which never solve the problem; symmetry nets of both families."""
    net = tuple(
        Layer(RANDOM.normal(size=(12, d, k)).astype(np.float32), RANDOM.normal(size=(12, k)).astype(np.float32))
        for d, k in itertools.pairwise(problem.mlp.widths)
    )
    for place, half in enumerate(list(problems.FAMILIES.values()) * 6 if problem.mlp.widths == (6, 2, 1) else ()):
        net[0].weights[place] = np.array([*half, *np.negative(half[::-1])])[:, None] * [1, -1]
    costs = np.exp(-np.linspace(0, 5, problem.sweeps) * np.arange(1.0, 13.0)[:, None] / 12)
    solved = np.append(np.arange(100.0, 1000.0, 100.0), [np.nan] * 3)
    return problems.TrainedNets(net, costs, solved, solved / 2)


def made_up_fits(widths, seeds):
    nets = tuple(
        Layer(RANDOM.normal(size=(len(widths), seeds, *shape)), RANDOM.normal(size=(len(widths), seeds, shape[1])))
        for shape in ((1, 64), (64, 1))
    )
    errors, pieces = RANDOM.uniform(0.01, 1, (len(widths), seeds)), np.ones((len(widths), seeds), int)
    return Fits(nets, errors, pieces)


@pytest.fixture(autouse=True)
def untrained(monkeypatch):
    norms = np.exp(RANDOM.normal(size=(301, 9)).cumsum(axis=1))
    monkeypatch.setattr(problems, "learn", made_up)
    monkeypatch.setattr(layers.model, "fit_sine", made_up_fits)
    monkeypatch.setattr(backprop.vanishing, "initial_norms", lambda mlp, *_: norms[:, : len(mlp.widths) - 1])
    monkeypatch.setattr(backprop.vanishing, "norms_while_training", lambda *_: norms[:, :5])


@pytest.mark.slow
def test_the_chapter_on_backpropagation(tmp_path):
    made = backprop.chapter()
    rows = {row.what: row for row in made.rows}
    golden = [row for name, row in rows.items() if name.startswith("outputs")]
    assert len(golden) == 3
    assert all(row.agrees for row in golden)
    assert golden[2].measured == ".29681 .83800 .83961 .29549"
    slip = rows["gradient's error by layer, the same with the notebook's slip"].measured
    assert slip.endswith(", 1e+00")
    assert [figure.name for figure in made.figures] == ["gradient", "xor", "curves", "symmetry", "encoder", "vanishing"]
    chapters.write({"backprop": made}, tmp_path)
    assert len(list((tmp_path / "figures").iterdir())) == 6


def test_the_chapter_on_layers(tmp_path):
    made = layers.chapter()
    assert all(row.agrees is not False for row in made.rows)
    assert "three linear layers against the one they make, largest difference" in {row.what for row in made.rows}
    chapters.write({"layers": made}, tmp_path)
    assert len(list((tmp_path / "figures").iterdir())) == 4
