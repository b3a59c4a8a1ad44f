"""scripts/train.py from the first call to the second."""

import subprocess
import time

import numpy as np
import pandas as pd
import pytest
from processes import contents, run


@pytest.fixture(scope="module")
def arm(config, tmp_path_factory):
    """A run of the arm "more", which brings along the arm it starts from."""
    folder = tmp_path_factory.mktemp("train") / "runs" / "more"
    arguments = ("--arm=more", "--config.epochs=3", "--config.seed", "7")
    return folder, run("train", f"--config={config}", f"--workdir={folder}", *arguments), arguments


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


def test_the_same_command_resumes_and_finds_nothing_to_do(arm, config):
    folder, _, arguments = arm
    kept = ("config.json", "data.json", "trials.csv", "curves.npz", "checkpoints/weights_00001.npz")
    before = {name: (folder / name).read_bytes() for name in kept}
    done = run("train", f"--config={config}", f"--workdir={folder}", *arguments)
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


def test_a_full_standard_output_is_one_sentence():
    with open("/dev/full", "w") as full:
        done = run("train", "--help", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.startswith("error: No space left on device")
    assert len(done.stderr.splitlines()) == 1


def test_no_temporary_file_stays(arm):
    names = contents(arm[0])
    assert not [name for name in names if name.endswith(".tmp")]
    with np.load(arm[0] / "curves.npz", allow_pickle=False) as curves:
        assert curves["train_loss"].shape == (2, 3)
