"""README's Python runs as it stands, and README is one screen or two."""

import os
import pathlib
import re
import warnings

import jax
import pytest

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_it_is_short():
    assert len(README.splitlines()) <= 120
    assert [len(block.splitlines()) <= 15 for block in BLOCKS] == [True] * 3


@pytest.mark.slow
def test_its_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "jax"))
    names, runs = {}, []
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)  # Keras's
        for block in BLOCKS:
            exec(compile(block, "README.md", "exec"), names)
            runs.append(names["run"])
        answers = names["best"].predict(names["data"].x[:2], verbose=0)
    flax, keras = runs[1:]
    assert tuple(len(run.records) for run in runs) == (80, 40, 16)
    assert (tmp_path / "runs/table/report.html").exists()
    assert min(flax.table()["best_val_accuracy"].max(), keras.table()["best_val_accuracy"].max()) > 0.8
    assert answers.shape == (2, 10)
    assert "learning_rate" in capsys.readouterr().out
