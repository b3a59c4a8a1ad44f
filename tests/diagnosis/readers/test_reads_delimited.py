"""Tables: separators, encodings, decimal commas, indices, headers that come again, sessions, tables of runs."""

import numpy as np
import pytest
from log_curves import EPOCHS, LOSS, VAL

from nnjax.core.errors import UserError

ROWS = list(zip(EPOCHS.tolist(), LOSS.tolist(), VAL.tolist(), strict=True))


def table(separator=",", header=("epoch", "loss", "val_loss"), rows=ROWS):
    return "".join(separator.join(map(str, row)) + "\n" for row in [header, *rows])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " ", ", ", "   "])
def test_separators(both, separator):
    assert both(table(separator)).sources == ["a table; train loss = loss, validation loss = val_loss; 24 epochs"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(both, encoding):
    both(table().encode(encoding))


@pytest.mark.parametrize("encoding", ["latin-1", "gb18030", "shift-jis"])
def test_what_is_not_read_may_be_of_any_encoding(both, encoding):
    name = {"latin-1": "durée", "gb18030": "时间", "shift-jis": "時間"}[encoding]
    both(table(header=("epoch", "loss", "val_loss", name), rows=[(*row, "1s") for row in ROWS]).encode(encoding))


@pytest.mark.parametrize("separator", [";", "\t", " "])
def test_decimal_commas(both, separator):
    both(table(separator).replace(".", ","))


def test_thousands(loaded):
    for text in (
        'epoch,loss\n1,"2,345.5"\n2,"1,234.25"\n3,"999.75"\n',
        "epoch;loss\n1;2.345,5\n2;1.234,25\n3;999,75\n",
    ):
        assert loaded(text).curves.train_loss.tolist() == [[2345.5, 1234.25, 999.75]]


@pytest.mark.parametrize(
    "text",
    [
        table(",", (" epoch ", "  loss", " val_loss  "), [(f"  {i:3d}", f" {a} ", f"  {b}") for i, a, b in ROWS]),
        table(header=("epoch", "loss", "val_loss", "")).replace("\n", ",\n"),
        table(header=("", "loss", "val_loss")),
        table(header=("Unnamed: 0", "loss", "val_loss")),
        table(" ", ("loss", "val_loss")),
        table(" ", ('"loss"', '"val_loss"'), [(f'"{i}"', a, b) for i, a, b in ROWS]),
        "# lr = 0.1\n" + table() + "# the end\n",
        "# epoch loss val_loss\n" + table(" ").split("\n", 1)[1],
        "Training of Tuesday\n" + table(),
        "sep=;\n" + table(";"),
        "| epoch | loss | val_loss |\n|---|---:|---:|\n" + "".join(f"| {i} | {a} | {b} |\n" for i, a, b in ROWS),
        table(rows=[*ROWS[:9], ("epoch", "loss", "val_loss"), *ROWS[9:]]),
        table(rows=[(i, f"tensor({a})", f"\"tensor({b}, device='cuda:0')\"") for i, a, b in ROWS]),
        table(rows=[(10 * i, a, b) for i, a, b in ROWS]),
        table(rows=[*ROWS[:20], *ROWS[12:]]),
        table(rows=[(0, a, b) for _, a, b in ROWS]),
        table(rows=ROWS[::-1]),
        table(rows=[(i % 12, a, b) for i, a, b in ROWS][:11] + [((i - 12) % 12, a, b) for i, a, b in ROWS[11:]]),
        table(header=("epoch", "t_loss", "v_loss")),
        "epoch,phase,loss\n" + "".join(f"{i},train,{a}\n{i},val,{b}\n" for i, a, b in ROWS),
        "step,metric,value\n" + "".join(f"{i},train_loss,{a}\n{i},val_loss,{b}\n" for i, a, b in ROWS),
        "time,loss,val_loss\n" + "".join(f"2025-01-01 10:{i:02d},{a},{b}\n" for i, a, b in ROWS),
    ],
)
def test_variations(both, text):
    both(text)


def test_lightning_with_steps_and_epochs(both):
    """CSVLogger: the rows of steps, of epochs and of validation are apart."""
    text = "epoch,step,train_loss_step,train_loss_epoch,val_loss\n"
    for i, a, b in ROWS:
        text += f"{i - 1},{100 * i - 50},{a * 1.1},,\n{i - 1},{100 * i},,,{b}\n{i - 1},{100 * i},,{a},\n"
    assert "train loss = train_loss_epoch" in both(text).sources[0]


def test_losses_of_steps_are_averaged_by_epoch(loaded):
    rows = "".join(f"{i},{10 * i + k},{2.0 ** (3 - i) + k},\n" for i in range(6) for k in (-1, 1))
    assert loaded(f"epoch,step,train_loss,val_loss\n{rows}").curves.train_loss.tolist() == [[8, 4, 2, 1, 0.5, 0.25]]


def test_epochs_that_begin_again_are_sessions(loaded):
    found = loaded(table(rows=[*ROWS, *ROWS[:9]]))
    assert found.names == ["session 1", "session 2"]
    assert (
        found.curves.train_loss[1].tolist() == [*LOSS[:9], *[np.nan] * 15]
        or np.isnan(found.curves.train_loss[1, 9:]).all()
    )
    assert found.remarks[0].endswith("begin again in line 26: 2 sessions (24, 9 epochs), each judged by itself.")


@pytest.mark.parametrize("column", ["fold", "seed", "run_id", "trial"])
def test_trials(loaded, column):
    found = loaded(
        table(header=(column, "epoch", "loss", "val_loss"), rows=[(k, *row) for k in (1, 2) for row in ROWS])
    )
    assert found.names == [f"{column} 1", f"{column} 2"]


def test_a_nan_is_not_measured_where_numbers_follow(loaded):
    rows = "".join(f"{i},{a},{b if i % 4 == 0 else 'nan'}\n" for i, a, b in ROWS)
    found = loaded(f"epoch,loss,val_loss\n{rows}")
    assert np.isnan(found.curves.diverged_at).all()
    assert np.flatnonzero(np.isfinite(found.curves.val_loss[0])).tolist() == [3, 7, 11, 15, 19, 23]


@pytest.mark.parametrize("word", ["nan", "NaN", "inf", "-Infinity", "-1.#IND", "#NUM!", "tensor(nan)"])
def test_a_loss_that_is_not_finite_any_more(loaded, word):
    rows = "".join(f"{i},{a if i < 9 else word}\n" for i, a, _ in ROWS)
    assert loaded(f"epoch,loss\n{rows}").curves.diverged_at.tolist() == [9]


def test_a_trial_that_is_nan_throughout_does_not_spoil_its_neighbor(loaded):
    found = loaded(
        table(
            header=("trial", "epoch", "loss", "val_loss"),
            rows=[(1, *row) for row in ROWS] + [(2, i, "nan", "nan") for i in EPOCHS],
        )
    )
    assert found.names == ["trial 1", "trial 2"]
    np.testing.assert_array_equal(found.curves.diverged_at, [np.nan, 1])


def test_a_validation_loss_that_is_nan_throughout_is_left_out(loaded):
    found = loaded(table(rows=[(i, a, "nan") for i, a, _ in ROWS]))
    assert found.curves.val_loss is None
    assert "val_loss of" in found.remarks[0]


def test_errors_of_a_classifier_are_accuracies(loaded):
    found = loaded("epoch,loss,val_error\n1,2,0.75\n2,1,0.5\n3,0.5,0.25\n")
    assert found.curves.val_accuracy.tolist() == [[0.25, 0.5, 0.75]]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("epochs,lr,epoch,train_loss", "100,0.1,{shuffled},{a}"),
        ("lr,batch_size,val_loss", "{a},{i},{a}"),
        ("number,value,params_lr,val_loss", "{i},{a},{a},{a}"),
        ("model,loss,accuracy", "m{i},{a},0.5"),
        ("params,mean_test_score,val_loss", "\"{{'alpha': {i}}}\",{a},{a}"),
    ],
)
def test_tables_of_runs_are_refused(loaded, header, row):
    rows = "".join(row.format(i=i, a=a, shuffled=(7 * i) % 25) + "\n" for i, a, _ in ROWS)
    with pytest.raises(UserError, match=r"The rows of .* are runs or scores, not epochs"):
        loaded(f"{header}\n{rows}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch,loss\n", "no rows"),
        ("epoch,loss\n1,0.5\n2,high\n", "Line 3 .* column loss, holds 'high'"),
        ("epoch,loss\n1,0.5,7\n", "Line 2 .* 3 cells"),
        ("epoch,loss\n1,0,5\n2,0,4\n3,0,3\n", "Line 2 .* 3 cells, .*decimal commas"),
        ("epoch,temperature\n1,0.5\n", "no loss among 'temperature'"),
        ("epoch,accuracy\n1,0.5\n2,0.6\n", "no loss"),
        (",precision,recall,support\ncat,.9,.8,10\ndog,.8,.7,20\n", "are runs or scores"),
    ],
)
def test_mistakes_are_sentences(loaded, text, message):
    with pytest.raises(UserError, match=message):
        loaded(text)


