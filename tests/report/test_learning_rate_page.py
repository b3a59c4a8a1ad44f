"""The page on the learning rate: complete, self-contained, and readable by machines too."""

import csv
import json

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.diagnosis.phase_diagram import PhaseDiagram
from nnjax.diagnosis.rate_regimes import RateSweep
from nnjax.report.learning_rate import page as rate_page
from nnjax.report.learning_rate import phase_diagram, rates

RATES = 10.0 ** np.arange(-4, 4)


@pytest.fixture
def measured():
    """Eight rates, the last of which diverged; the best, 0.1, at seeds 5 and 6."""
    last = np.array([2.3, 2.0, 0.5, 0.2, 0.19, 0.6, 2.4, np.nan])
    losses = np.full((8, 2, 4), np.nan)
    losses[:, 0] = last[:, None] * np.array([1.2, 1.1, 1.0, 1.0])
    losses[3, 1] = losses[3, 0] * 0.99
    finals = np.full((8, 2), np.nan)
    finals[:7, 0], finals[3, 1] = np.log(last[:7]), np.log(0.198)
    diverged = np.zeros((8, 2), bool)
    diverged[7, 0] = True
    return RateSweep("sgd", 32, "val_loss", RATES, (5, 6), losses, diverged, finals, 3)


@pytest.fixture
def phase():
    """Three rates and two batch sizes."""
    losses = np.array([[2.0, 2.1], [0.3, 0.2], [np.nan, np.nan]])
    verdicts = np.array([["too_slow"] * 2, ["converged"] * 2, ["diverged"] * 2])
    return PhaseDiagram("adam", "val_loss", RATES[:3], (16, 64), losses, verdicts)


def test_the_folder_of_a_search(measured, tmp_path):
    page = rates.rates_page(Experiment(), [measured])
    target = rate_page.write(page, tmp_path / "new", "The learning rate of <digits>")
    text = target.read_text("utf-8")
    assert "&lt;digits&gt;" in text
    assert "http" not in text.replace("http-equiv", "")
    assert "take a learning rate of 0.1" in text
    assert text.count("<svg ") == text.count('class="themed') == 2
    for name in ("sgd_rates.png", "sgd_curves.png"):
        assert (target.parent / "figures" / name).read_bytes().startswith(b"\x89PNG")
    found = json.loads((target.parent / "tune_lr.json").read_text("utf-8"))
    [own] = found["optimizers"]
    assert (own["learning_rate"], own["optimizer"], own["seeds"]) == (0.1, "sgd", [5, 6])
    assert [span["regime"] for span in own["regimes"]] == ["too low", "good", "high", "too high"]
    rows = list(csv.DictReader((target.parent / "tune_lr.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 9
    assert [row["regime"] for row in rows if row["diverged"] == "True"] == ["too high"]
    assert float(rows[0]["val_loss"]) == pytest.approx(2.3)
    rate_page.refuse_unfit(target.parent)


def test_the_folder_of_a_phase_diagram(phase, tmp_path):
    page = phase_diagram.phase_page(Experiment(), [phase])
    target = rate_page.write(page, tmp_path, "Phases")
    assert "the best of the rates by batch size are 0.001 at 16, 0.001 at 64" in page.sentences[0]
    assert not page.warnings
    assert len(json.loads((tmp_path / "tune_lr.json").read_text("utf-8"))["cells"]) == 6
    assert "2 converged" in target.read_text("utf-8")
    assert (tmp_path / "figures" / "adam_phase.png").exists()


def test_the_edges_of_a_phase_diagram(phase):
    losses = np.array([[0.1, 2.1], [0.3, 0.2], [np.nan, 0.1]])
    [warning] = phase_diagram.phase_page(Experiment(), [phase._replace(losses=losses)]).warnings
    assert "lowest rate, 0.0001 (move low)" in warning
    assert "highest rate, 0.01 (move high)" in warning
    nothing = phase_diagram.phase_page(Experiment(), [phase._replace(losses=np.full((3, 2), np.nan))])
    assert "every rate broke down" in nothing.sentences[0]


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}", "utf-8")
    with pytest.raises(UserError, match=r"holds files of something else \(such as config.json\)"):
        rate_page.refuse_unfit(tmp_path)
    with pytest.raises(UserError, match="is a file"):
        rate_page.refuse_unfit(tmp_path / "config.json")
