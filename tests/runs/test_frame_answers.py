"""What `predict` answers to new rows of a table: labels in their own type, missing cells as in training."""

import hashlib

import numpy as np
import pandas as pd
import pytest

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data.targets import named_labels
from nnjax.runs.data_json import facts_from_json, facts_to_json

A = np.repeat([-1.0, 1.0], 30) * np.tile([1.0, 1.5, 2.0], 20)


def classifier(epochs=60, **data):
    data = {"validation": 0, "test": 0, "scaling": "standard", **data}
    return Experiment(
        data=DataConfig(**data),
        model=ModelConfig("mlp", ()),
        hyperparameters=Hyperparameters(learning_rate=0.5),
        epochs=epochs,
        batch_size=30,
    )


LABELS = {
    "bool": A > 0,
    "int": np.sign(A).astype(int),
    "float": np.where(A > 0, 1.0, 0.0),
    "text": np.where(A > 0, "1", "-1"),
    "whole text": np.where(A > 0, "1.0", "0.0"),
    "True": np.where(A > 0, "True", "False"),
    "yes": np.where(A > 0, "yes", "no"),
    "category of int": pd.Categorical(np.where(A > 0, 10, 9)),
    "category of float": pd.Categorical(np.where(A > 0, 2.5, 1.0), ordered=True),
    "category of bool": pd.Categorical(A > 0),
    "category of text": pd.Categorical(np.where(A > 0, "2", "1"), ordered=True),
    "codes": np.where(A > 0, "00002", "00001"),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_are_answered_in_their_own_type(tmp_path, labels):
    """The sign of a separates the classes, so that all answers are the labels themselves."""
    frame = pd.DataFrame({"a": A, "y": labels})
    run = nnjax.sweep(classifier(task="classification"), data=frame, target="y", workdir=tmp_path / "run")
    for found in (run, nnjax.load(tmp_path / "run")):
        answer = found.predict(frame)
        assert answer.tolist() == labels.tolist()
        assert answer.dtype.kind == np.asarray(labels.tolist()).dtype.kind
    labels = np.asarray(labels.tolist())
    if labels.dtype.kind == "f" and (labels % 1).any():
        return
    from_arrays = nnjax.sweep(classifier(task="classification"), data=(A[:, None], labels))
    assert from_arrays.predict(A[:, None]).tolist() == labels.tolist()


def test_labels_of_an_older_folder_are_whole_numbers_where_all_names_are():
    facts = nnjax.sweep(classifier(1), data=(A[:, None], A > 0)).facts()
    tree = {name: value for name, value in facts_to_json(facts).items() if name != "label_type"}
    assert facts_from_json(tree).label_type == ""
    assert named_labels(("0", "1"), "").dtype == np.int64
    assert named_labels(("-1", "1"), "").tolist() == ["-1", "1"]
    for forged in ("bool", "float", "what", 5):
        with pytest.raises(ValueError, match=r"what|5|base 10|not in tuple|to float"):
            facts_from_json(tree | {"classes": ["p", "q"], "label_type": forged})
    assert facts_from_json(tree | {"shape": [1]}).shape == (1,)
    for shape in ({"a": 1}, "1", [1.0], [True], [-1], [2]):  # of one input
        with pytest.raises(ValueError, match="shape"):
            facts_from_json(tree | {"shape": shape})


@pytest.mark.slow
def test_arrays_with_gaps_are_filled_in_as_frames_are():
    """The mean of a is 0 and that of b 1; the frame's missing cells and NaN in the rows are one case."""
    frame = pd.DataFrame({"a": A, "b": [0.0, 2.0] * 30, "c": ["u", "v", "v"] * 20, "y": np.where(A > 0, "p", "q")})
    frame.loc[[3, 50], "a"] = np.nan
    frame.loc[[4, 51], "c"] = None
    for missing in ("mean", "indicator"):
        run = nnjax.sweep(classifier(5, missing=missing), data=frame, target="y")
        nan = np.nan
        rows = {"mean": [[nan, 2, 0, 1], [1, nan, nan, nan], [1, 0, nan, 1]]}
        rows["indicator"] = [[nan, 0, 2, 0, 1, 0], [1, 0, nan, nan, nan, 0], [1, 0, 0, nan, 1, 0]]
        new = pd.DataFrame({"a": [nan, 1, 1], "b": [2, nan, 0], "c": ["v", None, None]})
        np.testing.assert_allclose(run.predict_proba(np.array(rows[missing])), run.predict_proba(new), rtol=1e-6)
        assert np.isfinite(run.predict_proba(new)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_numbers_that_are_none_are_refused(bad):
    plain = nnjax.sweep(classifier(1), data=(A[:, None], A > 0))
    table = nnjax.sweep(classifier(1), data=pd.DataFrame({"a": A, "y": A > 0}), target="y")
    for run in (plain, table):
        for method in (run.predict, run.outputs, run.predict_proba):
            with pytest.raises(UserError, match=r"(missing cells, the first in row 2|example 1 \(counted from 0\))"):
                method(np.array([[0.5], [bad]]))


def test_other_names_are_other_data(tmp_path):
    """Renamed columns, a renamed class, a renamed target: a run is not taken up again with them."""
    frame = pd.DataFrame({"a": A, "b": A[::-1] ** 2, "y": np.where(A > 0, "p", "q")})
    nnjax.sweep(classifier(2), data=frame, target="y", workdir=tmp_path / "run")
    nnjax.sweep(classifier(2), data=frame.copy(), target="y", workdir=tmp_path / "run")
    renamed = {
        "columns": (frame.rename(columns={"a": "b", "b": "a"})[["b", "a", "y"]], "y"),
        "a class": (frame.assign(y=np.where(A > 0, "p", "r")), "y"),
        "the target": (frame.rename(columns={"y": "z"}), "z"),
    }
    for other, target in renamed.values():
        with pytest.raises(UserError, match="The data 'DataFrame' have changed since"):
            nnjax.sweep(classifier(2), data=other, target=target, workdir=tmp_path / "run")
    with pytest.raises(UserError, match="SHA-256 differs"):
        nnjax.load(tmp_path / "run", data=renamed["columns"][0])


def test_images_whose_classes_count_keep_their_digest():
    """By hand: dtypes, shapes and bytes of x and y, and nothing else."""
    x, y = np.arange(24, dtype=np.uint8).reshape(6, 2, 2), np.array([0, 1, 2] * 2, np.int32)
    state = hashlib.sha256(b"|u1(6, 4)" + x.tobytes() + b"<i4(6,)" + y.tobytes())
    assert nnjax.from_arrays(x, y, classes=("0", "1", "2")).sha256 == state.hexdigest()
    assert nnjax.from_arrays(x, y).sha256 == state.hexdigest()
    assert nnjax.from_arrays(x, y, classes=("u", "v", "w")).sha256 != state.hexdigest()


@pytest.mark.parametrize("target", [2, np.int64(2), [2], (np.int64(2),), np.array([2]), pd.Index([2]), "2"])
def test_names_of_columns_may_be_numbers(target):
    """As pandas.read_csv(header=None) makes them."""
    frame = pd.DataFrame({0: A, 1: A**2, 2: A + 0.25})
    run = nnjax.sweep(Experiment(data=DataConfig("frame"), epochs=1), data=frame, target=target)
    assert (run.facts().targets, run.facts().features) == (("2",), ("0", "1"))


@pytest.mark.parametrize("target", [2.5, True, {"y": 1}, []])
def test_targets_that_are_no_names(target):
    with pytest.raises(UserError, match=r"The target is .* name of a column"):
        nnjax.sweep(Experiment(), data=pd.DataFrame({0: A, 1: A**2, 2: A + 0.25}), target=target)


@pytest.mark.slow
def test_ways_to_treat_missing_cells_are_compared_with_a_warning():
    """12 of 60 rows have a gap: of 48 rows a tenth of the pool, 4 of 38, validates; of 60, 5 of 48."""
    frame = pd.DataFrame({"a": np.where(np.arange(60) % 5, A, np.nan), "b": A, "y": A > 0})
    experiment, axes = classifier(1, validation=0.1, test=0.2), {"data.missing": ("mean", "median", "drop")}
    with pytest.warns(nnjax.NnjaxWarning, match=r"48 rows are left, with mean 60: .* \(4 and 5\)"):
        run = nnjax.sweep(experiment, axes, data=frame, target="y")
    assert [run.facts(trial).sizes[1] for trial in range(3)] == [5, 5, 4]
    said = []
    nnjax.sweep(experiment, {"data.missing": ("mean", "median")}, data=frame, target="y", log=said.append)
    assert not any("rows are left" in sentence for sentence in said)
