"""The Python of the pages on how to do things runs as it stands."""

import pathlib
import re
import warnings

import jax
import pytest

DOCS = pathlib.Path(__file__).parents[1] / "docs"
PAGES = [DOCS / "index.md", *sorted((DOCS / "howto").glob("*.md"))]
WITH_CODE = {page.stem: re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S) for page in PAGES}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=() if page == "read_a_curve" else pytest.mark.slow)
        for page, code in WITH_CODE.items()
        if code
    ],
)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)  # Keras's
        for block in WITH_CODE[page]:
            exec(compile(block, page, "exec"), names)
    if page == "read_a_curve":
        assert names["diagnosis"].primary.code == "overfitting"
    else:
        assert names["run"].chosen().trial >= 0
