"""The benchmark: its arithmetic on made-up times, and one small contest of real processes."""

import json
import pathlib
import subprocess
import sys

import pytest

from scripts.peers import contest, library, scaling, signal_cost, tables
from scripts.peers.command import steady_seconds

ROOT = pathlib.Path(__file__).parents[2]


def test_ratios_are_taken_repeat_by_repeat(tmp_path):
    """A machine that is twice as slow in the second repeat changes no ratio."""
    other = {"best": 0.1, "accuracy": 0.9, "gflops": 50, "processes": 1}
    runs = {
        "nnjax": [{"wall": w, "steady": s} | other for w, s in ((2.0, 5.0), (4.0, 10.0), (2.0, 5.0))],
        "peer": [
            {"wall": w, "steady": s} | other | {"best": 0.2, "processes": 2}
            for w, s in ((6.0, 10.0), (12.0, 20.0), (8.0, 12.5))
        ],
    }
    rows = {row["contender"]: row for row in contest.summarize(runs, "nnjax")}
    assert rows["nnjax"]["wall_ratio"] == rows["nnjax"]["steady_most"] == 1
    assert (rows["peer"]["wall"], rows["peer"]["wall_ratio"]) == (8, 3)
    assert (rows["peer"]["wall_least"], rows["peer"]["wall_most"]) == (3, 4)
    assert (rows["peer"]["steady_ratio"], rows["peer"]["best"]) == (2, 0.2)
    results = {"machine": {"cores": 2}, "tiny": list(rows.values())}
    tables.write(results, tmp_path)
    assert json.loads((tmp_path / "bench.json").read_text("utf-8")) == results
    assert "| peer (2 processes) | 8.0 s | 3.00 (3.00–4.00) | 12.5 | 2.00 (2.00–2.50) | 50 | 0.2000, 0.9000 |" in (
        tmp_path / "bench.md"
    ).read_text("utf-8")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_steady_seconds_leave_the_first_passes_out():
    """Passes of 9, 4, 2, 3 and 1 seconds: the last three take 2 each, so all five take 10."""
    assert steady_seconds([9, 4, 2, 3, 1], warm=2) == 10
    with pytest.raises(ValueError, match="2 passes, but more than 2 were expected; give more epochs"):
        steady_seconds([9, 4], warm=2)


def test_the_library_trains_what_the_command_trains(monkeypatch, tmp_path):
    """The same configuration with the same overrides, by `nnjax.sweep`."""
    contender, size = contest.Contender("nnjax, library", library=True), contest.Size(8, 3)
    [command] = contest.commands(contender, "tiny", size, 1, tmp_path)
    module, config, run, first, *flags = command[4:]
    assert (module, run, first) == ("scripts.peers.library", f"{tmp_path}/run", "--config.epochs=3")
    given = {}
    monkeypatch.setattr(library.nnjax, "sweep", lambda *args, **options: given.update(args=args, **options), False)
    library.main(str(ROOT / config), run, first, *flags)
    experiment, space = given["args"]
    assert (experiment.epochs, given["workdir"]) == (3, run)
    axes = {path.split(".")[-1]: axis for path, axis in space.axes.items()}
    assert (list(axes["seed"]), len(axes["learning_rate"].points())) == ([0], 2)


@pytest.mark.slow
def test_a_contest(tmp_path):
    """nnjax and scikit-learn on a few tiny networks: fresh processes, results of both, and a table."""
    flags = ["--tasks=tiny", "--only=scikit", "--repeats=1", "--share=0.016", f"--out={tmp_path}"]
    command = [sys.executable, "-m", "scripts.bench", *flags]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    rows = {row["contender"]: row for row in results["tiny"]}
    assert list(rows) == ["nnjax", "nnjax, warm cache", "scikit-learn, joblib"]
    assert rows["nnjax"]["best"] == pytest.approx(rows["scikit-learn, joblib"]["best"], rel=0.5)
    assert results["machine"]["GEMM GFLOP/s"] > 1


def test_flatness_is_told_against_the_largest_population():
    tiny = [
        scaling.Cost(16, 3.0, 5.0, 400.0, 12.0, 16),
        scaling.Cost(1024, 30.0, 50.0, 410.0, 10.0, 1024),
    ]
    many = [
        scaling.Cost(2, 5.0, 7.0, 300.0, 1.0, 2),
        scaling.Cost(10_000, 15.0, 20.0, 330.0, 1.0, 9),
    ]
    text = scaling.lines(tiny, many)
    assert "| 16 | 12.0 | 1.20 | 3.0 s | 5.0 s | 400 MiB |" in text
    assert text[-1] == "| 10,000 | 9 | 330 MiB | 1.10 |"
    assert scaling.median(
        [
            tiny[0],
            scaling.Cost(16, 5.0, 6.0, 401.0, 11.0, 16),
            scaling.Cost(16, 4.0, 9.0, 390.0, 15.0, 16),
        ]
    ) == (scaling.Cost(16, 4.0, 6.0, 400.0, 12.0, 16))


def test_a_population_that_waits_is_stopped(tmp_path, monkeypatch):
    """Of many tiny trials some have ended; the process is asked to end, and its memory is known."""
    monkeypatch.chdir(ROOT)
    flags = ["--space.seed=" + ",".join(map(str, range(40))), "--config.epochs=50"]
    cost = scaling.sweep(40 * 64, "bench_tiny", flags, tmp_path, 0.0)
    assert 0 <= cost.ended < 40 * 64
    assert 50 < cost.peak < 10_000
    with pytest.raises(RuntimeError, match="does not exist"):
        scaling.sweep(1, "no_such_configuration", [], tmp_path)


@pytest.mark.slow
def test_looking_is_compared_with_not_looking(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(signal_cost, "CASES", {"bench_tiny": {"epochs": 20}})
    times = signal_cost.contest(tmp_path, 1)["bench_tiny"]
    assert times["ratio"] == pytest.approx(times["with"] / times["without"], rel=0.01)
    assert json.loads((tmp_path / "signals.json").read_text("utf-8")) == {"bench_tiny": times}
    assert (tmp_path / "looking" / "signals.npz").exists()  # of the last one, with
