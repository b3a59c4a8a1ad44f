"""scripts/export.py, and scripts/predict.py with what it wrote: the same predictions from any file."""

import json

import numpy as np
import pytest
from keras_models import mlp, written
from processes import complaint, run

import nnjax
from nnjax.data import load


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """New data: x [5, 2]."""
    path = tmp_path_factory.mktemp("points") / "points.npz"
    np.savez(path, x=np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32))
    return f"--data=npz:{path}"


def arrays(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def test_a_trial_leaves_and_is_served(trained, points, fork, tmp_path):
    folder, out = trained[0], tmp_path / "out.npz"
    assert fork("predict", folder, points, f"--out={out}", "--trial=2").returncode == 0
    truth = arrays(out)
    for to, suffix in (("safetensors", ".safetensors"), ("program", ".jaxexport")):
        path = tmp_path / f"trial2{suffix}"
        start = run if to == "safetensors" else fork
        done = start("export", f"--run={folder}", "--trial=2", f"--to={to}", f"--out={path}")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"trial 2: {path} and {path}.json\n"
        assert json.loads((tmp_path / f"trial2{suffix}.json").read_text("utf-8"))["facts"]["classes"] == [
            "first",
            "second",
        ]
        done = fork("predict", path, points, f"--out={out}")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"5 examples, trial2{suffix}: {out}\n"
        found = arrays(out)
        assert list(found["class"]) == list(truth["class"])
        np.testing.assert_allclose(found["p"], truth["p"], rtol=1e-5)
    again = tmp_path / "again.jaxexport"
    assert fork("export", f"--file={tmp_path / 'trial2.safetensors'}", f"--out={again}").returncode == 0
    assert again.read_bytes() == (tmp_path / "trial2.jaxexport").read_bytes()


def test_an_ensemble_leaves_and_is_served(copy, points, fork, tmp_path):
    """The same answers as in Python, from the run and from each file; its members stand in the report."""
    out, truth = tmp_path / "out.npz", nnjax.load(copy).ensemble(3)
    with np.load(points.removeprefix("--data=npz:")) as file:
        wanted = truth.outputs(file["x"])
    (copy / "ensemble.json").unlink()
    path = tmp_path / "all.safetensors"
    done = fork("export", f"--run={copy}", "--ensemble=3", f"--out={path}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"ensemble of {truth.members}: {path} and {path}.json\n"
    for source, flag in {copy: "--ensemble=3", path: "--noencode"}.items():
        done = fork("predict", source, flag, points, f"--out={out}")
        assert (done.returncode, done.stderr) == (0, "")
        np.testing.assert_allclose(arrays(out)["p"], wanted, rtol=1e-5, atol=1e-7)
    assert nnjax.load(copy).members == truth.members


def test_a_run_is_written_as_a_study(trained, fork, tmp_path):
    path = tmp_path / "a.log"
    done = fork("export", f"--run={trained[0]}", f"--out={path}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"settings: {path}, shown by: optuna-dashboard {path}\n")
    assert '"best_val_loss"' in path.read_text("utf-8")


def test_a_file_of_keras_is_served_on_images_brought_to_1(tmp_path):
    model = mlp((64, 10))
    (tmp_path / "net.keras").write_bytes(written(model))
    kernel, bias = (np.asarray(variable.value) for variable in model.weights)
    out = tmp_path / "out.npz"
    done = run("predict", tmp_path / "net.keras", "--data=digits", "--unit", f"--out={out}")
    assert (done.returncode, done.stderr) == (0, "")
    logits = load("digits").x / 16 @ kernel + bias
    found = arrays(out)
    assert list(found["class"]) == logits.argmax(axis=1).tolist()
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found["p"], probabilities, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("export", ("--out=a.safetensors",), "--run=DIR (or --file=FILE) and --out were expected"),
        (
            "export",
            ("--run={run}", "--out=a.pt"),
            "'a.pt' ends in '.pt', but .safetensors or .jaxexport or .onnx or .db or .log was expected",
        ),
        ("export", ("--run={run}", "--to=program", "--out=a.safetensors"), "but .jaxexport was expected"),
        ("export", ("--run={run}", "--trial=9", "--out=a.jaxexport"), "There is no trial 9"),
        ("export", ("--run={run}", "--trial=1", "--out=a.db"), "A study is written of a whole run"),
        ("export", ("--run={run}", "--trial=1", "--ensemble=3", "--out=a.onnx"), "without --trial and --weights"),
        ("export", ("--file=a.safetensors", "--ensemble=3", "--out=a.onnx"), "several trials of a run"),
        ("export", ("--run={run}", "--ensemble=0", "--out=a.onnx"), "k is 0, but a whole number from 1"),
        ("predict", ("{run}", "--trial=1", "--ensemble=3", "--out=a.csv"), "leave out --trial and --weights"),
        ("predict", ("none.keras", "--ensemble=3", "--out=a.csv"), "leave out --trial, --weights and --ensemble"),
        ("predict", ("{run}", "--encode", "--ensemble=3", "--out=a.csv"), "gives outputs only"),
        ("export", ("--file=a.pkl", "--out=a.jaxexport"), "a.pkl is not a run folder"),
        ("predict", ("none.keras", "--out=a.csv"), "none.keras does not exist"),
        ("predict", ("none.keras", "--out=a.csv", "--trial=1"), "none.keras holds one network; leave out --trial,"),
        ("predict", ("{run}", "--out=a.csv", "--unit"), "scales its inputs itself"),
    ],
)
def test_mistakes_are_one_sentence(name, arguments, words, trained, fork, tmp_path):
    done = fork(name, *(argument.format(run=trained[0]) for argument in arguments), cwd=tmp_path)
    assert words in complaint(done)
    assert not list(tmp_path.iterdir())
