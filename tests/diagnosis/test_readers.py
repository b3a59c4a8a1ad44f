"""Reading anyone's curves: names of columns, what is judged, folders; each format has its test file in readers/."""

import json
import pathlib

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.core.messages import NnjaxWarning
from nnjax.diagnosis.columns import choose, curve_of
from nnjax.diagnosis.diagnose import diagnose, diagnose_curves
from nnjax.diagnosis.readers.tensorboard import read_events
from nnjax.diagnosis.reading import read

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
    assert choose(names)[0].columns == {"train_loss": "loss", "val_loss": "val_loss"}


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


@pytest.mark.parametrize(
    ("names", "judged"),
    [
        (["train/box_loss", "train/cls_loss", "val/box_loss", "val/cls_loss"], ["box", "cls"]),
        (["box_loss", "cls_loss", "total_loss", "val_total_loss"], [""]),
        (["loss", "recon_loss", "kl_loss", "val_loss", "val_kl_loss"], [""]),
        (["loss", "mae", "val_loss", "val_mae"], [""]),
        (["train_ce_loss", "val_ce_loss"], [""]),
        (["train_rmse", "val_rmse", "train_mae"], [""]),
        (["train_error", "val_error"], [""]),
    ],
)
def test_of_several_losses_the_total_is_judged_or_each(names, judged):
    found = choose(names)
    assert [choice.head for choice in found] == judged
    assert all("train_loss" in choice.columns and not choice.is_game for choice in found)
    assert all("val_loss" in choice.columns for choice in found) or "val_loss" not in str(names)


@pytest.mark.parametrize(
    ("g", "d"), [("gen_loss", "disc_loss"), ("loss/generator", "loss/critic"), ("Loss_G", "Loss_D")]
)
def test_losses_of_a_game(tmp_path, g, d):
    rows = "".join(f"{i},{1 + 0.1 * (i % 3)},{0.7}\n" for i in range(12))
    path = write(tmp_path / "gan.csv", f"epoch,{g},{d}\n{rows}")
    with pytest.raises(UserError, match=f"{g}, {d} are the losses of a game"):
        diagnose(path)
    assert diagnose(path, columns={"loss": g})[0].source.startswith(f"a table; train loss = {g}; 12 epochs")
    write(tmp_path / "gan.csv", f"epoch,{g},{d}\n{rows}12,nan,nan\n")
    assert [found.primary.code for found in diagnose(path)] == ["diverged"] * 2


def test_what_was_read_is_said(tmp_path):
    rows = "".join(f"{i},{a},{b},3e-4\n" for i, (a, b) in enumerate(zip(TRAIN, VAL, strict=True)))
    [found] = diagnose(write(tmp_path / "log.csv", f"epoch,loss,val_loss,lr\n{rows}"))
    assert str(found).endswith(
        "\n  read: a table; train loss = loss, validation loss = val_loss; 12 epochs; not used: lr"
    )
    assert found.as_json()["source"] == found.source


def test_what_was_guessed_is_warned_of(tmp_path):
    with pytest.warns(NnjaxWarning, match="names no columns"):
        diagnose(write(tmp_path / "log.csv", "\n".join(map(str, TRAIN))))


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"loss": "y"}, "has no column 'y'; it has x"), ({"cost": "x"}, "'cost' is no curve; train_loss, ")],
)
def test_columns_can_be_named(tmp_path, columns, message):
    path = write(tmp_path / "log.csv", "epoch,x\n" + "".join(f"{i},{a}\n" for i, a in enumerate(TRAIN)))
    assert diagnose(path, columns={"val_loss": "x"})[0].source == "a table; validation loss = x; 12 epochs"
    with pytest.raises(UserError, match=message):
        diagnose(path, columns=columns)


def test_a_folder_with_one_log(tmp_path):
    write(tmp_path / "metrics.csv", "loss\n" + "\n".join(map(str, TRAIN)))
    write(tmp_path / "notes.txt", "nothing of interest")
    assert read(tmp_path).curves.train_loss.tolist() == [TRAIN]
    write(tmp_path / "config.json", '{"model_type": "bert", "architectures": ["Bert"]}')  # of Hugging Face
    write(tmp_path / "history.json", json.dumps({"loss": TRAIN}))
    with pytest.raises(UserError, match=r"holds several logs \(history.json, metrics.csv\); name one of them"):
        read(tmp_path)
