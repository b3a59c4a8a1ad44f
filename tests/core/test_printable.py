"""Sentences for terminals."""

import pytest

from nnjax.core.errors import UserError
from nnjax.core.text import SENTENCE, WORD, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("a\rb\x07\x00", "a\\rb\\x07\\x00"),
        ("abc\u202edef", "abc\\u202edef"),
        ("a\udcffb", "a\\udcffb"),
        ("Zürich → 日本 × 3", "Zürich → 日本 × 3"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_control_characters_are_escaped(text, shown):
    assert printable(text) == shown == str(UserError(text))


def test_what_is_long_is_shortened():
    path = "/".join(["folder"] * 200)
    text = printable(f"The file {path} is damaged; bring a good copy back.")
    assert len(text) < WORD + 60
    assert text.startswith("The file folder/folder/")
    assert text.endswith("/folder is damaged; bring a good copy back.")
    assert len(printable("so long " * 10_000)) == SENTENCE + 1
