"""scripts/predict.py against a forward pass in NumPy from the files of the run folder."""

import json

import numpy as np
import pandas as pd
import pytest
from processes import run, start


def forward(folder, trial, x, which="final"):
    """Hidden layer and class probabilities of a trial, computed from its files alone."""
    scaler = json.loads((folder / "data.json").read_text("utf-8"))["data"][0]["facts"]["x_scaler"]
    with np.load(folder / "checkpoints" / f"weights_{trial:05d}.npz") as w:
        hidden = (x - np.array(scaler["mean"])) * np.array(scaler["scale"])
        hidden = np.maximum(hidden @ w[f"{which}/layer_0/kernel"] + w[f"{which}/layer_0/bias"], 0)
        logits = hidden @ w[f"{which}/layer_1/kernel"] + w[f"{which}/layer_1/bias"]
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return hidden, exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """New data: x [5, 2]."""
    path = tmp_path_factory.mktemp("points") / "points.npz"
    x = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    np.savez(path, x=x)
    return path, x


def test_its_own_test_part_as_csv(trained, tmp_path):
    """By default the trial of the lowest validation loss; the test accuracy is that of trials.csv."""
    out = tmp_path / "out.csv"
    done = run("predict", trained[0], f"--out={out}")
    table = pd.read_csv(trained[0] / "trials.csv")
    best = int(table.best_val_loss.idxmin())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"39 examples, trial {best}: {out}\n"
    predicted = pd.read_csv(out)
    assert list(predicted.columns) == ["class", "p(first)", "p(second)"]
    outputs = predicted[["p(first)", "p(second)"]].to_numpy()
    assert list(predicted["class"]) == [("first", "second")[i] for i in outputs.argmax(axis=1)]
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-6)


def test_new_data_as_npz(trained, points, fork, tmp_path):
    path, x = points
    out = tmp_path / "out.npz"
    done = fork("predict", trained[0], f"--data=npz:{path}", f"--out={out}", "--trial=2", "--weights=best")
    assert done.returncode == 0, done.stderr
    _, expected = forward(trained[0], 2, x, "best")
    with np.load(out, allow_pickle=False) as file:
        np.testing.assert_allclose(file["p"], expected, rtol=1e-5)
        assert list(file["class"]) == [("first", "second")[i] for i in expected.argmax(axis=1)]


def test_codes(trained, points, fork, tmp_path):
    path, x = points
    out = tmp_path / "code.npz"
    done = fork("predict", trained[0], f"--data=npz:{path}", f"--out={out}", "--trial=1", "--encode")
    assert done.returncode == 0, done.stderr
    with np.load(out, allow_pickle=False) as file:
        assert list(file) == ["code"]
        np.testing.assert_allclose(file["code"], forward(trained[0], 1, x)[0], rtol=1e-5, atol=1e-6)


def test_a_reader_who_leaves_is_no_traceback(trained, points, tmp_path):
    """`predict.py ... | true`: the file is written, and the status is that of SIGPIPE."""
    out = tmp_path / "out.npz"
    process = start("predict", trained[0], f"--data=npz:{points[0]}", f"--out={out}")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141
    assert out.is_file()