def test_columns_named_by_their_part_are_losses_if_they_fall(both, loaded):
    rows = zip(EPOCHS, LOSS, VAL, strict=True)
    text = ",ep,train,valid,total\n" + "".join(f"{i},{i},{a},{b},{a + b}\n" for i, a, b in rows)
    assert "taken for losses" in both(text).remarks[0]
    rising = ",ep,train,valid\n" + "".join(
        f"{i},{i},{1 - a / 9},{1 - b / 9}\n" for i, a, b in zip(EPOCHS, LOSS, VAL, strict=True)
    )
    with pytest.raises(UserError, match="has no loss among 'train', 'valid';"):
        loaded(rising)


def test_cells_with_whole_curves(loaded):
    """As pandas writes a column of lists; a trial a row."""
    found = loaded(f'Model,Loss\nBOW,"{LOSS.tolist()}"\nLSTM,"{VAL[:9].tolist()}"\n')
    assert found.names == ["BOW", "LSTM"]
    np.testing.assert_allclose(found.curves.train_loss[0], LOSS)
    np.testing.assert_allclose(found.curves.train_loss[1, :9], VAL[:9])


def lines(form, head=""):
    return head + "".join(form.format(i=i, a=a, b=b) + "\n" for i, a, b in ROWS)


@pytest.mark.parametrize(
    "text",
    [
        lines("Epoch {i},{a},{b},0:01:05", "Epoch,Train Loss,Valid Loss,Time\n"),
        lines("{i}/24,{a},{b}", "epoch,loss,val_loss\n"),
        lines("{i} of 24,{a},{b}", "epoch,loss,val_loss\n"),
        lines(
            "  {i:2d}  \x1b[36m{a}\x1b[0m  \x1b[35m{b}\x1b[0m  0.03",
            "  epoch  train_loss  valid_loss  dur\n---  --  --  --\n",
        ),
        lines("│ {i}  │ {a}  │ {b}  │", "┏━━━┳━━━┳━━━┓\n┃ Epoch ┃ Train Loss ┃ Val Loss ┃\n┡━━━╇━━━╇━━━┩\n")
        + "└──┴──┴──┘\n",
        lines(
            "{i:3d}  {a:10.4f}  {b:10.4f}  50.1",
            "=== Training ===\n  E   TRAIN LOSS   VAL LOSS  ENTS_F\n---  --  --  --\n",
        ),
        lines(
            "|  {i}  |  {a}  |  {b}  |",
            "|  Epoch  |  Mini-batch  |  Validation  |\n|         |     Loss     |     Loss     |\n",
        ),
        lines("{i},{a},{b}", "epoch,loss,val_loss\n(-),(nats),(nats)\n"),
    ],
    ids=["fastai in a notebook", "of", "in words", "skorch", "Rich", "spaCy", "MATLAB", "units"],
)
def test_tables_as_they_are_printed(both, text):
    both(text)


def test_no_log_is_not_measured(loaded):
    """The Trainer's table of Hugging Face, whose train loss is written every other epoch."""
    rows = [(i, "No log" if i % 2 else a, b) for i, a, b in ROWS]
    found = loaded(table("\t", ("Epoch", "Training Loss", "Validation Loss"), rows))
    np.testing.assert_array_equal(found.curves.train_loss[0][1::2], LOSS[1::2])
    assert np.isnan(found.curves.train_loss[0][::2]).all()


def test_a_table_of_runs_with_epochs_in_words_is_refused(loaded):
    runs = ((20, 8, 0.5), (5, 16, 0.4), (30, 32, 0.4), (10, 4, 1), (25, 2, 2), (15, 1, 3))
    rows = [(f"Epoch {i}", width, a) for i, width, a in runs]
    with pytest.raises(UserError, match="runs or scores"):
        loaded(table(header=("epoch", "width", "loss"), rows=rows))
