"""scripts/diagnose.py as its users call it."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]


def diagnose(*arguments):
    command = [sys.executable, "-W", "error", str(ROOT / "scripts" / "diagnose.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    """A run that creeps along a straight line."""
    path = tmp_path_factory.mktemp("curves") / "slow.csv"
    rows = "".join(f"{i},{y}\n" for i, y in enumerate(np.linspace(0.114, 0.1097, 20), 1))
    path.write_text("epoch,val_loss\n" + rows, "utf-8")
    return path


def test_text(csv):
    done = diagnose(csv, "--mean_predictor=0.0675")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("too_slow (confidence ")
    assert "worse than always predicting the mean (0.0675)" in done.stdout
    assert "next: Raise the learning rate" in done.stdout


def test_json_and_a_page_with_a_title(csv, tmp_path):
    page = tmp_path / "page.html"
    [found] = json.loads(diagnose(csv, "--json", f"--html={page}", "--title=A <slow> run").stdout)
    assert "<h1>A &lt;slow&gt; run</h1>" in page.read_text("utf-8")
    assert found["primary"]["code"] == "too_slow"
    assert found["primary"]["epochs"] == {"from": 1, "to": 20}
    assert set(found["primary"]) == {"code", "sentence", "evidence", "epochs", "confidence", "next"}


def test_what_was_guessed_stands_beside_the_json(tmp_path):
    (tmp_path / "log").write_text("1.0\n0.5\n0.25\n0.2\n0.19\n", "utf-8")
    done = diagnose(tmp_path / "log", "--json")
    assert json.loads(done.stdout)[0]["source"] == "a table; train loss = loss; 5 epochs"
    assert done.stderr.startswith("remark: ")
    done = diagnose(tmp_path / "log", "--columns=val_loss=loss")
    assert "read: a table; validation loss = loss; 5 epochs" in done.stdout


@pytest.mark.parametrize(
    "arguments", [[], ["no.csv"], ["a.csv", "b.csv"], ["a.csv", "--batch_size=0"], ["a.csv", "--columns=x"]]
)
def test_mistakes_end_with_status_2(arguments):
    done = diagnose(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
