"""scripts/train.py from the first call to the second."""

import os
import subprocess
import time

import numpy as np
import pandas as pd
import pytest
from processes import complaint, contents, run


@pytest.fixture(scope="module")
def arm(config, fork, tmp_path_factory):
    """A run of the arm "more", which brings along the arm it starts from."""
    folder = tmp_path_factory.mktemp("train") / "runs" / "more"
    arguments = ("--arm=more", "--config.epochs=3", "--config.seed", "7")
    return folder, fork("train", f"--config={config}", f"--workdir={folder}", *arguments), arguments


def test_it_trains_an_arm_with_its_parent_and_names_the_report(arm):
    folder, done, _ = arm
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"report: {folder / 'report.html'}"
    table = pd.read_csv(folder / "trials.csv")
    assert list(table.arm) == ["plain", "more"]
    assert set(table.status) == {"done"}


def test_the_command_line_has_the_last_word_over_arms(arm):
    """The arm "more" asks for 1 epoch, the file for seed 0."""
    table = pd.read_csv(arm[0] / "trials.csv")
    assert list(table.epochs) == [3, 3]
    assert list(table.seed) == [7, 7]


def test_the_same_command_resumes_and_finds_nothing_to_do(arm, config, fork):
    folder, _, arguments = arm
    kept = ("config.json", "data.json", "trials.csv", "curves.npz", "checkpoints/weights_00001.npz")
    before = {name: (folder / name).read_bytes() for name in kept}
    done = fork("train", f"--config={config}", f"--workdir={folder}", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "%  " not in done.stdout  # no progress, for there was none to make
    assert {name: (folder / name).read_bytes() for name in kept} == before


def test_help_comes_within_two_seconds():
    """The fastest of three, because the machine may have other work."""
    times = []
    for _ in range(3):
        begin = time.monotonic()
        done = run("train", "--help")
        times.append(time.monotonic() - begin)
        assert done.returncode == 0
        assert "--workdir: run folder; made, or resumed" in done.stdout
    assert min(times) < 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_standard_output_is_one_sentence():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = run("train", "--help", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.startswith("error: No space left on device")
    assert len(done.stderr.splitlines()) == 1


def test_no_temporary_file_stays(arm):
    names = contents(arm[0])
    assert not [name for name in names if name.endswith(".tmp")]
    with np.load(arm[0] / "curves.npz", allow_pickle=False) as curves:
        assert curves["train_loss"].shape == (2, 3)


def test_a_trial_of_a_run_is_trained_again(trained, fork, tmp_path):
    """Trial 2 started from trial 0; its curve comes out bit for bit."""
    done = fork("train", f"--from={trained[0]}", "--trial=2", f"--workdir={tmp_path / 'again'}")
    assert (done.returncode, done.stderr) == (0, "")
    with np.load(trained[0] / "curves.npz") as before, np.load(tmp_path / "again" / "curves.npz") as now:
        np.testing.assert_array_equal(now["val_loss"][0, :1], before["val_loss"][2, :1])


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--from={run}"], "--from=RUN and --trial=NUMBER belong together"),
        (["--trial=1"], "--from=RUN and --trial=NUMBER belong together"),
        (["--from={run}", "--trial=4"], "has no trial 4; its trials are 0 to 3"),
        (["--from={run}/nothing", "--trial=1"], "is not a run folder"),
        (["--from={run}", "--trial=1", "--config=configs/demo.py"], "leave out --config"),
    ],
)
def test_a_trial_that_cannot_be_trained_again(trained, fork, tmp_path, arguments, found):
    words = [argument.format(run=trained[0]) for argument in arguments]
    assert found in complaint(fork("train", *words, f"--workdir={tmp_path / 'again'}"))
    assert not (tmp_path / "again").exists()
