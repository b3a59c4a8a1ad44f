"""Large text tables are divided at once, into the cells that Python's csv module gives."""

import csv
import io

import pytest

from nnjax.data import plain_delimited

ROWS = ["a,b,c", "1,,3.50", " x,é\x85,NA", "0001,-,", ",,"]


@pytest.fixture(autouse=True)
def no_bound(monkeypatch):
    monkeypatch.setattr(plain_delimited, "SMALLEST", 0)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize(("end", "last"), [("\n", "\n"), ("\n", ""), ("\r\n", "\r\n")])
def test_cells_are_those_of_the_csv_module(mark, end, last):
    text = (end.join(ROWS) + last).replace(",", mark)
    expected = list(csv.reader(io.StringIO(text), delimiter=mark))
    found = plain_delimited.read(text, mark)
    assert [list(row) for row in zip(*found, strict=True)] == expected
    assert all(column.dtype == object for column in found)


@pytest.mark.parametrize(
    "text",
    [
        'a,"b"\n1,2\n',  # quotation marks
        "a,b\n\n1,2\n",  # empty lines: between, at first, at last
        "\na,b\n1,2\n",
        "a,b\n1,2\n\n",
        "a,b\n1, 2\n",  # a blank that the csv module leaves out
        "a,b\n1,2\n3\n4,5,6\n",  # of unequal widths, whose mean fits
        "a,b,c\n1,2\n3,4,5,6\n",
        "a,b\n1,2\r3,4\n",  # a carriage return alone
        "a\n1\n",
        "",
    ],
)
def test_what_is_not_so_plain_is_left_to_it(text):
    assert plain_delimited.read(text, ",") is None


def test_short_texts_are_left_to_it(monkeypatch):
    monkeypatch.setattr(plain_delimited, "SMALLEST", 10)
    assert plain_delimited.read("a,b\n1,2\n", ",") is None
    assert plain_delimited.read("a,b\n1,2\n3,4\n", ",") is not None
