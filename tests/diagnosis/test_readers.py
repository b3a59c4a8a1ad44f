"""Reading other people's curves: CSV, Keras History, TensorBoard, nnjax runs; what is wrong with them is a sentence."""

import json
import pathlib

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.diagnosis.columns import choose, curve_of
from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.readers import read
from nnjax.diagnosis.tensorboard import read_events

RECORDED = pathlib.Path(__file__).parent / "recorded"  # written by TensorBoard 2.21's EventFileWriter
TRAIN = [2.0 * 0.7**i + 0.05 for i in range(12)]
VAL = [0.9 - 0.05 * i if i < 6 else 0.6 + 0.06 * (i - 5) for i in range(12)]


@pytest.mark.parametrize(
    ("name", "curve"),
    [
        ("loss", "train_loss"),
        ("val_loss", "val_loss"),
        ("Training Loss", "train_loss"),
        ("Loss/train", "train_loss"),
        ("Loss/test", "val_loss"),
        ("valid_loss", "val_loss"),
        ("validation/epoch_loss", "val_loss"),
        ("train_loss_epoch", "train_loss"),
        ("train_loss_eval", "train_loss_eval"),
        ("trainLoss", "train_loss"),
        ("sparse_categorical_accuracy", "train_accuracy"),
        ("val_acc", "val_accuracy"),
        ("eval_accuracy", "val_accuracy"),
        ("train_loss_step", None),
        ("epoch", None),
        ("lr", None),
        ("f1", None),
    ],
)
def test_columns_are_known_by_their_words(name, curve):
    assert curve_of(name) == curve


def test_the_loss_goes_before_a_metric_and_validation_before_test():
    names = ["test_loss", "val_loss", "mse", "loss", "val_mse"]
    assert choose(names) == {"train_loss": "loss", "val_loss": "val_loss"}


def write(path, text):
    path.write_text(text, "utf-8")
    return str(path)


def test_csv_of_keras(tmp_path):
    rows = "\n".join(f"{i},{i / 10},{a},{b}" for i, (a, b) in enumerate(zip(TRAIN, VAL, strict=True)))
    loaded = read(write(tmp_path / "log.csv", f"epoch,accuracy,loss,val_loss\n{rows}\n"))
    np.testing.assert_array_equal(loaded.curves.train_loss, [TRAIN])
    np.testing.assert_array_equal(loaded.curves.val_loss, [VAL])
    assert loaded.curves.train_accuracy[0, 3] == 0.3
    assert loaded.names == [""]
    assert diagnose_curves(loaded.curves)[0].primary.code == "overfitting"


def test_csv_of_lightning(tmp_path):
    """PyTorch Lightning's CSVLogger writes train and validation into rows of their own."""
    rows = "".join(f"{i},{9 * i},,{b}\n{i},{9 * i},{a},\n" for i, (a, b) in enumerate(zip(TRAIN, VAL, strict=True)))
    loaded = read(write(tmp_path / "metrics.csv", f"epoch,step,train_loss_epoch,val_loss\n{rows}"))
    np.testing.assert_array_equal(loaded.curves.train_loss, [TRAIN])
    np.testing.assert_array_equal(loaded.curves.val_loss, [VAL])


def test_csv_with_semicolons_trials_and_gaps(tmp_path):
    text = "trial;epoch;loss\na;1;3\na;3;1\nb;1;5\nb;2;4\nb;3;nan\n"
    loaded = read(write(tmp_path / "x.csv", text))
    assert loaded.names == ["trial a", "trial b"]
    np.testing.assert_array_equal(loaded.curves.train_loss, [[3, np.nan, 1], [5, 4, np.inf]])
    np.testing.assert_array_equal(loaded.curves.diverged_at, [np.nan, 3])
    assert diagnose_curves(loaded.curves)[1].primary.code == "diverged"


@pytest.mark.parametrize("wrap", [lambda tree: tree, lambda tree: {"history": tree}])
def test_history_of_keras(tmp_path, wrap):
    tree = {"loss": TRAIN, "val_loss": VAL, "lr": ["constant"] * 12}
    loaded = read(write(tmp_path / "history.json", json.dumps(wrap(tree))))
    np.testing.assert_array_equal(loaded.curves.train_loss, [TRAIN])
    np.testing.assert_array_equal(loaded.curves.val_loss, [VAL])


