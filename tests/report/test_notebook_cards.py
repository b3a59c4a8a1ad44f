"""What notebooks show: cards of runs, experiments, spaces, comparisons and verdicts; copies and pickles of runs."""

import copy
import pickle
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from fake_runs import CLASSIFIER, fake_run, hostile, searched

import nnjax
from nnjax.core import notebook_cards
from nnjax.data.in_memory import as_dataset
from nnjax.diagnosis.types import Diagnosis, Verdict
from nnjax.runs.statistics import compare_paired
from nnjax.spaces.space import Space


def texts(card):
    """All texts of a card, which is well-formed."""
    return [text.strip() for text in ET.fromstring(card.replace("<br>", "<br/>")).itertext() if text.strip()]


@pytest.fixture(scope="module")
def run():
    return fake_run(CLASSIFIER, Space(axes={"learning_rate": (0.1, 0.2), "seed": (0, 1, 2)}), title="Digits")


def test_a_run_shows_its_best_setting_with_the_interval_and_its_verdict(run):
    run.records[run.best_trial()].verdict = "overfitting"
    found = texts(run._repr_html_())
    best = run.settings().iloc[0]
    assert found[0] == "Digits: six trials of two settings"
    row = found[found.index("best setting") + 1]
    assert row.startswith(f"{best.setting} (trial {run.best_trial()}): validation loss {best['mean']:.4g}")
    assert f"95 % interval {best.low:.4g} to {best.high:.4g}; the best of two settings" in row
    assert found[found.index("verdict") + 1].startswith("overfitting: ")
    assert "validation loss" in found
    assert "epoch 6" in found
    assert "report" not in found


def test_the_loss_is_told_once_on_the_test_part():
    """Its two names differ by the rounding of two programs."""
    run = fake_run(CLASSIFIER)
    run.records[0].values |= {"best_test_loss": 0.5, "best_test_categorical_crossentropy": np.nextafter(0.5, 1)}
    row = texts(run._repr_html_())
    told = row[row.index("on the test part") + 1]
    assert "categorical crossentropy 0.5" in told
    assert ", loss" not in told


def test_a_run_with_a_report_links_to_it(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(run, "path", tmp_path / "run")
    assert "report" not in texts(run._repr_html_())
    (tmp_path / "run" / "report.html").write_text("", "utf-8")
    assert 'href="run/report.html"' in run._repr_html_()


def test_names_cannot_break_out_and_large_runs_are_shown_too():
    assert "<script" not in hostile()._repr_html_()
    texts(hostile()._repr_html_())
    assert texts(searched(100)._repr_html_())[0].startswith("A search: 100 trials of 50 settings")


def test_curves_are_placed_by_hand():
    """Two values from the top left to the bottom right; by logarithm the geometric mean lies in the middle."""
    assert 'points="54.0,4.0 320.0,94.0"' in notebook_cards.curve({"loss": [2.0, 1.0]}, "loss")
    assert 'points="54.0,4.0 187.0,49.0 320.0,94.0"' in notebook_cards.curve({"loss": [100.0, 10.0, 1.0]}, "loss")
    assert "logarithmic" in notebook_cards.curve({"loss": [100.0, 10.0, 1.0]}, "loss")
    assert "logarithmic" not in notebook_cards.curve({"loss": [2.0, 1.0]}, "loss")
    assert notebook_cards.curve({"loss": [1.0, float("nan")]}, "loss") == ""


def test_experiments_spaces_comparisons_and_verdicts():
    experiment = nnjax.Experiment(model=nnjax.ModelConfig("mlp", (16, 8)), epochs=7)
    assert texts(experiment._repr_html_()) == ["Experiment", "model.widths", "16-8", "epochs", "7"]
    space = Space(axes={"learning_rate": nnjax.Range(1e-4, 0.1, log=True), "seed": range(3)}, mode="random", num=5)
    assert texts(space._repr_html_()) == [
        *("Search space, random, 5 settings", "learning_rate", "0.0001 to 0.1, by logarithm", "seed", "0 | 1 | 2")
    ]
    pair = compare_paired({0: 1.0, 1: 2.0, 2: 3.0}, {0: 0.5, 1: 1.0, 2: 2.5})
    assert texts(pair._repr_html_())[1:3] == ["difference", "+0.6667 on average over 3 seeds"]
    shown = texts(Diagnosis(Verdict("too_high", "The loss jumps.", {"rise": 2.0}, next="Lower it."))._repr_html_())
    assert shown == ["too high (confidence 100%)", "The loss jumps.", "next", "Lower it.", "evidence", "rise 2"]


def test_a_figure_shows_itself(run):
    assert run.plot()._repr_png_().startswith(b"\x89PNG")


def test_runs_are_pickled_and_copied(run):
    x = run.data(0).dataset.x[:3]
    for again in (pickle.loads(pickle.dumps(run)), copy.deepcopy(run), copy.copy(run)):
        np.testing.assert_array_equal(again.outputs(x), run.outputs(x))
        assert repr(again) == repr(run)


def test_data_of_frames_are_pickled():
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": list("xyxy")})
    data = as_dataset(frame, "b")
    again = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(again.x, data.x)
    assert again.reread(nnjax.DataConfig(task="classification")).classes == ("x", "y")


def test_all_public_names_are_listed():
    assert set(dir(nnjax)) == set(nnjax.__all__) >= {"Run", "sweep", "load", "diagnose", "Experiment", "Space"}
    assert all(hasattr(nnjax, name) for name in dir(nnjax))
