"""Excel workbooks, whose library need not be installed: the cells are those that pandas hands over."""

import datetime
import io
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import workbooks
from nnjax.data.tables import load


@pytest.fixture
def workbook(tmp_path, monkeypatch):
    """A function that loads rows as openpyxl would give them to pandas, beside other sheets and the sheet's XML."""

    def loaded(rows, xml="", others=None, **options):
        with zipfile.ZipFile(tmp_path / "table.xlsx", "w") as archive:
            archive.writestr("xl/workbook.xml", "<workbook/>")
            archive.writestr("xl/worksheets/sheet1.xml", xml)
        sheets = {"First": rows, **(others or {})}
        frames = {name: pd.DataFrame(cells, dtype=object) for name, cells in sheets.items()}
        monkeypatch.setitem(sys.modules, "openpyxl", sys.modules[__name__])
        monkeypatch.setattr(pd, "read_excel", lambda data, **kinds: frames)
        return load(tmp_path / "table.xlsx", "table", DataConfig("table", **options))

    return loaded


def test_without_openpyxl_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    (tmp_path / "table.xlsx").write_bytes(content.getvalue())
    with pytest.raises(
        UserError, match=r"table\.xlsx, an Excel workbook, needs openpyxl, .*pip install openpyxl"
    ) as caught:
        load(tmp_path / "table.xlsx", "table")
    assert "\n" not in str(caught.value)


def test_empty_rows_are_left_out_and_said(workbook):
    body = [[i, i / 2, "ab"[i % 2]] for i in range(10)]
    data = workbook([["x", "y", "z"], *body[:4], [None, np.nan, ""], *body[4:], [None, None, None]], target="z")
    np.testing.assert_array_equal(data.x, [[i, i / 2] for i in range(10)])
    assert any("2 empty rows are left out" in sentence for sentence in data.said)
    data = workbook([["x", "y", "z"], *body[:4], [None, np.nan, ""], *body[4:]], target="z")
    assert any("row 6, which is empty, is left out" in sentence for sentence in data.said)
    assert not any("left out" in sentence for sentence in workbook([["x", "y", "z"], *body], target="z").said)


def test_cells_of_every_kind(workbook):
    """Whole numbers as floats, truth values, dates and times of day: as Python's own types say."""
    days = [datetime.datetime(2024, 1, 1 + i) for i in range(10)]
    rows = [[float(i), i % 2 == 0, days[i], datetime.time(7, i), i + 0.5] for i in range(10)]
    data = workbook([["n", "b", "d", "t", "y"], *rows])
    np.testing.assert_array_equal(data.x[:, 0], np.arange(10))
    np.testing.assert_array_equal(data.x[:, 1], [1, 0] * 5)
    np.testing.assert_array_equal(data.x[:, 2], 19723 + np.arange(10))  # of 2024-01-01: 54 years with 13 leap days
    np.testing.assert_array_equal(data.x[:, 3], (7 * 60 + np.arange(10)) * 60)


ROWS = [["x", "z"], *([i, "ab"[i % 2]] for i in range(10))]


def test_other_sheets_are_said(workbook):
    [said] = [text for text in workbook(ROWS, others={"Notes": [["to do"]], "Empty": []}).said if "the sheet" in text]
    assert "the sheet 'First' is read, not 'Notes': save those apart" in said
    assert not any("the sheet" in text for text in workbook(ROWS, others={"Empty": []}).said)
    with pytest.raises(UserError, match=r"has a header but no rows \(its sheet 'First' is read, not 'Data'\)\.$"):
        workbook([["Read me"]], others={"Data": ROWS})


def test_cells_that_are_merged_downward_have_the_value_shown(workbook):
    """B2:B4 and B8:B9 of the sheet are merged; A1:B1, a title, is not filled in."""
    rows = [["x", "g"], *([i, {0: "p", 3: "q", 6: "r", 8: "p"}.get(i)] for i in range(9))]
    xml = '<mergeCells><mergeCell ref="B2:B4"/><mergeCell ref="B5:B7"/><mergeCell ref="B8:B9"/></mergeCells>'
    data = workbook(rows, xml)
    assert [data.classes[label] for label in data.y] == list("pppqqqrrp")
    assert any("5 cells that are merged" in text for text in data.said)
    assert not any("that are merged" in text for text in workbook(ROWS, '<mergeCell ref="A1:B1"/>').said)
    assert workbooks._column_number("AB") == 27  # behind Z


@pytest.mark.parametrize("cell", ['<c r="B3"><f>A3*2</f><v/></c>', '<c r="B3" s="1"><f>A3*2</f><v></v></c>'])
def test_formulas_without_values_are_refused(workbook, cell):
    with pytest.raises(UserError, match="a formula without a value in B3"):
        workbook(ROWS, f"<row>{cell}</row>")
    for fine in ('<c r="B3" t="str"><f>IF(A3,1,"")</f><v></v></c>', '<c r="B3"><f>A3*2</f><v>4</v></c>'):
        assert len(workbook(ROWS, fine).x) == 10


def test_durations_and_days_without_a_time(workbook):
    rows = [["d", "t"], *([datetime.datetime(2024, 1, 1 + i), datetime.timedelta(hours=23 + i)] for i in range(9))]
    data = workbook(rows, target="t")
    np.testing.assert_array_equal(data.y[:, 0], 3600 * (23 + np.arange(9)))
    headed = workbook([[datetime.datetime(2024, 1, 1), "y"], *([i + 0.5, i] for i in range(9))])
    assert headed.features == ("2024-01-01",)
