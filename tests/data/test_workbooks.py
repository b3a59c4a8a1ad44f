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
from nnjax.data.tables import load


@pytest.fixture
def workbook(tmp_path, monkeypatch):
    """A function that loads rows as openpyxl would give them to pandas."""
    with zipfile.ZipFile(tmp_path / "table.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")

    def loaded(rows, **options):
        monkeypatch.setitem(sys.modules, "openpyxl", sys.modules[__name__])
        monkeypatch.setattr(pd, "read_excel", lambda data, **kinds: pd.DataFrame(rows, dtype=object))
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
