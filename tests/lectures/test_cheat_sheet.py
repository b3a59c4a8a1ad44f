"""The page of what fits: it is what the check says, and has what the lecture slides say."""

from pathlib import Path

import pytest

from nnjax.lectures import cheat_sheet

DOCS = Path(__file__).parents[2] / "docs"


def test_the_documentation_is_what_the_check_says():
    assert (DOCS / "cheat_sheet.md").read_text("utf-8") == cheat_sheet.page()


@pytest.mark.parametrize(
    ("task", "loss", "output", "severity"),
    [  # the slides' table: sizes 1, 1, the number of classes, and of pixels
        ("two classes", "binary_crossentropy", "sigmoid", ""),
        ("ten classes, one is right", "categorical_crossentropy", "softmax", ""),
        ("a number of any size", "mean_squared_error", "linear", ""),
        ("an autoencoder, 784 pixels from 0 to 1", "binary_crossentropy", "sigmoid", ""),
        ("a number of any size", "mean_squared_error", "sigmoid", "error"),
        ("ten classes, one is right", "binary_crossentropy", "relu", "error"),
        ("two classes", "mean_squared_error", "linear", "warning"),
    ],
)
def test_what_is_known(task, loss, output, severity):
    assert cheat_sheet.verdict(task, loss, output) == severity


def test_sizes_of_the_slides():
    sizes = {task: cheat_sheet.case_of(task, "mean_squared_error", "sigmoid").width for task in cheat_sheet.TASKS}
    assert list(sizes.values()) == [1, 10, 1, 1, 784]
