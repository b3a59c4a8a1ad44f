"""scripts/sweep.py: what the run folder holds afterwards, and spaces from the command line."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from processes import environment, run


def test_it_says_what_it_does(trained):
    folder, done = trained
    assert done.stderr == ""
    assert "remark: 2 of the 4 settings (with seeds) of the search space repeat others; the 2 different" in done.stdout
    assert "4 of 4 trials done" in done.stdout
    assert re.search(r"cost: \d programs?, \d+ compilations?[;.]", done.stdout), done.stdout
    assert "plain, learning_rate 0.01" in done.stdout
    assert done.stdout.splitlines()[-1] == f"report: {folder / 'report.html'}"


def test_the_table_of_trials(trained):
    table = pd.read_csv(trained[0] / "trials.csv")
    assert list(table.trial) == [0, 1, 2, 3]
    assert list(table.arm) == ["plain", "plain", "more", "more"]
    assert list(table.learning_rate) == [0.01, 0.1, 0.01, 0.1]
    assert list(table.epochs) == [2, 2, 1, 1]
    assert set(table.status) == {"done"}
    assert set(table.seed) == {0}
    assert {"fold", "verdict", "b1", "val_loss", "best_val_loss", "test_accuracy"} <= set(table.columns)
    assert np.isfinite(table[["train_loss", "val_loss", "test_loss"]]).all(axis=None)


def test_the_curves_are_plain_arrays_with_nan_past_a_trials_own_epochs(trained):
    table = pd.read_csv(trained[0] / "trials.csv")
    with np.load(trained[0] / "curves.npz", allow_pickle=False) as file:
        curves = dict(file)
    assert {"train_loss", "train_loss_eval", "val_loss"} <= set(curves)
    for curve in curves.values():
        assert curve.shape == (4, 2)
        assert np.isfinite(curve[:2]).all()
        assert np.isfinite(curve[2:, 0]).all()
        assert np.isnan(curve[2:, 1]).all()
    np.testing.assert_allclose(curves["val_loss"][[0, 1, 2, 3], [1, 1, 0, 0]], table.val_loss, rtol=1e-6)


def test_the_other_files(trained):
    folder = trained[0]
    config, data, machine = (
        json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("config", "data", "environment")
    )
    assert config["experiment"]["data"]["name"] == "two_spirals"
    assert config["title"] == "A tiny classifier of two spirals."
    assert [trial["start_from"] for trial in config["trials"]] == [None, None, 0, 1]
    [entry] = data["data"]
    assert len(entry["facts"]["sha256"]) == 64
    assert sum(entry["facts"]["sizes"]) == 194  # Lang & Witbrock's two spirals
    assert {"versions", "devices", "commit", "command", "plan", "sessions", "trial_seconds"} <= set(machine)
    kept = {path.name for path in (folder / "checkpoints").iterdir()}
    assert kept == {f"weights_0000{i}.npz" for i in range(4)} | {"epochs_00000.npz"}  # a plane's, for its slider
    assert list((folder / "figures").glob("*.png"))
    assert (folder / "report.html").is_file()


def test_a_second_process_compiles_nothing_and_writes_no_report_unless_asked(config, tmp_path):
    """The same experiment with other values in a process of its own, against a cache that only the first one filled."""
    env, compilations = environment(NNJAX_CACHE=str(tmp_path / "cache")), []
    for name, rates in (("first", "0.01,0.1"), ("second", "0.02,0.3")):
        flags = (f"--workdir={tmp_path / name}", f"--space.learning_rate={rates}", "--noreport")
        done = run("sweep", f"--config={config}", *flags, env=env)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == f"results: {tmp_path / name}"
        assert not (tmp_path / name / "report.html").exists()
        compilations.append(json.loads((tmp_path / name / "environment.json").read_text("utf-8"))["compilations"])
    assert compilations[0] > 0
    assert compilations[1] == 0


@pytest.mark.slow
def test_a_finished_run_is_certified_and_a_changed_one_is_not(config, copy):
    """The same command with --certify trains nothing else; a certificate that fails is status 1."""
    before = {path.name: path.read_bytes() for path in copy.glob("*.*") if path.suffix in (".csv", ".npz", ".json")}
    command = ("sweep", f"--config={config}", f"--workdir={copy}", "--space.learning_rate=log:0.01:0.1:2", "--certify")
    done = run(*command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "certificate: Passed: 2 of 4 finished trials trained again" in done.stdout
    assert "cost:" not in done.stdout
    assert {name: (copy / name).read_bytes() for name in before} == before
    assert 'id="certificate"' in (copy / "report.html").read_text("utf-8")
    with np.load(copy / "curves.npz") as file:
        curves = dict(file)
    trial = json.loads((copy / "certificate.json").read_text("utf-8"))["checks"][0]["trial"]
    curves["train_loss"][trial, 0] *= 1.001
    np.savez(copy / "curves.npz", **curves)
    done = run(*command, "--noreport")
    assert done.returncode == 1
    assert "error: certificate: FAILED" in done.stdout
    assert (
        f"Trial {trial}, trained alone: losses of the first epoch differ by 0.001, but 1e-05 is allowed." in done.stdout
    )


@pytest.mark.slow
def test_an_adaptive_search(config, tmp_path):
    """It says how it stands after each batch and where its study is; the report is as for any sweep."""
    space = ("--space.mode=adaptive", "--space.num=4", "--space.batch=2", "--space.arms=plain")
    axes = ("--space.learning_rate=log:0.01:0.1", "--sampler=random")
    done = run("sweep", f"--config={config}", f"--workdir={tmp_path / 'run'}", *space, *axes)
    assert (done.returncode, done.stderr) == (0, "")
    assert "search: 2 of 4 settings evaluated; best so far: best_val_loss" in done.stdout
    assert "4 of 4 trials done" in done.stdout
    assert f"optuna-dashboard {tmp_path / 'run' / 'study.log'}" in done.stdout.replace("\n", "")
    assert done.stdout.splitlines()[-1] == f"report: {tmp_path / 'run' / 'report.html'}"
    assert pd.read_csv(tmp_path / "run" / "trials.csv").status.tolist() == ["done"] * 4
