"""The scripts in examples/ run, are short, and learn something."""

import pathlib
import runpy
import warnings

import jax
import pytest

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"
QUICK = "own_equinox.py"


@pytest.mark.parametrize(
    "name",
    [
        name if name == QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in sorted(path.name for path in EXAMPLES.glob("*.py"))
    ],
)
def test_an_example_runs(name, capsys):
    assert len((EXAMPLES / name).read_text("utf-8").splitlines()) < 40
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)
        found = runpy.run_path(str(EXAMPLES / name))
    assert found["run"].table()["val_accuracy"].mean() > 0.5
    assert "val_accuracy" in capsys.readouterr().out
