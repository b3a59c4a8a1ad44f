"""What the cells of a Jupyter notebook printed, after nbformat 4."""

import json

import pytest
from log_curves import EPOCHS, LOSS, VAL

from nnjax.core.errors import UserError

BY_EPOCH = list(zip(EPOCHS.tolist(), LOSS.tolist(), VAL.tolist(), strict=True))


def notebook(*texts):
    outputs = [{"output_type": "stream", "name": "stdout", "text": text} for text in texts]
    cells = [{"cell_type": "markdown", "source": ["loss: 3"]}, {"cell_type": "code", "source": [], "outputs": outputs}]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


@pytest.mark.parametrize(
    "form",
    [
        "Epoch {i}/24\n10/10 [====] - 1s 50ms/step - loss: {a:.4f} - val_loss: {b:.4f}\n",
        "Epoch {i}, Train Loss: {a:.4f}, Val Loss: {b:.4f}\n",
    ],
)
def test_printed_curves(both, form):
    lines = [form.format(i=i, a=a, b=b) for i, a, b in BY_EPOCH]
    assert both(notebook("hello\n", lines)).sources[0].startswith("output of a notebook;")


def test_no_curves(loaded):
    with pytest.raises(UserError, match="printed no curves"):
        loaded(notebook("hello"))
