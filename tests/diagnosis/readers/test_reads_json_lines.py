"""JSON lines: of scripts, Ray Tune, Detectron2, DETR."""

import json

import pytest
from log_curves import EPOCHS, LOSS, VAL

from nnjax.core.errors import UserError

BY_EPOCH = list(zip(EPOCHS.tolist(), LOSS.tolist(), VAL.tolist(), strict=True))


def lines(make):
    return "".join(json.dumps(make(*row)) + "\n" for row in BY_EPOCH)


@pytest.mark.parametrize(
    "text",
    [
        lines(lambda i, a, b: {"epoch": i, "loss": a, "val_loss": b}),
        lines(lambda i, a, b: {"training_iteration": i, "train": {"loss": a}, "val_loss": b, "config": {"lr": 0.1}}),
        lines(lambda i, a, b: {"train_lr": 1e-4, "train_loss": a, "train_loss_ce": a / 2, "test_loss": b, "epoch": i}),
        lines(lambda i, a, b: {"epoch": i, "loss": a}) + lines(lambda i, a, b: {"epoch": i, "val_loss": b}),
    ],
    ids=["script", "Ray", "DETR", "parts"],
)
def test_variations(both, text):
    both(text)


def test_iterations_are_points(loaded):
    found = loaded(lines(lambda i, a, b: {"iteration": 20 * i - 1, "total_loss": a, "loss_cls": b, "lr": 0.1}))
    assert found.curves.train_loss.tolist() == [LOSS.tolist()]
    assert "train loss = total_loss; 24 points, a value of iteration" in found.sources[0]


def test_a_last_line_that_is_cut_off_is_left_out(loaded):
    text = lines(lambda i, a, b: {"epoch": i, "loss": a})
    assert loaded(text[:-9]).curves.train_loss.tolist() == [LOSS[:-1].tolist()]
    with pytest.raises(UserError, match=r"Line 3 of .* is not a JSON object"):
        loaded(text.replace('{"epoch": 3', "oops"))
