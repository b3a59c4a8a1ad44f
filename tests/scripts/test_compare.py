"""scripts/compare.py and scripts/report.py on a trained run."""

import pandas as pd
from processes import run


def test_the_table_on_the_terminal_and_as_csv(trained, tmp_path):
    """2-8-2: 2·8 + 8 + 8·2 + 2 = 42 parameters, 2·(2·8 + 8·2) = 64 operations."""
    out = tmp_path / "table.csv"
    done = run("compare", trained[0], trained[0], f"--out={out}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("plain, learning_rate 0.01") == 2
    assert "…" not in done.stdout  # nothing is cut off where there is no terminal
    table, trials = pd.read_csv(out), pd.read_csv(trained[0] / "trials.csv")
    assert len(table) == 8
    assert set(table.run) == {"spirals"}
    assert set(table.parameters) == {42}
    assert set(table.flops) == {64}
    assert list(table.test_accuracy) == 2 * list(trials.test_accuracy)


def test_the_report_is_written_again(copy, tmp_path):
    (copy / "report.html").unlink()
    done = run("report", copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"report: {copy / 'report.html'}\n"
    assert (copy / "report.html").stat().st_size > 10_000
