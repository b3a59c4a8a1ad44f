"""docs/extending/report_section.md is true: its module alone brings a section onto the page, and its test passes."""

import pathlib
import re
import sys

import pytest
from fake_runs import CLASSIFIER, fake_run
from page import Page, text_of

from nnjax.report import sections

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "extending" / "report_section.md").read_text("utf-8")
MODULE, TEST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The page's module among the sections."""
    (tmp_path / "training_time.py").write_text(MODULE, "utf-8")
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(tmp_path)])
    yield
    sys.modules.pop("nnjax.report.sections.training_time", None)
    vars(sections).pop("training_time", None)


def test_its_own_test_passes(example):
    names = {}
    exec(compile(TEST, "report_section.md", "exec"), names)
    names["test_seconds_are_summed_over_seeds"]()


def test_the_module_alone_brings_it_onto_the_page(example):
    run = fake_run(CLASSIFIER)
    assert "training_time" not in Page(text_of(run)).sections()
    run.records[0].seconds = 2.5
    found = Page(text_of(run))
    assert found.sections()[found.sections().index("trials") + 1] == "training_time"
    assert "Training time" in " ".join(found.text)
