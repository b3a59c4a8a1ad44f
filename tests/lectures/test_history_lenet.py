"""The chapter on LeNet-5: every published count, the table of connections, and a network that learns."""

import numpy as np
import pytest

from nnjax.lectures.history import chapters
from nnjax.lectures.history.lenet import model, page
from nnjax.models.layer_counts import lenet5
from nnjax.report.charts import figures


def test_all_counts_are_those_published():
    layers = {layer.name: layer for layer in lenet5(model.EXPERIMENT.model, 784, 10)}
    assert all(page._layer_row(layers[name]).agrees for name in page.KNOWN)
    assert sum(parameters for parameters, _ in page.KNOWN.values()) == 60_000
    assert sum(connections for _, connections in page.KNOWN.values()) + 840 == 340_908


def test_mistakes_are_sorted_and_counted_by_hand():
    """Of four examples two are wrong, by 2 and by 5; the second is the surer one."""
    distances = np.array([[0.0, 9], [3, 1], [8, 3], [4, 2]])
    learned = model.Learned(np.zeros((4, 28, 28)), np.array([0, 0, 0, 1]), distances.argmin(axis=1), distances, ())
    assert learned.wrong.tolist() == [2, 1]
    assert page._confused(learned) == "0 for 1: 2"


@pytest.mark.slow
def test_the_chapter():
    chapter = chapters.make("lenet")
    assert [row.what for row in chapter.rows if row.agrees is False] == []
    assert all(figures.to_bytes(figure.drawing).startswith(b"\x89PNG") for figure in chapter.figures)
    wrong = next(float(row.measured) for row in chapter.rows if row.what.startswith("wrong after"))
    assert wrong < 10  # 5.8 with the draws of record; a tenth of the digits are of each class
