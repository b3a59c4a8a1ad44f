"""docs/extending/data.md is true: its examples run."""

import pathlib
import re

import pytest

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "extending" / "data.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"^## (.+?)\n.*?```python\n(.*?)```", PAGE, re.M | re.S))


@pytest.mark.parametrize(
    "title", [pytest.param(title, marks=pytest.mark.slow if "inputs" in title else ()) for title in EXAMPLES]
)
def test_an_example_of_the_page_runs(title):
    names = {}
    exec(compile(EXAMPLES[title], title, "exec"), names)
    table = names["run"].table()
    assert set(table.status) == {"done"}
    assert table.val_loss.notna().all()


def test_balanced_classes_find_more_of_the_rare_one():
    names = {}
    code = EXAMPLES["Weights of examples and of classes"]
    exec(compile(code, "data.md", "exec"), names)
    run, x, y = names["run"], names["x"], names["y"]
    found = [(run.outputs(x[y == "rare"], trial).argmax(1) == 1).mean() for trial in (0, 1)]
    assert found[1] > found[0]
    assert len(run.data().dataset.x) == (names["w"] > 0).sum()
