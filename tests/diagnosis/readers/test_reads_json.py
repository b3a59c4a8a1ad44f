"""JSON: Keras's History, pandas in all orients, records, nested parts and runs, other libraries' histories."""

import json

import numpy as np
import pandas
import pytest
from log_curves import EPOCHS, LOSS, VAL

from nnjax.core.errors import UserError

BOTH = {"loss": LOSS.tolist(), "val_loss": VAL.tolist()}
FRAME = pandas.DataFrame(BOTH)
A, B = LOSS.tolist(), VAL.tolist()
BY_EPOCH = list(zip(EPOCHS.tolist(), A, B, strict=True))


@pytest.mark.parametrize("orient", ["split", "records", "index", "columns", "values", "table"])
@pytest.mark.parametrize("with_epoch", [False, True])
def test_pandas(both, orient, with_epoch):
    frame = FRAME.assign(epoch=EPOCHS)[["epoch", "loss", "val_loss"]] if with_epoch else FRAME
    both(frame.to_json(orient=orient))


@pytest.mark.parametrize(
    "tree",
    [
        {**BOTH, "lr": ["constant"] * 24},
        {"history": BOTH, "params": {"epochs": 24}, "epoch": list(range(24))},
        {name: [str(value) for value in values] for name, values in BOTH.items()},
        {name: str(values) for name, values in BOTH.items()},
        {"train": {"loss": A}, "valid": {"loss": B}},
        {"loss": {"train": A, "val": B}},
        {
            "train": [{"epoch": i, "loss": a} for i, a, _ in BY_EPOCH],
            "val": [{"epoch": i, "loss": b} for i, _, b in BY_EPOCH],
        },
        {"train": [{"loss": a} for a in A], "val": [{"loss": b} for b in B]},
        {
            "config": {"lr": 0.1},
            "epochs": [{"epoch": i, "train": {"loss": a}, "val": {"loss": b}} for i, a, b in BY_EPOCH],
        },
        {f"epoch_{i}": {"train_loss": a, "val_loss": b} for i, a, b in BY_EPOCH},
        {"epoch": (10 * EPOCHS).tolist(), "loss": A, "val_loss": B},
        {"model": "cnn", "best_val_loss": 0.4, "train_losses": A, "val_losses": B},
        {"train_loss": np.repeat(LOSS, 10).tolist(), "val_loss": B},
        {"loss": [[10 * i, a] for i, a, _ in BY_EPOCH], "val_loss": [[10 * i, b] for i, _, b in BY_EPOCH]},
        {"validation_0": {"rmse": A}, "validation_1": {"rmse": B}},
        {"training": {"binary_logloss": A, "auc": A}, "valid_1": {"binary_logloss": B, "auc": A}},
        {"training": {"l2": A}, "valid_1": {"l2": B}},
        {"learn": {"Logloss": A}, "validation": {"Logloss": B}},
        {
            "training": {"combined": {"loss": A}, "y": {"loss": B}},
            "validation": {"combined": {"loss": B}, "y": {"loss": B}},
        },
    ],
)
def test_shapes(both, tree):
    both(json.dumps(tree))
    both(str(tree))  # as print writes it


def test_numbers_as_numpy_prints_them(both):
    both(str({name: [np.float64(value) for value in values] for name, values in BOTH.items()}))


def test_runs(loaded):
    assert loaded(json.dumps({"a": BOTH, "b": BOTH})).names == ["a", "b"]
    assert loaded(json.dumps([BOTH, BOTH])).names == ["run 1", "run 2"]


def test_scikit_learn(loaded):
    found = loaded(json.dumps({"loss_curve_": A, "validation_scores_": [0.5 + 0.01 * i for i in range(24)]}))
    assert (found.curves.train_loss.tolist(), found.curves.val_accuracy[0, 1]) == ([A], 0.51)
    np.testing.assert_array_equal(loaded(json.dumps(A)).curves.train_loss, [LOSS])


def test_not_finite_and_not_measured(loaded):
    found = loaded('{"loss": [1, 0.9, NaN, NaN], "val_loss": ["", null, 0.5, "NaN"]}')
    assert found.curves.diverged_at.tolist() == [3]
    np.testing.assert_array_equal(found.curves.val_loss, [[np.nan, np.nan, 0.5, np.inf]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"loss": [1, 2, 3], "val_loss": [1, 2]}', "differ in length"),
        ('{"loss": [1, "a"]}', "'a' at epoch 2"),
        ('{"loss": [1, true]}', "True at epoch 2"),
        ('{"loss": 3}', "not a list"),
        ('{"accuracy": 0.9, "loss": 0.3}', "not a list"),
        ("{}", "no curves by name"),
        ('{"temperature": [1, 2]}', "no loss among 'temperature'"),
        ("{", "not JSON"),
        ('{"loss": [1, 2', "not JSON"),
    ],
)
def test_mistakes_are_sentences(loaded, text, message):
    with pytest.raises(UserError, match=message):
        loaded(text)
