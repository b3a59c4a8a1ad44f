"""The benchmark: its arithmetic on made-up times, and one small contest of real processes."""

import json
import math
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from nnjax.spaces.expansion import expand
from scripts.peers import contest, library, scaling, search, signal_cost, tables
from scripts.peers.command import steady_seconds
from scripts.peers.contest import Contender
from scripts.peers.search_space import get_config, get_space

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
    assert "| peer (2 processes) | 8.0 s | 3.00 (3.00–4.00) | 12.5 | 2.00 (2.00–2.50) | 50 | 0.2000, 0.9000 | – |" in (
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


def test_programs_are_counted_in_the_table():
    """Medians over repeats; an adaptive search has settings of its own, and so no arithmetic of a step."""
    runs = {"nnjax": [contest_run(programs=n, compilations=3 * n) for n in (2, 4, 3)]}
    [row] = contest.summarize(runs, "nnjax")
    assert (row["programs"], row["compilations"]) == (3, 9)
    assert tables.lines({"machine": {}, "adaptive": [row]})[-2].endswith("| – | 0.1000, 0.9000 | 3, 9 |")


def contest_run(**values):
    return {"wall": 1.0, "steady": 1.0, "best": 0.1, "accuracy": 0.9, "gflops": math.nan, "processes": 1, **values}


DIGITS = [(np.zeros((rows, 64), np.float32), np.zeros(rows, int)) for rows in (1437, 360)]


def test_the_peers_train_the_settings_that_nnjax_draws(tmp_path, monkeypatch):
    """Fewer settings are the first ones of more; a part of them has its own; what is not there of dropout is 0."""
    monkeypatch.chdir(ROOT)
    for task, num in (("search", 12), ("search-dropout", 30)):
        search.write_settings(search.settings_file(tmp_path / "digits.npz", task), task, num)
    rows = json.loads((tmp_path / "search.json").read_text("utf-8"))
    drawn = [search.setting_of(spec.experiment) for spec in expand(get_config(), get_space())]
    assert rows == drawn[:12]
    assert {row["dropout"] for row in rows} == {0.0}
    assert {row["dropout"] for row in json.loads((tmp_path / "search-dropout.json").read_text("utf-8"))} == {0.0, 0.2}
    assert {tuple(row["widths"]) for row in drawn} == {(16,), (32,), (64,), (32, 16), (64, 32), (64, 64, 32)}
    (x, y), (vx, vy) = DIGITS
    np.savez(tmp_path / "digits.npz", train_x=x, train_y=y, validation_x=vx, validation_y=vy)
    found = search.SEARCHES["search"](10, 20, str(tmp_path / "digits.npz")).part(1, 2)
    assert [task.rates[0] for task in found.settings] == [row["rate"] for row in rows[1:10:2]]
    assert list(found.columns["weight_decay"]) == [row["decay"] for row in rows[1:10:2]]


def test_the_arithmetic_of_a_search_by_hand():
    """900 steps of batches of 32 of 64-16-10, and 460 of batches of 64 of 64-64-64-32-10: 1,437 digits, 20 epochs."""
    setting = {"activation": "relu", "optimizer": "adamw", "rate": 0.1, "decay": 0.0, "dropout": 0.0}
    small = search.task_of(setting | {"widths": [16], "batch_size": 32}, DIGITS, 20)
    large = search.task_of(setting | {"widths": [64, 64, 32], "batch_size": 64}, DIGITS, 20)
    both = search.Search((small, large))
    assert (small.steps, large.steps, both.steps) == (900, 460, 680)
    flops = 900 * 6 * 32 * (64 * 16 + 16 * 10) + 460 * 6 * 64 * (64 * 64 + 64 * 64 + 64 * 32 + 32 * 10)
    assert search.mean_step_flops(both) == pytest.approx(flops / 1360)


def test_parts_of_unequal_lengths_are_one_search(tmp_path):
    """600 and 400 steps of 2 and 3 trials side by side, the longer one 12 seconds: 12 s / 2,400 = 5 ms."""
    for name, seconds, steps, trials, best in (("0", 12.0, 600, 2, 0.3), ("1", 6.0, 400, 3, 0.2)):
        part = {"steady_seconds": seconds, "steps": steps, "trials": trials, "best_val_loss": best}
        (tmp_path / f"{name}.json").write_text(json.dumps(part | {"best_val_accuracy": 1 - best}), "utf-8")
    assert contest.read_peer(tmp_path) == {"steady": pytest.approx(5000.0), "best": 0.2, "accuracy": 0.8}


def test_absent_peers_are_named(monkeypatch):
    monkeypatch.setitem(contest.NEEDS, "torch_peer", ["json", "no_such_package"])
    assert Contender("PyTorch", ("torch_peer", "eager")).missing() == "no_such_package"
    assert Contender("scikit-learn", ("sklearn_peer", "search")).missing() == ""


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


@pytest.mark.slow
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


def test_mixed_populations_are_compared_with_the_smallest():
    """512 s of processors for 256 trials are 2,000 ms each; 2,300 s for 1,000 are 2,300, 1.15 times as much."""
    few, many = scaling.Cost(256, 300.0, 512.0, 400.0, 80.0, 256), scaling.Cost(1000, 1200.0, 2300.0, 440.0, 84.0, 1000)
    text = scaling.mixed_lines([few, many])
    assert text[-2] == "| 256 | 80.0 | 1.00 | 300.0 s | 2000.0 ms | 1.00 | 400 MiB | 1.00 |"
    assert text[-1] == "| 1,000 | 84.0 | 1.05 | 1200.0 s | 2300.0 ms | 1.15 | 440 MiB | 1.10 |"
