import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.distances import DTW, ucr_archive


@pytest.mark.slow
def test_control_charts_are_as_hard_as_the_archive_says():
    """Three draws in the archive's sizes with its window: the published errors lie near theirs."""
    sentences: list[str] = []
    rows = ucr_archive.scores("synthetic_control", range(3), learn=False, log=sentences.append)
    found = {row.measure: row for row in rows}
    assert list(found) == ["Euclidean", "DTW, window", "DTW", "LCSS", "EDR", "ERP"]
    assert found["DTW, window"].windows == (3, 3, 3)  # 6 % of 60 points
    for row in rows[:3]:
        assert row.errors.mean() == pytest.approx(row.published, abs=0.03)
    assert found["DTW"].errors.max() < found["Euclidean"].errors.min()
    assert len(sentences) == 3


def test_a_learned_window_and_the_table(monkeypatch):
    monkeypatch.setattr(ucr_archive, "LEARNED_FROM", (0, 11))
    monkeypatch.setattr(ucr_archive, "measures", lambda window: {"DTW, window": DTW(window)})
    (row,) = ucr_archive.scores("cbf", [0])
    assert row.windows == (14,)  # 11 % of 128 points; 0 is worse, as in `test_neighbors`
    assert ucr_archive.lines([row])[2].endswith("| 0.0044 |")
    table = ucr_archive.lines([ucr_archive.Score("cbf", "DTW, window", np.array([0.1, 0.3]), None, (3, 5))])
    assert table[2] == "| cbf | DTW, window (3–5 points) | 0.2000 ± 0.1414 | 0.1000–0.3000 | – |"


def test_a_set_that_is_not_published():
    with pytest.raises(UserError, match="no published errors of 'trace': choose from cbf"):
        ucr_archive.scores("trace", [0])
