"""Population-based training in the report, on made-up stages."""

import re

from fake_runs import evolved, searched

from nnjax.report.context import ReportContext
from nnjax.report.header import sentences
from nnjax.report.page import write_report
from nnjax.report.sweep.evolution import evolution_data, lineage_table
from nnjax.search.importance import edges, importance


def test_paths_and_lineages():
    found = evolution_data(ReportContext(evolved()).sweep)["evolution"]
    assert found["fields"] == [{"name": "learning_rate", "log": True}, {"name": "dropout", "log": False}]
    assert (found["epochs"], found["best"]) == (6, 0)
    assert found["paths"][:4] == [
        [[0, 0.001, None], [4, 0.064, None]],
        [[0, 0.01, None], [2, 0.08, None]],
        [[0, 0.1, None]],
        [[0, 1.0, None], [4, 0.125, None]],
    ]
    assert found["paths"][4] == [[0, 0.001, 0.5]]
    assert found["lineages"][0] == [[0, 0.1, None], [2, 0.08, None], [4, 0.064, None]]
    assert evolution_data(ReportContext(searched(60, 20)).sweep) == {}


def test_the_lineage_of_the_best():
    table = lineage_table(ReportContext(evolved()).sweep)
    assert table["columns"] == ["epochs", "in trial", "learning_rate"]
    assert table["rows"] == [["1 to 2", "2", "0.1"], ["3 to 4", "1", "0.08"], ["5 to 6", "0", "0.064"]]
    assert lineage_table(ReportContext(searched(60, 20)).sweep) is None


def test_what_first_values_do_not_tell_is_not_told():
    run = evolved()
    assert edges(run) == []
    assert importance(run) == {}
    run.schedules = []
    assert edges(run)


def test_the_page(tmp_path):
    run = evolved()
    text = " ".join(sentences(ReportContext(run)))
    assert "Three of eight trials continued from the weights of better ones, three times in all" in text
    page = write_report(run, tmp_path).read_text("utf-8")
    assert "How hyperparameters evolved" in page
    assert '<th scope="col">final learning_rate</th>' in page
    assert re.search(r"<td>5 to 6</td><td>0</td><td>0.064</td>", page)
    assert "How hyperparameters evolved" not in write_report(searched(60, 20), tmp_path / "other").read_text(
        encoding="utf-8"
    )
