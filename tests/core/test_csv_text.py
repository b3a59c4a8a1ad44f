"""CSV for spreadsheets."""

import io

import pandas as pd
import pytest

from nnjax.core.csv_text import neutral, to_csv


@pytest.mark.parametrize(
    "cell", ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1", "-", "+1_0", "=1e5"]
)
def test_what_a_spreadsheet_would_compute_is_text(cell):
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-1", "+1.5e-3", "cat", "a=b", "", "'x", -1.5, None, 3, "1-2"])
def test_other_cells_stay(cell):
    assert neutral(cell) is cell


def test_headers_and_cells_of_a_table_are_neutral_and_numbers_the_same():
    frame = pd.DataFrame({"=a": [-1.5, 2.0], "class": ["=1+1", "b"], "kind": pd.Categorical(["@x", "y"])})
    text = to_csv(frame, float_format="%.7g")
    assert text == "'=a,class,kind\n-1.5,'=1+1,'@x\n2,b,y\n"
    assert list(frame.columns) == ["=a", "class", "kind"]
    assert pd.read_csv(io.StringIO(text))["'=a"].tolist() == [-1.5, 2.0]
