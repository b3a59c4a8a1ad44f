"""The lines by which docs/predictors.md serves each export give the run's own outputs."""

import importlib.util
import pathlib
import re
import warnings

import jax
import numpy as np
import pandas as pd
import pytest
from fake_runs import CLASSIFIER, fake_run

from nnjax.core.fields import replace

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "predictors.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8").split("## Export and serve")[1], re.M | re.S)
INSTALLED = all(importlib.util.find_spec(name) for name in ("jax2onnx", "onnxruntime"))
ONNX = [pytest.mark.slow, pytest.mark.skipif(not INSTALLED, reason="pip install nnjax[onnx]")]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A run whose inputs are scaled, raw inputs, its outputs for them, and a folder with all files."""
    folder = tmp_path_factory.mktemp("served")
    run = fake_run(replace(CLASSIFIER, {"scaling": "standard"}))
    x = np.float32(run.data(0).dataset.x[:5])
    for name in ("model.jaxexport", "model.safetensors"):
        run.export(folder / name)
    return run, x, run.outputs(x), folder


@pytest.mark.parametrize(
    "name", ["model.jaxexport", "model.safetensors", "model.keras", pytest.param("model.onnx", marks=ONNX)]
)
def test_the_lines_that_serve_a_file_give_the_run_s_outputs(name, served, monkeypatch):
    run, x, wanted, folder = served
    monkeypatch.chdir(folder)
    names = {"run": run, "x": x}
    if name == "model.onnx":
        run.export(name)
    some = [block for block in BLOCKS if f'"{name}"' in block and '"recipe"' not in block]  # which wants a table's rows
    assert len(some) == (2 if name == "model.keras" else 1)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras 3.15's, of NumPy 2
        for block in some:
            exec(compile(block, name, "exec"), names)
    np.testing.assert_allclose(names["outputs"], wanted, rtol=1e-5, atol=1e-5)


def test_the_lines_that_code_a_table_give_its_inputs():
    """By hand: 2000-03-01 is day 11017; a missing area is filled by 7 and marked; b is the second of two kinds."""
    [block] = [block for block in BLOCKS if '"recipe"' in block]
    names = {}
    exec(compile(block.split("\nfacts = ")[0], "coded", "exec"), names)
    table = pd.DataFrame({"built": ["2000-03-01", "1970-01-02"], "area": ["1,5", ""], "kind": ["b", "a"]})
    columns = [
        {"name": "built", "kind": "date", "format": "ISO 8601", "missing_input": False},
        {"name": "area", "kind": "number", "rule": {"decimal": ","}, "fill": 7.0, "missing_input": True},
        {"name": "kind", "kind": "category", "categories": ["a", "b"], "missing_input": False},
    ]
    wanted = [[11017, 1.5, 0, 0, 1], [1, 7, 1, 1, 0]]
    np.testing.assert_array_equal(names["coded"](table, columns), wanted)
