"""Paths of results are refused before any work: at once, and nothing is written."""

import os

import pytest
from processes import complaint

COMMANDS = {
    "gallery": [],
    "history": ["perceptron"],
    "embed": ["--data=digits", "--method=pca"],
    "distances": ["archive"],
    "study": ["--config=latent_value"],
    "tune_lr": ["--config=learning_rate"],
    "sweep": ["--config=demo"],
    "train": ["--config=demo"],
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(("out", "what"), [("file", "is a file"), ("t.csv", "is named like a file (.csv)")])
def test_a_folder_of_results(tmp_path, fork, name, out, what):
    (tmp_path / "file").touch()
    flag = "workdir" if name in ("study", "tune_lr", "sweep", "train") else "out"
    said = complaint(fork(name, *COMMANDS[name], f"--{flag}={tmp_path / out}"))
    assert said == f"The folder {tmp_path / out} {what}; name a folder."
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(("name", "out"), [("report", "t.csv"), ("predict", "t.html"), ("compare", "t.png")])
def test_a_file_of_results(tmp_path, trained, fork, name, out):
    assert f"{out}' ends in '{out[1:]}', but " in complaint(fork(name, trained[0], f"--out={tmp_path / out}"))
    (tmp_path / "a.csv").mkdir()
    if name != "report":
        assert "is a folder, but a file" in complaint(fork(name, trained[0], f"--out={tmp_path / 'a.csv'}"))
