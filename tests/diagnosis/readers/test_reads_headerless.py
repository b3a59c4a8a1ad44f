"""Tables without a header (numpy.savetxt), and curves in rows."""

import io

import numpy as np
import pytest
from log_curves import EPOCHS, LOSS, VAL

from nnjax.core.errors import UserError


def saved(*curves, **options):
    text = io.StringIO()
    np.savetxt(text, np.column_stack(curves), **options)
    return text.getvalue()


def test_one_column_is_a_loss(loaded):
    found = loaded(saved(LOSS))
    np.testing.assert_array_equal(found.curves.train_loss, [LOSS])
    assert "names no columns" in found.remarks[0]


@pytest.mark.parametrize(
    "text",
    [
        saved(LOSS, VAL),
        saved(EPOCHS, LOSS, VAL, delimiter=","),
        ",".join(map(str, LOSS)) + "\n" + ",".join(map(str, VAL)) + "\n",
        "loss," + ",".join(map(str, LOSS)) + "\nval_loss," + ",".join(map(str, VAL)) + "\n",
        ","
        + ",".join(map(str, range(24)))
        + "\nloss,"
        + ",".join(map(str, LOSS))
        + "\nval_loss,"
        + ",".join(map(str, VAL)),
    ],
    ids=["two", "epochs", "rows", "named-rows", "transposed"],
)
def test_two_curves(both, text):
    both(text)


def test_epochs_that_begin_again_are_sessions(loaded):
    found = loaded(saved(EPOCHS, LOSS, VAL) + saved(EPOCHS[:9], LOSS[:9], VAL[:9]))
    assert found.names == ["session 1", "session 2"]
    np.testing.assert_array_equal(found.curves.val_loss[1, :9], VAL[:9])


def test_text_among_numbers_is_a_sentence(loaded):
    with pytest.raises(UserError, match=r"Row 25 of .* holds 'done'"):
        loaded(saved(LOSS) + "done\n")


@pytest.mark.parametrize("curves", [(LOSS, VAL, 1 - LOSS / 3), (LOSS, 0.1 - LOSS / 50)], ids=["three", "unlike"])
def test_what_cannot_be_told_needs_a_header(loaded, curves):
    with pytest.raises(UserError, match="no header; a first line with their names"):
        loaded(saved(*curves))


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 2, 1]], ids=["MLflow", "TensorBoard"])
def test_the_time_in_front_is_no_curve(loaded, order):
    columns = np.column_stack([1.7e9 + EPOCHS, LOSS, EPOCHS])[:, order]
    found = loaded(saved(columns))
    np.testing.assert_allclose(found.curves.train_loss, [LOSS])
    assert found.curves.val_loss is None
