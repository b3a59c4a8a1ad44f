"""docs/extending/data_source.md is true: its example runs, and its table lists the sources there are."""

import pathlib
import re

import pytest

from nnjax.core.errors import UserError
from nnjax.data import SOURCES, load

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "extending" / "data_source.md").read_text("utf-8")


@pytest.fixture
def example(monkeypatch):
    """The page's code, its source among ours."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {}
    exec(compile(code, "data_source.md", "exec"), names)
    for kind, source in names["SOURCES"].items():
        monkeypatch.setitem(SOURCES, kind, source)


def test_the_example_is_a_source(example):
    data = load("checkerboard:4")
    assert (data.name, data.x.shape, data.classes) == ("checkerboard:4", (6400, 2), ("white", "black"))
    at = {tuple(x): data.classes[y] for x, y in zip(data.x.astype(float).round(3).tolist(), data.y, strict=True)}
    assert [at[x, 0.525] for x in (0.525, 1.525, 2.525, 3.525)] == ["white", "black", "white", "black"]
    assert at[0.525, 1.525] == "black"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("checkerboard", "write checkerboard:N"),
        ("checkerboard:x", "checkerboard:2 to checkerboard:50 were expected"),
        ("checkerbord:4", "did you mean checkerboard"),
    ],
)
def test_its_mistakes_are_sentences(example, name, words):
    with pytest.raises(UserError, match=words):
        load(name)


def test_the_table_lists_every_source():
    listed = re.findall(r"^\| `(.*)` \| (.*) \|$", PAGE, re.MULTILINE)
    assert listed == [(source.pattern(kind), source.description) for kind, source in SOURCES.items()]
