import numpy as np
import pytest

from nnjax.core.text import show
from nnjax.report.sweep import columns


@pytest.mark.parametrize(
    ("values", "levels", "log"),
    [
        ((0.001, 0.01, 0.1), None, True),
        ((16, 32, 64, 128), None, True),
        ((0.1, 0.2, 0.3), None, False),
        ((0.0, 0.1, 0.2, 0.3), None, False),
        ((0.0, 0.01, 0.0001, 0.001), ("0", "0.0001", "0.001", "0.01"), False),
        ((0.2, None, 0.1), ("none", "0.1", "0.2"), False),
        (((8,), (16, 8)), ("8", "16-8"), False),
        (("sgd", "adam"), ("sgd", "adam"), False),
        ((True, False), ("True", "False"), False),
    ],
)
def test_the_kind_of_an_axis(values, levels, log):
    column = columns.axis("name", values)
    assert (column.levels, column.log) == (levels, log)
    shown = [column.levels[value] for value in column.values] if levels else list(column.values)
    assert shown == ([show(value) for value in values] if levels else list(values))


def test_drawn_numbers_are_seen_to_be_uniform_in_themselves_or_in_their_logarithm():
    drawn = np.random.default_rng(0).uniform(size=200)
    assert not columns.logarithmic(1 + 9 * drawn)
    assert columns.logarithmic(10 ** (3 * drawn))


def test_names_of_fields():
    assert columns.name_of("optimizer.name", ["optimizer.name"]) == "optimizer"
    assert columns.name_of("model.widths", ["model.widths", "data.widths"]) == "model.widths"
