"""The chapters on the first neurons: every measured number agrees with the known one, every figure can be drawn."""

import pytest

from nnjax.lectures.history import chapters
from nnjax.report.charts import figures


@pytest.mark.slow
@pytest.mark.parametrize(("name", "num_figures"), [("mcculloch_pitts", 4), ("perceptron", 6)])
def test_a_chapter(name, num_figures):
    chapter = chapters.make(name)
    assert [row.what for row in chapter.rows if row.agrees is False] == []
    assert sum(row.agrees is True for row in chapter.rows) >= 12
    assert len({figure.name for figure in chapter.figures}) == num_figures
    assert all(figures.to_bytes(figure.drawing).startswith(b"\x89PNG") for figure in chapter.figures)