def test_history_with_nan(tmp_path):
    loaded = read(write(tmp_path / "h.json", '{"loss": [1.0, NaN, NaN], "val_loss": [1.0, null, NaN]}'))
    assert loaded.curves.diverged_at == [2]


def test_event_files_of_tensorboard():
    """A train file whose scalars are tensors (Keras), a validation file whose scalars are plain (PyTorch)."""
    loaded = read(str(RECORDED))
    np.testing.assert_allclose(loaded.curves.train_loss, [TRAIN], rtol=1e-6)
    np.testing.assert_allclose(loaded.curves.val_loss, [VAL], rtol=1e-6)
    [file] = (RECORDED / "validation").glob("*tfevents*")
    assert read_events(file)["epoch_loss"][3] == pytest.approx(VAL[3], rel=1e-6)
    assert read(str(file)).names == [""]


@pytest.mark.parametrize("cut", [1, 7, 13, 100, 600])
def test_a_truncated_or_foreign_event_file(tmp_path, cut):
    """What was written before the cut is read; without a whole record there is a sentence."""
    [file] = (RECORDED / "train").glob("*tfevents*")
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(file.read_bytes()[:cut])
    if cut < 200:
        with pytest.raises(UserError):
            read(str(path))
    else:
        assert 1 < read(str(path)).curves.train_loss.shape[1] < 12
    path.write_bytes(b"\x89PNG" + bytes(range(256)) * 4)
    with pytest.raises(UserError, match="not a TensorBoard event file"):
        read(str(path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", "", "is empty"),
        ("header.csv", "epoch,loss\n", "no rows"),
        ("word.csv", "epoch,loss\n1,0.5\n2,high\n", "Line 3 .* column loss, holds 'high'"),
        ("long.csv", "epoch,loss\n1,0.5,7\n", "Line 2 .* 3 cells"),
        ("other.csv", "epoch,temperature\n1,0.5\n", "temperature"),
        ("accuracy.csv", "epoch,accuracy\n1,0.5\n2,0.6\n", "no loss"),
        ("nan.csv", "epoch,loss\n1,nan\n2,nan\n", "finite number"),
        ("infinite.csv", "loss\ninf\ninf\n", "finite number"),
        ("binary.csv", "\0\1\2", "no rows"),
        ("lengths.json", '{"loss": [1, 2], "val_loss": [1]}', "differ in length"),
        ("text.json", '{"loss": [1, "a"]}', "'a' at epoch 2"),
        ("bool.json", '{"loss": [1, true]}', "True at epoch 2"),
        ("number.json", '{"loss": 3}', "not a list"),
        ("list.json", "[1, 2]", "no curves by name"),
        ("empty.json", "{}", "no curves by name"),
        ("broken.json", "{", "not JSON"),
    ],
)
def test_mistakes_are_sentences(tmp_path, name, content, message):
    with pytest.raises(UserError, match=message):
        read(write(tmp_path / name, content))


def test_what_is_not_there(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read(str(tmp_path / "no.csv"))
    with pytest.raises(UserError, match="neither TensorBoard event files nor an nnjax run"):
        read(str(tmp_path))


@pytest.mark.parametrize("rows", ["0.5", "0.5\n0.4\n0.3\n0.2"])
def test_short_curves(tmp_path, rows):
    [found] = diagnose_curves(read(write(tmp_path / "x.csv", f"loss\n{rows}\n")).curves)
    assert found.primary.code == "too_short_to_say"


def test_files_of_windows_may_begin_with_a_mark_of_their_encoding(tmp_path):
    (tmp_path / "history.json").write_bytes(b'\xef\xbb\xbf{"loss": [0.5, 0.25]}')
    (tmp_path / "history.csv").write_bytes(b"\xef\xbb\xbfloss\r\n0.5\r\n0.25\r\n")
    for name in ("history.json", "history.csv"):
        assert read(tmp_path / name).curves.train_loss.tolist() == [[0.5, 0.25]]
