"""y of one-hot rows, and of Python objects: read as what it holds. The truth: labels [n], or NumPy's plain types."""

import decimal

import flax.linen as nn
import numpy as np
import optax
import pandas as pd
import pytest

import nnjax
from nnjax.core.experiment import DataConfig
from nnjax.core.fields import import_objects
from nnjax.core.plain_arrays import as_plain
from nnjax.data import Datasets
from nnjax.verify.data_checks import Resolver

X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
LABELS = np.digitize(X[:, 0], (-0.5, 0.5))
ROWS = np.eye(3)[LABELS]
AUTO = nnjax.Experiment(model=nnjax.ModelConfig(widths=(4,)), epochs=2, batch_size=16)


def own(y, z):
    return -(y * z).sum(axis=-1)


@pytest.mark.parametrize(
    ("changes", "y", "task"),
    [
        ({}, ROWS, "classification"),
        ({}, ROWS.astype(bool), "classification"),
        ({}, ROWS.astype(np.int64), "classification"),
        ({"loss": "categorical_crossentropy"}, ROWS, "classification"),
        ({"loss": "kl_divergence"}, ROWS, "classification"),
        ({"loss": optax.losses.softmax_cross_entropy_with_integer_labels}, ROWS, "classification"),
        ({"loss": optax.losses.squared_error}, ROWS, "auto"),
        ({"loss": "mean_squared_error"}, ROWS, "auto"),
        ({"loss": "binary_crossentropy"}, ROWS, "auto"),
        ({"loss": own, "model": nn.Dense(3)}, ROWS, "auto"),
        ({"model": nnjax.ModelConfig(output_activation="linear")}, ROWS, "auto"),
        ({"model": nnjax.ModelConfig("autoencoder", widths=(2,))}, ROWS, "auto"),
        ({"data": DataConfig(task="regression")}, ROWS, "regression"),
        ({}, 0.5 * ROWS, "auto"),
        ({}, np.maximum(ROWS, ROWS[::-1]), "auto"),  # several ones in a row
        ({}, ROWS[:, :1], "auto"),
    ],
)
def test_which_rows_are_classes(changes, y, task):
    experiment = import_objects(nnjax.Experiment(**{"epochs": 1} | changes))
    assert Resolver(Datasets(nnjax.from_arrays(X, y)))(experiment).data.task == task


def test_a_given_task_stays():
    experiment = Resolver(Datasets(nnjax.from_arrays(X, ROWS, task="regression")))(AUTO)
    assert (experiment.data.task, experiment.loss) == ("auto", "mean_squared_error")


@pytest.mark.slow
def test_a_run_is_that_of_the_labels_bit_by_bit(tmp_path):
    said, rows = [], pd.DataFrame(ROWS, columns=["low", "middle", "high"])
    run = nnjax.sweep(AUTO, data=(X, rows), workdir=tmp_path / "run", log=said.append)
    assert [line for line in said if "one-hot" in line] == [
        "remark: y of arrays has one-hot rows, which are read as the classes low to high (nnjax.from_arrays(x, y, "
        "task='regression') keeps them as numbers)."
    ]
    truth = nnjax.sweep(AUTO, data=nnjax.from_arrays(X, LABELS, classes=("low", "middle", "high")))
    np.testing.assert_array_equal(run.records[0].curves["val_loss"], truth.records[0].curves["val_loss"])
    assert run.records[0].values["val_accuracy"] == truth.records[0].values["val_accuracy"]
    assert run.predict(X[:5]).tolist() == np.array(["low", "middle", "high"])[run.outputs(X[:5]).argmax(1)].tolist()
    again = nnjax.load(tmp_path / "run", data=(X, rows))
    np.testing.assert_array_equal(again.data().dataset.y, LABELS)
    with pytest.raises(nnjax.UserError, match="SHA-256"):
        nnjax.load(tmp_path / "run", data=(X, rows[["middle", "low", "high"]]))
    with pytest.raises(nnjax.UserError, match=r"data\.drop|drop"):
        nnjax.sweep(nnjax.Experiment(data=DataConfig(drop=("a",))), data=(X, rows))


@pytest.mark.parametrize(
    ("values", "truth"),
    [
        ([1, 2], np.int64([1, 2])),
        ([True, False], np.array([True, False])),
        (["a", "b"], np.array(["a", "b"])),
        ([1.5, None], np.array([1.5, np.nan])),
        ([1, pd.NA], np.array([1, np.nan])),
        ([2**70, 1], np.array([2.0**70, 1])),
        ([decimal.Decimal("1.5"), np.float32(2)], np.array([1.5, 2])),
        (None, np.array(np.nan)),
    ],
)
def test_objects_as_what_they_are(values, truth):
    found = as_plain(np.array(values, object), "y")
    assert found.dtype == truth.dtype
    np.testing.assert_array_equal(found, truth)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (
            ["a", 1] * 30,
            r"y of arrays has 'a' \(of the type str\) in example 0 .* numbers or labels of one kind were expected",
        ),
        (["a", None, "b"] * 20, r"y of arrays has 20 missing values among texts, the first in example 1"),
        ([True, 2] * 30, r"has True \(of the type bool\) in example 0"),
        ([[1], {}] * 30, r"has \[1\] \(of the type list\) in example 0"),
    ],
)
def test_objects_of_several_kinds_are_refused(y, words):
    values = np.empty(60, object)
    values[:] = y
    with pytest.raises(nnjax.UserError, match=words):
        nnjax.from_arrays(X, values)


def test_a_text_in_a_frame_of_inputs_is_found():
    frame = pd.DataFrame({"a": X[:, 0], "city": ["Oslo", "Bergen"] * 30})
    with pytest.raises(nnjax.UserError, match=r"'Oslo' .* in column 'city' of example 0 .* data=frame, target=…"):
        nnjax.from_arrays(frame, LABELS)
