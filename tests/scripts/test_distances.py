"""The script of distances, as a process; the contest of `scripts.bench --tasks=dtw` on made-up times."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

import scripts.peers.dtw as contest
from nnjax.core.errors import UserError
from nnjax.distances import pairwise
from scripts.peers.dtw_peer import series

ROOT = pathlib.Path(__file__).parents[2]


def distances(*arguments):
    command = [sys.executable, "scripts/distances.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")


@pytest.mark.slow
def test_the_archive(tmp_path):
    flags = ["--sets=cbf", "--seeds=2", "--window=published", "--share=0.1", f"--out={tmp_path}"]
    done = distances("archive", *flags)
    assert done.returncode == 0, done.stderr
    assert "| cbf | Euclidean |" in done.stdout
    assert len((tmp_path / "archive.csv").read_text("utf-8").splitlines()) == 1 + 6 * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: One command was expected, archive or curse, but [] was given."),
        (["archive", "--sets=trace"], "error: There are no published errors of 'trace'"),
    ],
)
def test_mistakes(arguments, message):
    done = distances(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_contest_runs_nnjax(tmp_path, monkeypatch, capsys):
    """12 series, nnjax alone; its matrix is the one that `pairwise` gives."""
    monkeypatch.chdir(ROOT)
    found = contest.contest(tmp_path, 1, 0.024, sys.executable, only="nnjax")
    assert [row.package for rows in found.values() for row in rows] == ["nnjax", "nnjax"]
    assert "| floor |" in capsys.readouterr().out
    expected = pairwise(series(12), metric="dtw", root=False)[np.triu_indices(12, 1)]
    np.testing.assert_allclose(np.load(tmp_path / "dtw" / "nnjax.npy"), expected, rtol=1e-6)


def test_a_package_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(UserError, match=r"aeon cannot be imported by .* extra `series`"):
        contest.measured("aeon", 4, 2, tmp_path, sys.executable)


def test_packages_must_agree(tmp_path, monkeypatch):
    def pretended(package, count, window, folder, python):
        np.save(folder / f"{package}.npy", np.full(3, 1.0 if package == "nnjax" else 1.01))
        return {"first": 1.0, "again": 6e-6}

    monkeypatch.setattr(contest, "measured", pretended)
    assert contest.times(["nnjax"], 3, 2, tmp_path, 2, "python")[0].micros == pytest.approx((2, 2))
    with pytest.raises(RuntimeError, match=r"aeon and nnjax differ by 0\.01, window 2"):
        contest.times(["nnjax", "aeon"], 3, 2, tmp_path, 1, "python")


def test_cells_and_lines():
    """A band of 1 has three diagonals; ratios are taken repeat by repeat."""
    assert contest.cells(1) == 128 + 2 * 127
    assert contest.cells(-1) == 128**2
    rows = [contest.Time("nnjax", (1.0, 2.0), 0.5, 0.0), contest.Time("aeon", (10.0, 40.0), 1.0, 1e-6)]
    assert "| aeon | 25.00 | 15.0 (10.0–20.0) | 1.0 s | 1e-06 |" in contest.lines(
        {"full": rows}, {"full": 0.85}, 500, 5e10
    )
