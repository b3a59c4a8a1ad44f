"""The text of a page: white space, numbers, lists and tables."""

import pytest

from nnjax.lectures.text import read_text

TEXT = '''title = "Of {count:,} nets"
sentences = ["""
One
  line.""", "{share:.1%}"]
[figures]
a = "A {name}."
'''


def test_numbers_are_filled_in_and_white_space_collapses(tmp_path):
    (tmp_path / "page.toml").write_text(TEXT, "utf-8")
    found = read_text(str(tmp_path / "module.py"), "page.toml", count=1000, share=0.25, name="net")
    assert found == {"title": "Of 1,000 nets", "sentences": ["One line.", "25.0%"], "figures": {"a": "A net."}}


def test_without_numbers_braces_are_left_alone(tmp_path):
    (tmp_path / "page.toml").write_text(TEXT, "utf-8")
    assert read_text(str(tmp_path / "module.py"), "page.toml")["title"] == "Of {count:,} nets"


def test_a_number_that_is_missing_is_an_error(tmp_path):
    (tmp_path / "page.toml").write_text(TEXT, "utf-8")
    with pytest.raises(KeyError, match="share"):
        read_text(str(tmp_path / "module.py"), "page.toml", count=1)
