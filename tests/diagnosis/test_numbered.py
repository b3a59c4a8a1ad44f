"""Numbered losses are several runs or heads; points that are no epochs are called points."""

import pytest

import nnjax
from nnjax.diagnosis.reading import from_columns

FALLS = [1.0, 0.8, 0.65, 0.5, 0.42, 0.3]


@pytest.mark.parametrize("form", ["loss{}", "loss_{}", "Loss {}", "val_loss{}", "train-loss.{}"])
def test_each_number_is_judged_with_its_accuracy(form):
    accuracy = form.lower().replace("loss", "acc")
    table = {"epoch": range(1, 7), form.format(0): FALLS, form.format(1): [0.5] * 6}
    table |= {accuracy.format(0): [0.2, 0.4, 0.5, 0.6, 0.7, 0.8], accuracy.format(1): [0.5] * 6}
    found = from_columns(table)
    curve = "val" if form.startswith("val") else "train"
    assert found.names == ["number 0", "number 1"]
    assert getattr(found.curves, f"{curve}_loss").tolist() == [FALLS, [0.5] * 6]
    assert getattr(found.curves, f"{curve}_accuracy")[0, -1] == 0.8
    assert [found.remarks[0].count(form.format(i)) for i in (0, 1)] == [1, 1]


@pytest.mark.parametrize(
    "others", [{"loss": FALLS, "loss_1": FALLS, "loss_2": FALLS}, {"loss": FALLS, "acc1": FALLS, "acc5": FALLS}]
)
def test_a_total_or_the_first_of_so_many_answers_is_no_number(others):
    assert from_columns(others).names == [""]


def test_steps_are_called_points(tmp_path):
    rows = "\n".join(f"{100 * i},{0.9**i}" for i in range(12))
    (tmp_path / "log.csv").write_text(f"step,loss\n{rows}\n", "utf-8")
    [found] = nnjax.diagnose(tmp_path / "log.csv")
    assert "12 points" in found.source
    assert "point" in found.primary.sentence
    assert "epoch" not in found.primary.sentence
